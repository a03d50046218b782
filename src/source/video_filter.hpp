// VideoFilter: mends what libavformat leaves undone in a video track's packets.
#pragma once

#include "source/rebuild_pts.hpp"

#include <clipbuf/packet.hpp>

#include <deque>
#include <memory>
#include <optional>

namespace clipbuf::detail {

class ParameterWatch;

/// One video track's packets on their way out: several pictures in one packet are taken apart
/// (MPEG-4 in AVI), JPEGs without Huffman tables get them, missing pts are rebuilt, and changes of
/// the parameter sets are noticed. Loses no packet. Thread word: bound.
class VideoFilter {
 public:
  struct Out {
    AvPacketPtr packet;
    std::optional<Track> changed;  ///< the track from this packet on, where it is another one
  };

  /// May improve `track` (its extradata, its reorder depth). `stamped`: the packets carry right
  /// pts.
  static Result<std::unique_ptr<VideoFilter>> make(const AVStream& stream, Track& track,
                                                   bool stamped);
  ~VideoFilter();

  Result<void> push(AvPacketPtr packet);
  Result<void> finish();  ///< no more will come: gives out what is held back
  std::optional<Out> pop();

 private:
  VideoFilter();
  Result<void> drain_bsf();
  Result<void> mend(AvPacketPtr packet);
  void release(AvPacketPtr packet);

  AVCodecID codec_ = AV_CODEC_ID_NONE;
  int length_size_ = 0;  // of NAL units; 0: start codes, or no NAL units at all
  PictureOrder order_ = PictureOrder::kNone;
  int depth_ = 0;
  std::int64_t step_ = 1;
  bool seen_pts_ = false;
  AvBsfPtr bsf_;
  std::unique_ptr<PictureReader> reader_;
  std::unique_ptr<PtsRebuilder> rebuilder_;
  std::unique_ptr<ParameterWatch> watch_;
  std::deque<Out> out_;
};

}  // namespace clipbuf::detail
