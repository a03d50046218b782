// The writer's side: which packets are kept, where segments and runs begin.
#include "detail/store_impl.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <cstring>

namespace clipbuf::detail {

namespace {

constexpr Duration kAudioPreRoll = std::chrono::milliseconds(100);

// Audio that waits for the first key frame: a stream that never sends one must not fill the memory.
constexpr std::size_t kMaxHeldBack = 512;
constexpr std::size_t kMaxHeldBackBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxTracks = 256;
constexpr std::size_t kMaxKnownTracks = 32;

std::string count_of_tracks(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " track is" : " tracks are") + " declared";
}

}  // namespace

// Tracks: what the packets that follow belong to.

Result<TrackId> StoreCore::Impl::add_track(const Track& track) {
  if (track.time_base.num <= 0 || track.time_base.den <= 0) {
    return Error{Errc::kInvalidArgument, "a track's time base is " +
                                             std::to_string(track.time_base.num) + "/" +
                                             std::to_string(track.time_base.den)};
  }
  if (run != nullptr) {
    return Error{Errc::kInvalidArgument,
                 "a run has begun; its tracks are declared before its packets"};
  }
  if (declared.size() >= kMaxTracks) {
    return Error{Errc::kInvalidArgument,
                 count_of_tracks(declared.size()) + ", no more are possible"};
  }
  declared.push_back(shared_track(track));
  retrack();
  return static_cast<TrackId>(declared.size() - 1);
}

// Runs that have the same track share it: a camera that reconnects for years must not collect them.
std::shared_ptr<const Track> StoreCore::Impl::shared_track(const Track& track) {
  for (const auto& known : known_tracks) {
    if (*known == track) return known;
  }
  if (known_tracks.size() == kMaxKnownTracks) known_tracks.erase(known_tracks.begin());
  known_tracks.push_back(std::make_shared<const Track>(track));
  return known_tracks.back();
}

void StoreCore::Impl::retrack() {
  const auto find = [&](TrackKind kind) {
    return std::find_if(declared.begin(), declared.end(),
                        [&](const auto& track) { return track->kind == kind; });
  };
  auto main = find(TrackKind::kVideo);
  main_is_video = main != declared.end();
  if (!main_is_video) main = find(TrackKind::kAudio);
  main_track = main == declared.end() ? TrackId{0} : static_cast<TrackId>(main - declared.begin());
  timeline.reset(declared, main_track);
  bitstream = main_is_video ? Bitstream(*declared[main_track]) : Bitstream();
}

Result<void> StoreCore::Impl::begin_run(RunReason reason) {
  auto flushed = flush_codec();
  end_run();
  declared.clear();
  encoded.reset();
  retrack();
  timeline_begins = true;
  last_frame.reset();
  next_reason = reason;
  return flushed;
}

Result<void> StoreCore::Impl::finish() {
  auto flushed = flush_codec();
  const MutexLock lock(mutex);
  complete_all();
  mark_final(true);
  finished = true;
  notify();
  return flushed;
}

// Frames.

Result<void> StoreCore::Impl::push_frame(const FrameView& frame) {
  CLIPBUF_TRY(usable);
  FrameView view = frame;
  const auto refused = [&](Error error) {
    const MutexLock lock(mutex);
    ++books.in.packets;
    ++books.dropped.not_encoded.packets;
    notify();
    return error;
  };
  if (auto valid = view.validate(); !valid) return refused(std::move(valid).error());
  view.timestamp = clamp_time(view.timestamp);
  if (last_frame) {
    const Duration jump = view.timestamp - *last_frame;
    if (jump > options.max_jump || jump < -options.max_jump) {
      CLIPBUF_TRY(flush_codec());
      end_run();
      retrack();
      timeline_begins = true;
      next_reason = jump < Duration{0} ? RunReason::kClockStep : RunReason::kReconnect;
    } else {
      view.timestamp = std::max(view.timestamp, *last_frame + Duration{1});
    }
  }
  sink_failed = false;
  const PacketSink sink = [this](const Packet& packet) { return take_encoded(packet); };
  auto encoded_frame = model->encode(view, EncodeHint{force_key || !last_frame}, sink);
  if (!encoded_frame) {
    if (sink_failed) return encoded_frame;
    return refused(std::move(encoded_frame).error());
  }
  force_key = false;
  last_frame = view.timestamp;
  return {};
}

