// One video stream of a clip, decoded and encoded anew: only the pictures that are to be shown.
#pragma once

#include "detail/scale.hpp"

#include <clipbuf/codec/video.hpp>

#include <map>
#include <set>

namespace clipbuf::detail {

/// Thread word: bound.
class VideoTranscoder {
 public:
  /// `like` gives size and time base of what comes out, whatever goes in.
  VideoTranscoder(VideoCodec::Options options, const Track& like, PacketSink sink);

  /// What follows is another stream, for this decoder; what the old one holds comes out first.
  Result<void> begin(std::unique_ptr<Decoder> decoder, const Track& track);

  /// Ticks of `like`; `shown`: its picture is wanted.
  Result<void> push(const Packet& packet, bool shown);

  /// No more comes, or something else in between: the next picture will be a key.
  Result<void> flush();

  /// What comes out, complete from the first packet on.
  Track track() const;

  std::int64_t frames() const noexcept { return frames_; }
  std::int64_t undecodable() const noexcept { return undecodable_; }

 private:
  Result<void> take(const FrameView& view, std::int64_t pts);
  Result<void> emit(const Packet& packet);
  Result<FrameView> fitted(const FrameView& view);
  Result<void> drain_decoder();

  VideoCodec codec_;
  Track like_;
  Track source_;  // of what is decoded now
  PacketSink sink_;
  std::unique_ptr<Decoder> decoder_;
  std::multiset<std::int64_t> wanted_;          // pts of pictures to come, this piece
  std::map<std::int64_t, std::int64_t> ticks_;  // the encoder's microseconds back to exact ticks
  std::int64_t last_us_ = -1;
  bool fresh_ = true;  // the next picture begins a sequence
  std::int64_t frames_ = 0;
  std::int64_t undecodable_ = 0;
  Scaler scaler_;
  AvFramePtr scaled_;
};

}  // namespace clipbuf::detail
