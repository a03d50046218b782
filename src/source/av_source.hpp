// AvSource: files, RTSP and HTTP through libavformat.
#pragma once

#include "source/av_tracks.hpp"
#include "source/pacer.hpp"
#include "source/video_filter.hpp"

#include <clipbuf/source.hpp>

#include <deque>

namespace clipbuf::detail {

class AvSource final : public Source {
 public:
  /// `url` is a path for InputKind::kFile.
  AvSource(std::string url, InputKind kind, const Config& config);

  Result<SourceInfo> open() override;
  Result<SourceItem> read() override;
  void cancel() noexcept override { interrupt_->cancel(); }

 private:
  struct Entry {
    AvPacketPtr packet;
    std::size_t track = 0;
    std::optional<Track> changed;  // the track is this from here on
  };
  /// Where one track is, in its own ticks.
  struct Position {
    std::int64_t first_dts = kNoTicks;  // of the file, before any shift
    std::int64_t last_dts = kNoTicks;   // delivered
    std::int64_t step = 0;              // how long the last packet lasted
  };

  Result<std::unique_ptr<AvInput>> open_input();
  Result<void> start();
  Result<void> pull();
  Result<void> at_end();
  Result<void> restart();
  Result<void> fault(int code);
  void take(AvPacketPtr packet, std::size_t track);
  void drain_filter();
  void stamp_by_arrival(AVPacket& packet) const;
  bool place(Entry& entry);
  std::optional<Result<SourceItem>> next_ready();
  Result<SourceItem> deliver();
  std::string name() const;

  const std::string url_;
  const InputKind kind_;
  const Config config_;
  const std::shared_ptr<Interrupt> interrupt_ = std::make_shared<Interrupt>();
  std::unique_ptr<AvInput> input_;
  AvTracks picked_;
  std::vector<Position> positions_;
  std::size_t main_ = 0;  // the first video track, else the first
  std::unique_ptr<VideoFilter> filter_;
  std::deque<Entry> ready_;
  Pacer pacer_;
  std::int64_t shift_ = 0;  // of all tracks, in ticks of the main one, by the rounds of a loop
  std::uint64_t rounds_ = 0;
  std::uint64_t delivered_in_round_ = 0;
  int bad_reads_ = 0;
  bool live_ = false;
  bool by_arrival_ = false;  // the format has no timestamps of its own
  bool ended_ = false;
  bool announce_ = false;  // the tracks of a new round differ from the last ones
};

}  // namespace clipbuf::detail