Result<void> StoreCore::Impl::flush_codec() {
  if (!last_frame) return {};
  force_key = true;
  return model->flush([this](const Packet& packet) { return take_encoded(packet); });
}

Result<void> StoreCore::Impl::take_encoded(const Packet& packet) {
  const Track& track = model->track();
  if (!encoded || (packet.key && !(*declared[*encoded] == track))) declare_encoded(track);
  Packet copy = packet;
  copy.track = *encoded;
  copy.arrival.reset();
  auto stored = ingest(copy);
  sink_failed = sink_failed || !stored;
  return stored;
}

void StoreCore::Impl::declare_encoded(const Track& track) {
  const bool goes_on = run != nullptr;
  end_run();
  if (goes_on) next_reason = RunReason::kParameters;
  if (encoded) {
    declared[*encoded] = shared_track(track);
  } else {
    encoded = static_cast<TrackId>(declared.size());
    declared.push_back(shared_track(track));
  }
  retrack();
}

// Packets.

Result<void> StoreCore::Impl::push_packet(const Packet& packet) {
  CLIPBUF_TRY(usable);
  if (packet.track >= declared.size()) {
    return Error{Errc::kInvalidArgument, "no track " + std::to_string(packet.track) + ", " +
                                             count_of_tracks(declared.size())};
  }
  return ingest(packet);
}

TimedPacket StoreCore::Impl::timed(const Packet& packet) const {
  const Rational base = declared[packet.track]->time_base;
  TimedPacket result{packet,
                     to_duration(packet.pts, base),
                     to_duration(packet.dts, base),
                     {},
                     packet.track == main_track};
  result.end = result.pts + timeline.step(packet.track);
  return result;
}

Result<void> StoreCore::Impl::ingest(const Packet& packet) {
  Packet stamped = packet;
  stamped.owner.reset();
  const bool new_timeline = timeline.stamp(stamped);
  TimedPacket item = timed(stamped);
  if (item.main && (stamped.key || !main_is_video)) {
    prepare_key(item, new_timeline);
    const Duration begin = item.pts;
    const bool first = !run_is_stored;
    CLIPBUF_TRY(store(item));
    return first ? store_held_back(begin) : Result<void>{};
  }
  if (skipping != nullptr) {
    drop(stamped, skipping);
    return {};
  }
  if (run == nullptr) {
    if (item.main) {
      drop(stamped, &DropCounts::no_key_frame);
    } else {
      hold_back(item);
    }
    return {};
  }
  if (!wanted(item)) {
    drop(stamped, &DropCounts::no_key_frame);
    return {};
  }
  return store(item);
}

// A key packet: decides whether a run, a segment, or nothing begins with it.
void StoreCore::Impl::prepare_key(TimedPacket& timed, bool new_timeline) {
  const StartPoint start = bitstream.start_point(timed.packet.data);
  if (start.kind == StartKind::kRecovery && timed.packet.recovery == 0) {
    timed.packet.recovery = start.recovery;
  }
  const bool due = segment_open && timed.dts - segment_begin >= options.segment;
  if (run == nullptr) {
    start_run(timed, next_reason);
  } else if (skipping != nullptr) {
    start_run(timed, run_is_stored ? RunReason::kDropped : run_reason);
  } else if (new_timeline) {
    start_run(timed, RunReason::kTimestamps);
  } else if (due && clock_stepped(timed)) {
    start_run(timed, RunReason::kClockStep);
  } else if (due) {
    end_segment();
    refuses_leading = false;
    if (wall.live())
      wall.begin_segment(timed.pts, clock.wall().time_since_epoch() - clock.steady());
    return;
  } else {
    return;
  }
  refuses_leading = start.kind != StartKind::kClean;
}

