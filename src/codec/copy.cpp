#include <clipbuf/codec/copy.hpp>

namespace clipbuf {

static_assert(Codec<CopyCodec>);

Result<void> CopyCodec::encode(const FrameView&, EncodeHint, const PacketSink&) {
  return Error{
      Errc::kUnsupported,
      "codec 'copy' stores packets as they come and encodes no frames; choose another codec"};
}

Result<void> CopyCodec::flush(const PacketSink&) {
  return {};
}

Result<std::unique_ptr<Decoder>> CopyCodec::decoder(const Track& track) const {
  return make_decoder(track);
}

}  // namespace clipbuf
