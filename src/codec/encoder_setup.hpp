// How libavcodec's encoders are set up: pixel format, rate, delay; each encoder's own words for
// them.
#pragma once

#include "detail/av.hpp"

#include <clipbuf/codec/video.hpp>

namespace clipbuf::detail {

/// What an encoder gets of a picture.
struct EncoderInput {
  int format = AV_PIX_FMT_NONE;
  int width = 0;
  int height = 0;
  ColorRange range = ColorRange::kUnspecified;
  int matrix = AVCOL_SPC_UNSPECIFIED;
};

/// The nearest that the encoder takes. RGB, gray and packed pictures become yuv420p, which
/// everything plays, unless the codec is a lossless one. Where 4:2:0 can't have an odd size, 4:4:4
/// is taken; where the encoder has none, the last column or row is dropped. Errors:
/// kInvalidArgument (options.pixel_format), kUnsupported (it takes pictures in hardware only).
Result<EncoderInput> choose_input(const AVCodec& codec, const VideoCodec::Options& options,
                                  const FrameView& view);

/// The colour tags of `track` as VideoCodec::Options::extra: a FrameView carries its range but not
/// its matrix, so who encodes decoded pictures again says it this way. Empty where nothing is
/// known.
std::string color_options(const Track& track);

/// An open encoder, complete extradata included. Its time base is a microsecond, or the finest that
/// the codec has. Errors: kInvalidArgument, kUnsupported, kCodecFailed.
Result<AvCodecContextPtr> open_encoder(const AVCodec& codec, const VideoCodec::Options& options,
                                       const EncoderInput& input);

}  // namespace clipbuf::detail
