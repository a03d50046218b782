// Which encoders really work here.
#pragma once

#include "detail/av_ptr.hpp"

#include <clipbuf/codec/video.hpp>

namespace clipbuf::detail {

/// Whether this encoder has encoded one frame: tried once, then remembered. Thread word:
/// thread-safe.
EncoderInfo probe_encoder(const AVCodec& codec);

/// The first encoder that works, of those that a VideoCodec::Options::encoder stands for.
/// Errors: kUnsupported, with each candidate's reason.
Result<const AVCodec*> find_encoder(const std::string& name);

}  // namespace clipbuf::detail
