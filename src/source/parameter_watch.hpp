// ParameterWatch: notices when a video track's parameter sets or picture size change in mid-stream.
#pragma once

#include "source/rebuild_pts.hpp"

#include <clipbuf/packet.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace clipbuf::detail {

/// Looks at packets for H.264 and HEVC sequence parameter sets that are not known yet, for JPEGs of
/// another size, and for new extradata that libavformat reports. Thread word: bound.
class ParameterWatch {
 public:
  /// `length_size`: of NAL units, see nal_length_size().
  ParameterWatch(const AVCodecParameters& parameters, const Track& track, int length_size);

  /// The track as it is from this packet on, if it is another one.
  std::optional<Track> see(const AVPacket& packet);

 private:
  std::optional<Track> see_jpeg(const AVPacket& packet);
  std::optional<Track> see_nals(const AVPacket& packet);
  std::optional<Track> see_extradata(const AVPacket& packet);
  void read_picture(const AVPacket& packet, const std::vector<std::byte>& extradata);

  const AVCodecID codec_;
  const int length_size_;
  Track track_;
  std::vector<std::vector<std::byte>> known_;  // sequence parameter sets, as NAL units
};

}  // namespace clipbuf::detail
