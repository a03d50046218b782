#include "detail/timeline.hpp"

#include <algorithm>

namespace clipbuf::detail {

namespace {

// Beyond this nothing is a time: 2^59 us are 18 thousand years. It keeps every later sum in range.
constexpr std::int64_t kMaxTicks = std::int64_t{1} << 59;
constexpr int kSuspiciousPackets = 3;
// A side track may jump alone; it gets an offset of its own once it is plain that the main one
// stays.
constexpr int kSuspiciousSidePackets = 50;
constexpr Duration kUsualStep = std::chrono::milliseconds(40);

bool believable(std::int64_t ticks, Rational time_base) noexcept {
  if (ticks == kNoTicks || ticks > kMaxTicks || ticks < -kMaxTicks) return false;
  const Duration time = to_duration(ticks, time_base);
  return time < Duration(kMaxTicks) && time > Duration(-kMaxTicks);
}

std::int64_t expected(std::int64_t last_dts, std::int64_t last_step) noexcept {
  return last_dts == kNoTicks ? 0 : last_dts + last_step;
}

std::int64_t usual_step(const Track& track) noexcept {
  Duration step = kUsualStep;
  if (track.frame_rate.num > 0 && track.frame_rate.den > 0) {
    step = to_duration(track.frame_rate.den, {1, track.frame_rate.num});
  } else if (track.sample_rate > 0 && track.frame_size > 0) {
    step = to_duration(track.frame_size, {1, track.sample_rate});
  }
  return std::max<std::int64_t>(1, to_ticks(step, track.time_base));
}

}  // namespace

void Timeline::reset(const std::vector<std::shared_ptr<const Track>>& tracks, TrackId main_track) {
  states_.clear();
  for (const auto& track : tracks)
    add_track(*track);
  main_track_ = main_track;
  new_run_ = undo_ = false;
  offset_ = offset_before_ = Duration{0};
  since_adopted_ = kSuspiciousPackets + 1;
}

void Timeline::add_track(const Track& track) {
  State state;
  state.time_base = track.time_base;
  state.offset = to_ticks(offset_, track.time_base);
  state.last_step = usual_step(track);
  state.reorder = static_cast<std::size_t>(std::clamp(track.reorder_depth, 0, int{kMaxReorder}));
  states_.push_back(state);
}

bool Timeline::stamp(Packet& packet) {
  const bool can_start = packet.key && packet.track == main_track_;
  bool starts_run = new_run_ && can_start;
  if (starts_run) begin_run();
  State& state = states_[packet.track];
  fill_missing(state, packet);
  const Packet unmoved = packet;
  place(state, packet);
  if (new_run_ && can_start) {
    if (undo_) packet = unmoved;
    starts_run = true;
    begin_run();
  }
  packet.pts = std::max(packet.pts, packet.dts);
  note(state, packet);
  return starts_run;
}

void Timeline::begin_run() {
  new_run_ = false;
  if (!undo_) return;
  undo_ = false;
  set_offset(undo_offset_);
  for (State& each : states_)
    each.last_dts = kNoTicks;
}

void Timeline::set_offset(Duration offset) {
  offset_ = offset;
  for (State& each : states_)
    each.offset = to_ticks(offset, each.time_base);
}

void Timeline::fill_missing(State& state, Packet& packet) const {
  const bool no_pts = !believable(packet.pts, state.time_base);
  const bool no_dts = !believable(packet.dts, state.time_base);
  if (no_pts && no_dts) {
    packet.pts = packet.dts = expected(state.last_dts, state.last_step);
    return;
  }
  packet.pts = no_pts ? packet.dts : packet.pts;
  packet.dts = no_dts ? dts_from_pts(state, packet.pts) : packet.dts;
  packet.pts += state.offset;
  packet.dts += state.offset;
  // Leaps to and fro must not add up to an offset that leaves the range.
  if (!believable(packet.pts, state.time_base) || !believable(packet.dts, state.time_base)) {
    packet.pts = packet.dts = expected(state.last_dts, state.last_step);
  }
}

// With pictures reordered by `n`, the dts is the n-th largest pts so far: what players assume too.
std::int64_t Timeline::dts_from_pts(State& state, std::int64_t pts) const {
  if (state.reorder == 0) return pts;
  auto& window = state.pts_window;
  if (state.pts_count == 0) {
    for (std::size_t i = 0; i < state.reorder; ++i) {
      window[i] = pts - static_cast<std::int64_t>(state.reorder - i) * state.last_step;
    }
    state.pts_count = state.reorder;
  }
  const auto end = window.begin() + static_cast<std::ptrdiff_t>(state.pts_count);
  auto place = std::upper_bound(window.begin(), end, pts);
  std::copy_backward(place, end, end + 1);
  *place = pts;
  const std::int64_t dts = window[0];
  std::copy(window.begin() + 1, end + 1, window.begin());
  return std::min(dts, pts);
}

void Timeline::place(State& state, Packet& packet) {
  state.nudged = false;
  if (state.last_dts == kNoTicks) return;
  const Duration jump =
      to_duration(packet.dts, state.time_base) - to_duration(state.last_dts, state.time_base);
  if (jump > max_jump_ || jump < -max_jump_) {
    if (take_back(state, packet)) return;
    if (jump_is_real(state, packet, jump)) {
      state.jumped_from = state.last_dts;
      state.since_jump = 0;
      state.suspicious = 0;
      return;
    }
    mend_jump(state, packet, jump < Duration{0});
    return;
  }
  // More than a packet that comes twice or a little late: the clock went back, and goes on from
  // there.
  if (packet.dts + 2 * state.last_step < state.last_dts) {
    mend_jump(state, packet, true);
    return;
  }
  state.suspicious = 0;
  state.nudged = packet.dts <= state.last_dts;
  if (state.nudged) packet.dts = state.last_dts + 1;
}

bool Timeline::jump_is_real(const State& state, const Packet& packet, Duration jump) const {
  if (jump < Duration{0}) return false;
  if (!packet.arrival || !state.last_arrival) return true;
  const Duration elapsed = *packet.arrival - *state.last_arrival;
  return jump - elapsed <= max_jump_ && elapsed - jump <= max_jump_;
}

void Timeline::mend_jump(State& state, Packet& packet, bool backward) {
  const bool is_main = &state == &states_[main_track_];
  const std::int64_t ahead = packet.pts - packet.dts;
  const std::int64_t next = expected(state.last_dts, state.last_step);
  // Without a clock to ask, a step back is a fact; if it leads to where a leap forward just began,
  // the leap was the mistake.
  const bool at_once = !packet.arrival && backward;
  if (at_once && is_main && state.jumped_from != kNoTicks &&
      state.since_jump <= kSuspiciousPackets && packet.dts > state.jumped_from &&
      to_duration(packet.dts - state.jumped_from, state.time_base) <= max_jump_) {
    undo_ = true;
    undo_offset_ = offset_;
  }
  const int limit = is_main ? kSuspiciousPackets : kSuspiciousSidePackets;
  if (at_once || ++state.suspicious >= limit) {
    adopt(state, next - packet.dts, is_main);
  } else {
    ++restamped_;
  }
  packet.dts = next;
  packet.pts = next + std::max<std::int64_t>(ahead, 0);
}

void Timeline::adopt(State& state, std::int64_t shift, bool all_tracks) {
  if (!all_tracks) {
    state.offset += shift;
    state.suspicious = 0;
    return;
  }
  offset_before_ = offset_;
  offset_ += to_duration(shift, state.time_base);
  since_adopted_ = 0;
  for (State& each : states_) {
    const std::int64_t own =
        &each == &state ? each.offset + shift : to_ticks(offset_, each.time_base);
    each.offset = own;
    each.suspicious = 0;
  }
  new_run_ = true;
}

// The packets that an offset was adopted for were the mistake: with the one before, time goes on.
bool Timeline::take_back(State& state, Packet& packet) {
  if (&state != &states_[main_track_] || since_adopted_ > kSuspiciousPackets) return false;
  const std::int64_t shift = to_ticks(offset_before_ - offset_, state.time_base);
  const Duration jump = to_duration(packet.dts + shift, state.time_base) -
                        to_duration(state.last_dts, state.time_base);
  if (jump > max_jump_ || jump < -max_jump_) return false;
  set_offset(offset_before_);
  new_run_ = false;
  state.suspicious = 0;
  packet.pts += shift;
  packet.dts = std::max(packet.dts + shift, state.last_dts + 1);
  return true;
}

void Timeline::note(State& state, const Packet& packet) {
  if (state.last_dts != kNoTicks) {
    const std::int64_t step = packet.dts - state.last_dts;
    const bool usual = !state.nudged && to_duration(step, state.time_base) <= max_jump_;
    if (usual) state.last_step = step;
  }
  if (packet.duration > 0 && to_duration(packet.duration, state.time_base) <= max_jump_) {
    state.last_step = packet.duration;
  }
  state.last_dts = packet.dts;
  state.last_arrival = packet.arrival;
  ++state.since_jump;
  if (packet.track == main_track_ && since_adopted_ <= kSuspiciousPackets) ++since_adopted_;
}

}  // namespace clipbuf::detail