bool StoreCore::Impl::clock_stepped(const TimedPacket& timed) {
  if (!wall.live() || !timed.packet.arrival) return false;
  const Duration offset = clock.wall().time_since_epoch() - clock.steady();
  const Duration step = offset - wall.clock_offset();
  if (step <= options.max_clock_step && step >= -options.max_clock_step) return false;
  wall.step(offset);
  return true;
}

void StoreCore::Impl::start_run(const TimedPacket& timed, RunReason reason) {
  if (run != nullptr) end_run();
  auto begun = std::make_shared<Run>();
  begun->id = next_run_id++;
  begun->tracks = declared;
  begun->reason = reason;
  begun->main_track = main_track;
  run = std::move(begun);
  run_reason = reason;
  run_begin = timed.pts;
  skipping = nullptr;
  next_reason = RunReason::kReconnect;
  if (!timeline_begins) return;
  highest_pts = timed.pts;
  const bool live = timed.packet.arrival.has_value();
  wall.begin(live, live ? clock.wall().time_since_epoch() - clock.steady() : Duration{0});
}

// Pictures that are shown before the key a run began at, and refer to what came before it.
bool StoreCore::Impl::wanted(const TimedPacket& timed) {
  if (!refuses_leading || !timed.main || timed.pts >= run_begin) return true;
  return !bitstream.is_skipped_leading(timed.packet.data);
}

void StoreCore::Impl::hold_back(const TimedPacket& timed) {
  Packet packet = timed.packet;
  const auto size = packet.data.size();
  if (size > kMaxHeldBackBytes) {
    drop(packet, &DropCounts::no_key_frame);
    return;
  }
  auto bytes = std::make_shared<std::vector<std::byte>>(packet.data.begin(), packet.data.end());
  packet.data = *bytes;
  packet.owner = std::move(bytes);
  held_back.push_back(std::move(packet));
  held_back_bytes += size;
  while (held_back.size() > kMaxHeldBack || held_back_bytes > kMaxHeldBackBytes) {
    held_back_bytes -= held_back.front().data.size();
    drop(held_back.front(), &DropCounts::no_key_frame);
    held_back.erase(held_back.begin());
  }
}

// Audio that sounds when the first picture is shown is kept, though it came before it, and so is
// what its decoder needs to get that right.
Result<void> StoreCore::Impl::store_held_back(Duration begin) {
  const auto packets = std::exchange(held_back, {});
  held_back_bytes = 0;
  Result<void> result;
  for (const Packet& packet : packets) {
    const TimedPacket item = timed(packet);
    if (skipping != nullptr) {
      drop(packet, skipping);
    } else if (item.end <= begin - kAudioPreRoll) {
      drop(packet, &DropCounts::no_key_frame);
    } else if (auto stored = store(item); !stored) {
      result = std::move(stored);
    }
  }
  return result;
}

void StoreCore::Impl::end_run() {
  for (const Packet& packet : held_back)
    drop(packet, &DropCounts::no_key_frame);
  held_back.clear();
  held_back_bytes = 0;
  end_segment();
  const MutexLock lock(mutex);
  complete_all();
  // What an intra refresh has not put right by now never will be.
  for (const Recovering& each : recovering) {
    if (ring.holds(each.id)) ring[each.id].entry.recovered = ring[each.id].entry.all_end;
  }
  recovering.clear();
  mark_final(false);
  last_key.reset();
  since_key = Duration{0};
  run = nullptr;
  run_is_stored = false;
  refuses_leading = false;
  skipping = nullptr;
}

void StoreCore::Impl::end_segment() {
  if (!segment_open) return;
  segment_open = false;
  const MutexLock lock(mutex);
  auto sealed = model->seal();
  if (sealed && *sealed != nullptr) {
    ring.back().entry.segment = *std::move(sealed);
    return;
  }
  // The storage lost it.
  model->discard();
  HeldSegment lost = ring.pop_back();
  --next_id;
  books.stored.packets -= lost.count.packets;
  books.stored.bytes -= lost.count.bytes;
  books.dropped.storage_error.packets += lost.count.packets;
  books.dropped.storage_error.bytes += lost.count.bytes;
  books.frames -= lost.frames;
}

}  // namespace clipbuf::detail
