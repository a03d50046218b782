#include <clipbuf/codec/raw.hpp>

#include "detail/av.hpp"
#include "detail/intra.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <cstring>
#include <new>

namespace clipbuf {
namespace {

/// Whether the planes lie in memory just as a packet has them.
bool is_packed(const FrameView& view, const PlaneLayout& layout) noexcept {
  const std::byte* expected = view.planes[0];
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    const bool rows_touch =
        layout.rows[p] == 1 || view.strides[p] == static_cast<std::ptrdiff_t>(layout.row_bytes[p]);
    if (view.planes[p] != expected || !rows_touch) return false;
    expected += layout.row_bytes[p] * layout.rows[p];
  }
  return true;
}

void pack(const FrameView& view, const PlaneLayout& layout, std::byte* target) {
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    const std::byte* row = view.planes[p];
    for (std::size_t y = 0; y < layout.rows[p]; ++y) {
      std::memcpy(target, row + static_cast<std::ptrdiff_t>(y) * view.strides[p],
                  layout.row_bytes[p]);
      target += layout.row_bytes[p];
    }
  }
}

void describe(const FrameView& view, Track& track) {
  const int format = detail::pixel_format_to_av(view.format);
  track.codec = "rawvideo";
  track.width = view.width;
  track.height = view.height;
  track.pixel_format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(format));
  track.color_range = view.range;
}

}  // namespace

static_assert(Codec<RawCodec>);

RawCodec::RawCodec(Options) {}

Result<void> RawCodec::encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink) try {
  CLIPBUF_TRY(frame.validate());
  CLIPBUF_TRY(detail::check_rising(last_, frame.timestamp, hint));
  const PlaneLayout layout = plane_layout(frame.format, frame.width, frame.height);
  const std::byte* data = frame.planes[0];
  if (!is_packed(frame, layout)) {
    scratch_.resize(layout.total_bytes());
    pack(frame, layout, scratch_.data());
    data = scratch_.data();
  }
  describe(frame, track_);
  last_ = frame.timestamp.time_since_epoch().count();
  return sink(detail::key_packet(frame.timestamp, {data, layout.total_bytes()}));
} catch (const std::bad_alloc&) {
  return Error{Errc::kOutOfMemory, "no memory for a raw frame"};
}

Result<void> RawCodec::flush(const PacketSink&) {
  last_ = kNoTicks;
  return {};
}

Result<std::unique_ptr<Decoder>> RawCodec::decoder(const Track& track) const {
  return make_decoder(track);
}

}  // namespace clipbuf
