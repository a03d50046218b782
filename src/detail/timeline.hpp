// Timeline: mends the timestamps of what comes in, so that every track's dts rises strictly.
#pragma once

#include <clipbuf/packet.hpp>

#include <array>
#include <memory>
#include <vector>

namespace clipbuf::detail {

/// A track's packets as the store keeps them: dts strictly rising, pts never before dts, both in
/// the ticks they came in where that was possible: a variable frame rate stays as it is. Pure: no
/// clock, no FFmpeg.
class Timeline {
 public:
  explicit Timeline(Duration max_jump) : max_jump_(max_jump) {}

  /// A new timeline over these tracks; everything learnt is forgotten.
  void reset(const std::vector<std::shared_ptr<const Track>>& tracks, TrackId main_track);

  /// One more track of the same timeline.
  void add_track(const Track& track);

  /// Mends pts and dts of a packet of a known track. True: what follows, this key packet of the
  /// main track first, belongs to a new run.
  bool stamp(Packet& packet);

  /// How long a packet of the track lasts, as far as known.
  Duration step(TrackId track) const noexcept {
    return to_duration(states_[track].last_step, states_[track].time_base);
  }

  /// Whether the last packets followed a leap that has turned out to be a mistake.
  bool suspect() const noexcept { return undo_; }

  /// Packets so far whose timestamp jumped and was replaced.
  std::uint64_t restamped() const noexcept { return restamped_; }

 private:
  static constexpr std::size_t kMaxReorder = 16;

  struct State {
    Rational time_base{1, 1'000'000};
    std::int64_t offset = 0;  // added to what comes in
    std::int64_t last_dts = kNoTicks;
    std::int64_t last_step = 1;  // ticks that one packet lasts, as far as known
    bool nudged = false;         // the last one by a tick, past an equal or later dts
    std::optional<Duration> last_arrival;
    int suspicious = 0;                   // packets in a row that jumped
    std::int64_t jumped_from = kNoTicks;  // dts before a forward jump that was believed
    int since_jump = 0;
    std::size_t reorder = 0;  // of Track::reorder_depth
    std::array<std::int64_t, kMaxReorder + 1> pts_window{};
    std::size_t pts_count = 0;
  };

  void fill_missing(State& state, Packet& packet) const;
  std::int64_t dts_from_pts(State& state, std::int64_t pts) const;
  void place(State& state, Packet& packet);
  bool jump_is_real(const State& state, const Packet& packet, Duration jump) const;
  void mend_jump(State& state, Packet& packet, bool backward);
  void adopt(State& state, std::int64_t shift, bool all_tracks);
  bool take_back(State& state, Packet& packet);
  void set_offset(Duration offset);
  void begin_run();
  void note(State& state, const Packet& packet);

  Duration max_jump_;
  TrackId main_track_ = 0;
  std::vector<State> states_;
  std::uint64_t restamped_ = 0;
  bool new_run_ = false;  // at the main track's next key
  bool undo_ = false;     // and then the offset of before the jump is right again
  Duration undo_offset_{0};
  Duration offset_{0};         // shared by all tracks
  Duration offset_before_{0};  // before the last change of it
  int since_adopted_ = 0;      // packets of the main track
};

}  // namespace clipbuf::detail
