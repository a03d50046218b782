#include <clipbuf/buffer.hpp>
#include <clipbuf/codec/copy.hpp>
#include <clipbuf/codec/jpeg.hpp>
#include <clipbuf/codec/raw.hpp>
#include <clipbuf/codec/video.hpp>
#include <clipbuf/frame_store.hpp>
#include <clipbuf/storage/memory.hpp>

#include "detail/store_core.hpp"
#include "detail/try.hpp"

#include <cmath>

namespace clipbuf {

namespace {

template <Codec C>
std::shared_ptr<detail::StoreCore> store_of(C codec, const Config& config) {
  using Model = detail::StoreModelOf<C, MemoryStorage>;
  return detail::make_store(std::make_unique<Model>(std::move(codec), MemoryStorage()),
                            {config.keep, config.max_bytes}, {});
}

VideoCodec video_codec(const Config& config) {
  VideoCodec::Options options;
  options.encoder = config.codec;
  options.preset = config.preset;
  options.quality = config.quality;
  options.bit_rate = static_cast<std::int64_t>(config.bit_rate);
  options.key_interval = config.key_interval;
  if (config.fps > 0) options.frame_rate = {std::llround(config.fps * 1000), 1000};
  return VideoCodec(std::move(options));
}

std::shared_ptr<detail::StoreCore> make_core(const Config& config) {
  if (config.codec == "copy") return store_of(CopyCodec(), config);
  if (config.codec == "raw") return store_of(RawCodec(), config);
  if (config.codec == "jpeg") {
    return store_of(JpegCodec(JpegCodec::Options{.quality = config.jpeg_quality}), config);
  }
  return store_of(video_codec(config), config);
}

}  // namespace

Buffer::Buffer(std::shared_ptr<detail::StoreCore> core) noexcept : core_(std::move(core)) {}

Result<Buffer> Buffer::create(const Config& config) {
  if (config.store != "memory") {
    return Error{Errc::kUnsupported, "store is \"" + config.store + "\"; there is only \"memory\""};
  }
  if (config.codec.empty()) return Error{Errc::kInvalidArgument, "codec is empty"};
  auto core = make_core(config);
  CLIPBUF_TRY(core->ready());
  return Buffer(std::move(core));
}

Result<void> Buffer::push(const FrameView& frame) {
  return core_->push(frame);
}
Result<TrackId> Buffer::add_track(const Track& track) {
  return core_->add_track(track);
}
Result<void> Buffer::push(const Packet& packet) {
  return core_->push(packet);
}
Result<void> Buffer::begin_run(RunReason reason) {
  return core_->begin_run(reason);
}
Result<void> Buffer::finish() {
  return core_->finish();
}
BufferStatus Buffer::status() const {
  return core_->status();
}

Result<Clip> Buffer::clip(const ClipRequest& request) const {
  CLIPBUF_TRY_SET(auto snapshot, core_->snapshot(request));
  return detail::make_clip(std::move(snapshot));
}

Result<Frame> Buffer::frame_at(Timestamp when, PixelFormat format) const {
  CLIPBUF_TRY_SET(auto place, core_->place_of_frame(when));
  auto snapshot = std::make_shared<const detail::Snapshot>(std::move(place.snapshot));
  CLIPBUF_TRY_SET(auto frames, detail::read_frames(snapshot, place.range, format));
  CLIPBUF_TRY_SET(auto frame, frames.next());
  if (!frame) {
    return Error{Errc::kNothingInRange,
                 "the frame of " + to_string(place.range.begin) + " can't be decoded"};
  }
  return *std::move(frame);
}

std::uint64_t Buffer::wait_for_packets(std::uint64_t newest, Duration timeout) const {
  return core_->wait_for_packets(newest, timeout);
}

}  // namespace clipbuf
