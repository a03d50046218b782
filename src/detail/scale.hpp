// Converts pictures between pixel formats and sizes by swscale, with colour range and matrix done
// right.
#pragma once

#include "detail/av.hpp"

namespace clipbuf::detail {

/// The matrix (AVCOL_SPC_*) that a YUV picture without a tag has by convention: JPEG's BT.601 where
/// the range is full, else BT.709 from 720 lines on and BT.601 below. Encoders tag what they make
/// by the same rule, so a round trip keeps its colours.
int default_matrix(int height, ColorRange range) noexcept;

/// How the result is to be. An unspecified range is the source's where both are YUV, else limited;
/// gray and RGB are always full. An unspecified matrix is the source's; an RGB source gets
/// default_matrix().
struct ScaleTarget {
  int width = 0;
  int height = 0;
  int format = AV_PIX_FMT_NONE;
  ColorRange range = ColorRange::kUnspecified;
  int matrix = AVCOL_SPC_UNSPECIFIED;
};

/// Keeps its swscale context from one picture to the next of the same kind.
/// Thread word: compatible.
class Scaler {
 public:
  /// Converts `source`, by its tags, into `target`, which is used again if it is writable and of
  /// that kind already, else allocated; `target` gets the source's pts and the right tags. Nothing
  /// to convert: the pixels are copied. Errors: kUnsupported (swscale can't), kOutOfMemory.
  Result<void> convert(const AVFrame& source, const ScaleTarget& wanted, AvFramePtr& target);

 private:
  struct Side {
    int width = 0, height = 0, format = AV_PIX_FMT_NONE, matrix = 0;
    bool full = false;
    friend bool operator==(const Side&, const Side&) = default;
  };
  Result<void> fill(const AVFrame& source, const Side& from, const Side& to, AVFrame& target);
  static SwsPtr make_context(const Side& from, const Side& to);
  Result<void> prepare(const Side& from, const Side& to);
  Result<void> stretch_gray(const AVFrame& source);
  Result<const AVFrame*> readable(const AVFrame& source);

  Side from_;
  Side to_;
  SwsPtr context_;
  AvFramePtr padded_;
};

/// One picture in another format, its colours kept. `matrix` is the source's (AVCOL_SPC_*), 2: by
/// convention. Errors: kInvalidArgument, kUnsupported, kOutOfMemory.
Result<Frame> convert_frame(const FrameView& view, PixelFormat format, int matrix);

/// A Frame that keeps `frame` alive. Requires: its format has an equal of ours.
Result<Frame> frame_of(AvFramePtr frame);

}  // namespace clipbuf::detail
