// The growing file of a recording: every packet that comes, on one timeline, in fragments.
#pragma once

#include "detail/audio_transcoder.hpp"
#include "detail/deferred_muxer.hpp"
#include "detail/growing_file.hpp"
#include "detail/parameter_sets.hpp"
#include "detail/snapshot.hpp"
#include "detail/video_transcoder.hpp"

#include <optional>

namespace clipbuf::detail {

struct PartOptions {
  std::string path;
  Timestamp begin{};  // wall time from which pictures are wanted; earlier ones are lead-in
  bool audio = true;
  GapPolicy gaps = GapPolicy::kHold;
  DecoderFactory decoder;
};

/// Runs follow each other on the file's timeline, which begins at zero with the first packet. What
/// players of MP4 can't play is encoded as it comes. Thread word: bound.
class PartWriter {
 public:
  explicit PartWriter(PartOptions options) : options_(std::move(options)) {}

  /// Adds a packet of a segment, in the store's order. Errors: kUnsupported when the picture's size
  /// or codec changes (the file ends there), kStorageFull, kStorageFailed.
  Result<void> add(const SegmentEntry& entry, const Packet& packet);

  /// Notes that footage between two packets was lost on the way here.
  void lost() { lost_ = true; }

  /// No more comes; the file is complete as it is.
  Result<void> close();

  bool empty() const noexcept { return streams_.empty(); }
  GrowingFile* file() const noexcept { return file_.get(); }
  const std::vector<Gap>& gaps() const noexcept { return gaps_; }
  std::int64_t frames() const noexcept { return frames_; }
  std::int64_t encoded() const noexcept { return video_ ? video_->frames() : 0; }
  std::uint64_t bytes() const noexcept { return muxer_ ? muxer_->bytes() : 0; }
  Timestamp end() const noexcept { return end_; }

  /// Where a wall time lies on the file's timeline, and back, by the newest run; `first` by the
  /// first one.
  Duration file_time(Timestamp wall) const noexcept { return at_ + (wall - wall_at_); }
  Timestamp wall_time(Duration file) const noexcept { return wall_at_ + (file - at_); }
  Timestamp wall_of_zero() const noexcept { return wall_of_zero_; }

 private:
  struct Stream {
    Track track;  // as it goes into the file, but for what an encoder decides
    bool encode = false;
    std::int64_t last_dts = std::numeric_limits<std::int64_t>::min();
  };

  Result<void> begin_run(const SegmentEntry& entry, const Packet& first);
  Result<void> open_file(const Run& run);
  void choose_streams(const Run& run);
  Result<void> open_stream(std::size_t index);
  Result<void> adopt(const Run& run);
  void place(const SegmentEntry& entry, const Packet& first, const Track& track);
  Result<void> write_main(const SegmentEntry& entry, Packet packet, const Track& track);
  Result<void> write_audio(Packet packet, const Track& track);
  Result<void> mux(std::size_t stream, const Packet& packet);

  PartOptions options_;
  std::unique_ptr<GrowingFile> file_;
  std::vector<Stream> streams_;
  std::vector<std::size_t> stream_of_;  // by TrackId of the run; streams_.size(): not wanted
  std::optional<DeferredMuxer> muxer_;
  std::optional<VideoTranscoder> video_;
  std::unique_ptr<AudioTranscoder> audio_;
  std::optional<AnnexB> annex_b_;
  std::shared_ptr<const Run> run_;
  std::vector<Gap> gaps_;
  bool lost_ = false;
  Duration media_zero_{0};  // the run's media time that lies at at_
  Duration at_{0};          // where the run begins on the file's timeline
  Timestamp wall_at_{};     // the wall time of that
  Timestamp wall_of_zero_{};
  Duration file_end_{0};  // end of the newest picture on the file's timeline
  Timestamp end_{};       // the same in wall time
  std::int64_t frames_ = 0;
};

}  // namespace clipbuf::detail
