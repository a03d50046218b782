// A codec that can't flush is refused where the store is named, not deep inside it.
// error: constraint
#include <clipbuf/frame_store.hpp>
#include <clipbuf/storage/memory.hpp>

namespace {

class OwnCodec {
 public:
  struct Options {};
  explicit OwnCodec(Options) {}
  clipbuf::Result<void> encode(const clipbuf::FrameView&, clipbuf::EncodeHint,
                               const clipbuf::PacketSink&) {
    return {};
  }
#if !defined(CLIPBUF_BAD)
  clipbuf::Result<void> flush(const clipbuf::PacketSink&) {
    return {};
  }
#endif
  const clipbuf::Track& track() const {
    return track_;
  }
  clipbuf::Result<std::unique_ptr<clipbuf::Decoder>> decoder(const clipbuf::Track& track) const {
    return clipbuf::make_decoder(track);
  }

 private:
  clipbuf::Track track_;
};

}  // namespace

using Store = clipbuf::FrameStore<OwnCodec, clipbuf::MemoryStorage>;
static_assert(sizeof(Store) > 0);
