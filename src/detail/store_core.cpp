// The readers' side, and the facade.
#include "detail/store_impl.hpp"
#include "detail/try.hpp"

#include <algorithm>

namespace clipbuf::detail {

namespace {

constexpr std::size_t kSmallestLimit = 32 * 1024;

// The part of max_bytes that the index may take; the storage gets the rest.
std::size_t index_bytes(std::size_t max_bytes) {
  return max_bytes == 0 ? 0 : std::max<std::size_t>(4096, max_bytes / 64);
}

Result<void> limit_storage(StoreModel& model, const Limits& limits) {
  if (limits.keep < Duration{0}) {
    return Error{Errc::kInvalidArgument, "keep is " + to_string(limits.keep)};
  }
  if (limits.max_bytes != 0 && limits.max_bytes < kSmallestLimit) {
    return Error{Errc::kInvalidArgument, "max_bytes is " + std::to_string(limits.max_bytes) +
                                             ", at least " + std::to_string(kSmallestLimit) +
                                             " are needed"};
  }
  Limits rest = limits;
  rest.max_bytes -= index_bytes(limits.max_bytes);
  return model.limit(rest);
}

// Both in order of id; what is in both is taken from `late`, which knows more.
std::vector<SegmentEntry> merged(std::vector<SegmentEntry> early,
                                 const std::vector<SegmentEntry>& late) {
  std::vector<SegmentEntry> all;
  all.reserve(early.size() + late.size());
  auto next = late.begin();
  for (SegmentEntry& entry : early) {
    for (; next != late.end() && next->id < entry.id; ++next)
      all.push_back(*next);
    if (next == late.end() || next->id != entry.id) all.push_back(std::move(entry));
  }
  all.insert(all.end(), next, late.end());
  return all;
}

}  // namespace

StoreCore::Impl::Impl(std::unique_ptr<StoreModel> codec_and_storage, const Limits& limit,
                      const StoreOptions& option)
    : options(option),
      clock(option.clock != nullptr ? *option.clock : system_clock()),
      limits(limit),
      model(std::move(codec_and_storage)),
      usable(limit_storage(*model, limit)),
      timeline(option.max_jump),
      age(option.max_jump),
      ring(index_bytes(limit.max_bytes)) {
  pending.reserve(64);
  recovering.reserve(64);
}

StoreCore::Impl::~Impl() {
  model->discard();
}

// The open segment's packets so far are pinned; where that isn't possible it is left out.
void StoreCore::Impl::pin(std::vector<SegmentEntry>& entries) const {
  if (entries.empty() || entries.back().segment != nullptr) return;
  entries.back().segment = model->peek();
  if (entries.back().segment == nullptr) entries.pop_back();
}

std::vector<SegmentEntry> StoreCore::Impl::pinned(TimeRange range) const {
  std::vector<SegmentEntry> entries = segments_of(ring, range);
  pin(entries);
  return entries;
}

History StoreCore::Impl::known() const {
  History result = history;
  result.now = clock.wall();
  return result;
}

void StoreCore::Impl::watch(Watcher& watcher, Duration patience, MutexLock& lock) const {
  const auto longest = std::chrono::hours(24 * 365);
  const auto deadline = std::chrono::steady_clock::now() + std::min<Duration>(patience, longest);
  watcher.runs = ring.runs();
  watcher.next = watchers;
  watchers = &watcher;
  ++waiters;
  for (bool in_time = true; in_time && !finished && ring.newest() < watcher.range.end;) {
    in_time = lock.wait_until(changed, deadline);
  }
  --waiters;
  Watcher** link = &watchers;
  while (*link != &watcher)
    link = &(*link)->next;
  *link = watcher.next;
  for (const HeldRun& held : ring.runs())
    add_run(watcher.runs, held);
}

StoreCore::StoreCore(std::unique_ptr<StoreModel> model, const Limits& limits,
                     const StoreOptions& options)
    : impl_(std::make_shared<Impl>(std::move(model), limits, options)) {}
StoreCore::~StoreCore() = default;

Result<void> StoreCore::push(const FrameView& frame) {
  return impl_->push_frame(frame);
}
Result<TrackId> StoreCore::add_track(const Track& track) {
  return impl_->add_track(track);
}
Result<void> StoreCore::push(const Packet& packet) {
  return impl_->push_packet(packet);
}
Result<void> StoreCore::begin_run(RunReason reason) {
  return impl_->begin_run(reason);
}
Result<void> StoreCore::finish() {
  return impl_->finish();
}
Result<void> StoreCore::ready() const {
  return impl_->usable;
}

BufferStatus StoreCore::status() const {
  Impl& impl = *impl_;
  const MutexLock lock(impl.mutex);
  BufferStatus status = impl.books;
  status.bytes_held = impl.model->bytes_held() + impl.ring.bytes();
  status.max_bytes = impl.limits.max_bytes;
  status.keep = impl.limits.keep;
  status.segments = impl.ring.size();
  status.runs = impl.ring.runs().size();
  TimeRange covered{Timestamp::max(), Timestamp::min()};
  for (const HeldRun& run : impl.ring.runs()) {
    if (run.end <= run.begin) continue;
    covered = {std::min(covered.begin, run.begin), std::max(covered.end, run.end)};
    status.covered_length += run.end - run.begin;
  }
  if (!covered.empty()) status.covered = covered;
  if (status.covered_length > Duration{0}) {
    status.bit_rate = static_cast<double>(status.stored.bytes) * 8e6 /
                      static_cast<double>(status.covered_length.count());
  }
  status.gop_length =
      std::max(impl.since_key, *std::max_element(impl.gops.begin(), impl.gops.end()));
  if (!impl.ring.runs().empty()) {
    for (const auto& track : impl.ring.runs().back().run->tracks)
      status.tracks.push_back(*track);
  }
  if (status.keep > Duration{0} && status.gop_length > status.keep) {
    status.warning = "key frames are " + to_string(status.gop_length) + " apart, keep is " +
                     to_string(status.keep);
  } else if (status.in.packets > 0 && status.in == status.dropped.no_key_frame) {
    status.warning =
        "no key frame has come yet, of " + std::to_string(status.in.packets) + " packets";
  }
  return status;
}

Result<Snapshot> StoreCore::snapshot(const ClipRequest& request) const {
  Impl& impl = *impl_;
  Snapshot snapshot;
  MutexLock lock(impl.mutex);
  Timestamp newest = impl.ring.newest();
  if (newest == Timestamp{} && request.last != Duration{0}) newest = impl.clock.wall();
  CLIPBUF_TRY_SET(const TimeRange range, absolute_range(request, newest));
  snapshot.requested = range;
  snapshot.placeholder = request.placeholder;
  snapshot.segments = impl.pinned(range);
  Watcher watcher{range, {}, {}, nullptr};
  const bool waits = request.wait > Duration{0} && impl.ring.newest() < range.end;
  if (waits) {
    impl.watch(watcher, request.wait, lock);
    snapshot.segments =
        merged(merged(std::move(snapshot.segments), watcher.saved), impl.pinned(range));
  }
  const std::vector<HeldRun>& runs = waits ? watcher.runs : impl.ring.runs();
  const bool footage = has_footage(runs, range);
  snapshot.gaps = gaps_of(runs, impl.known(), range);
  if (!footage && !request.placeholder) return nothing_in_range(impl.ring, range);
  if (!footage) snapshot.segments.clear();
  snapshot.decoder = decoder_factory();
  return snapshot;
}

Result<FramePlace> StoreCore::place_of_frame(Timestamp when) const {
  Impl& impl = *impl_;
  when = clamp_time(when);
  FramePlace place;
  {
    const MutexLock lock(impl.mutex);
    const TimeRange around = surroundings_of(impl.ring, when);
    if (around.empty()) return nothing_in_range(impl.ring, {when, when + Duration{1}});
    place.snapshot.segments = impl.pinned(around);
    place.range = {Timestamp::min(), around.end};
  }
  for (const SegmentEntry& entry : place.snapshot.segments) {
    const Run& run = *entry.run;
    const Track& track = *run.tracks[run.main_track];
    if (track.kind != TrackKind::kVideo) continue;
    CLIPBUF_TRY_SET(const auto reader, entry.segment->read());
    for (;;) {
      CLIPBUF_TRY_SET(const Packet* packet, reader->next());
      if (packet == nullptr) break;
      if (packet->track != run.main_track) continue;
      const Timestamp shown = entry.wall(to_duration(packet->pts, track.time_base));
      if (shown < place.range.end) place.range.begin = std::max(place.range.begin, shown);
    }
  }
  if (place.range.begin == Timestamp::min()) {
    return Error{Errc::kNothingInRange, "no video frame by " + to_string(when)};
  }
  place.range.end = place.range.begin + Duration{1};
  place.snapshot.requested = place.range;
  place.snapshot.decoder = decoder_factory();
  return place;
}

std::uint64_t StoreCore::wait_for_packets(std::uint64_t newest, Duration timeout) const {
  Impl& impl = *impl_;
  const auto longest = std::chrono::hours(24 * 365);
  const auto deadline = std::chrono::steady_clock::now() + std::min<Duration>(timeout, longest);
  MutexLock lock(impl.mutex);
  ++impl.waiters;
  bool in_time = true;
  while (in_time && impl.books.in.packets <= newest)
    in_time = lock.wait_until(impl.changed, deadline);
  --impl.waiters;
  return impl.books.in.packets;
}

std::vector<SegmentEntry> StoreCore::segments_from(std::uint64_t id) const {
  Impl& impl = *impl_;
  std::vector<SegmentEntry> entries;
  const MutexLock lock(impl.mutex);
  id = std::max(id, impl.ring.front_id());
  for (; id < impl.ring.end_id(); ++id)
    entries.push_back(impl.ring[id].entry);
  impl.pin(entries);
  return entries;
}

Timestamp StoreCore::newest() const {
  const MutexLock lock(impl_->mutex);
  return impl_->ring.newest();
}

unsigned StoreCore::waiting() const {
  const MutexLock lock(impl_->mutex);
  return impl_->waiters;
}

DecoderFactory StoreCore::decoder_factory() const {
  // Only codec and storage are kept alive by it, not the ring.
  return [model = impl_->model](const Track& track) { return model->decoder(track); };
}

std::shared_ptr<StoreCore> make_store(std::unique_ptr<StoreModel> model, const Limits& limits,
                                      const StoreOptions& options) {
  return std::make_shared<StoreCore>(std::move(model), limits, options);
}

}  // namespace clipbuf::detail
