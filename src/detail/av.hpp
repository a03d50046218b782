// Between FFmpeg's types and ours: errors, tracks, pixel formats. One table each.
#pragma once

#include "detail/av_ptr.hpp"

#include <clipbuf/packet.hpp>

#include <string>

namespace clipbuf::detail {

/// "what: FFmpeg's text" with our code for FFmpeg's; `fallback` where FFmpeg's number says nothing.
/// ENOSPC, EDQUOT, EFBIG -> kStorageFull; ENOMEM -> kOutOfMemory; ETIMEDOUT -> kTimedOut;
/// AVERROR_EXIT -> kCancelled; AVERROR_INVALIDDATA -> kCorruptData; AVERROR_EOF -> kEndOfStream.
Error av_error(int code, const std::string& what, Errc fallback);

/// A stream's parameters as a Track, and back. Round trip is lossless for what a muxer or decoder
/// needs.
Track track_from(const AVCodecParameters& parameters, AVRational time_base);
Result<AvCodecParametersPtr> parameters_from(const Track& track);

PixelFormat pixel_format_from_av(int av_pixel_format) noexcept;  // kUnknown when there is no equal
int pixel_format_to_av(PixelFormat format) noexcept;             // AV_PIX_FMT_NONE for kUnknown

/// A FrameView over an AVFrame whose format has an equal of ours; the format is kUnknown otherwise.
FrameView view_of(const AVFrame& frame) noexcept;

/// An AVFrame that refers to the view's pixels without owning them (buf[0] is null), or nullptr.
AvFramePtr av_frame_over(const FrameView& view);

inline AVRational to_av(Rational r) noexcept {
  return {static_cast<int>(r.num), static_cast<int>(r.den)};
}
inline Rational from_av(AVRational r) noexcept {
  return {r.num, r.den};
}

}  // namespace clipbuf::detail
