#include <clipbuf/recording.hpp>

#include "detail/clip_writer.hpp"
#include "detail/mutex.hpp"
#include "detail/part_file.hpp"
#include "detail/part_writer.hpp"
#include "detail/store_core.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <thread>

namespace clipbuf {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(200);
constexpr Timestamp kNever = Timestamp::max();

// "visit.mp4" grows as "visit.part.mp4".
std::string part_path(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return path.substr(0, dot) + ".part" + path.substr(dot);
}

}  // namespace

struct Recording::Impl {
  Impl(const Buffer& buffer, std::string path, const RecordingOptions& options)
      : core(buffer.core()), path(std::move(path)), options(options) {}

  void run() noexcept;
  Result<void> follow();
  Result<bool> read_new();
  Result<void> add(const detail::SegmentEntry& entry);
  bool over() CLIPBUF_EXCLUDES(mutex);
  void publish() CLIPBUF_EXCLUDES(mutex);
  void stop_at(Duration post_roll) CLIPBUF_EXCLUDES(mutex);
  Result<ClipReport> save();
  Result<ClipReport> save_plain();
  std::uint64_t first_segment() const;
  std::vector<Gap> missing_before() const;

  const std::shared_ptr<detail::StoreCore> core;
  const std::string path;
  const RecordingOptions options;
  Timestamp begin{};         // written by the thread until it is joined
  std::vector<Gap> missing;  // of the pre-roll

  // the thread's own
  std::optional<detail::PartWriter> part;
  std::uint64_t next_segment = 0;  // the first one not read to its end
  std::size_t packets_read = 0;    // of that one
  std::thread thread;

  mutable detail::Mutex mutex;
  Timestamp end CLIPBUF_GUARDED_BY(mutex) = kNever;
  std::optional<std::chrono::steady_clock::time_point> deadline CLIPBUF_GUARDED_BY(mutex);
  RecordingStatus now CLIPBUF_GUARDED_BY(mutex);
  std::optional<ClipReport> report CLIPBUF_GUARDED_BY(mutex);
  detail::Mutex joining;  // held while somebody waits for the thread and saves
};

// The latest segment from which `begin` decodes; the oldest one if there is none.
std::uint64_t Recording::Impl::first_segment() const {
  std::uint64_t id = 0;
  bool any = false;
  for (const detail::SegmentEntry& entry : core->segments_from(0)) {
    const bool decodes = entry.recovered != Duration::max() && entry.wall(entry.recovered) <= begin;
    if (!any || decodes) id = entry.id;
    any = true;
  }
  return id;
}

// What of the pre-roll the buffer doesn't hold, and why.
std::vector<Gap> Recording::Impl::missing_before() const {
  if (options.pre_roll == Duration{0} || begin == Timestamp{}) return {};
  ClipRequest request;
  request.begin = begin;
  request.end = core->newest();
  request.placeholder = true;
  const auto snapshot = core->snapshot(request);
  std::vector<Gap> gaps = snapshot ? snapshot->gaps : std::vector<Gap>{};
  std::erase_if(gaps, [](const Gap& gap) {  // those between runs are seen when the runs are written
    return gap.reason != GapReason::kEvicted && gap.reason != GapReason::kNotRecorded;
  });
  return gaps;
}

Result<void> Recording::Impl::add(const detail::SegmentEntry& entry) {
  if (entry.id != next_segment) packets_read = 0;
  next_segment = entry.id;
  CLIPBUF_TRY_SET(const auto reader, entry.segment->read());
  for (std::size_t i = 0;; ++i) {
    CLIPBUF_TRY_SET(const Packet* packet, reader->next());
    if (packet == nullptr) return {};
    if (i < packets_read) continue;
    CLIPBUF_TRY(part->add(entry, *packet));
    ++packets_read;
  }
}

// Reads on to the newest packet; false: nothing new.
Result<bool> Recording::Impl::read_new() {
  const std::uint64_t segment = next_segment;
  const std::size_t packets = packets_read;
  const std::vector<detail::SegmentEntry> entries = core->segments_from(next_segment);
  // The ring let go of a segment before its end was read.
  if (!entries.empty() && entries.front().id > next_segment && !part->empty()) part->lost();
  for (const detail::SegmentEntry& entry : entries)
    CLIPBUF_TRY(add(entry));
  // Started on an empty buffer: it begins with the first picture.
  if (begin == Timestamp{} && !part->empty()) begin = part->wall_of_zero();
  return segment != next_segment || packets != packets_read;
}

bool Recording::Impl::over() {
  const Timestamp newest = core->newest();
  const detail::MutexLock lock(mutex);
  if (options.max_length > Duration{0} && begin != Timestamp{})
    end = std::min(end, begin + options.pre_roll + options.max_length);
  return newest >= end || (deadline && std::chrono::steady_clock::now() >= *deadline);
}

void Recording::Impl::publish() {
  const detail::MutexLock lock(mutex);
  now.frames = part->frames();
  now.bytes = part->bytes();
  now.written = {begin, std::max(begin, part->end())};
}

Result<void> Recording::Impl::follow() {
  next_segment = first_segment();
  std::uint64_t packets = 0;
  for (;;) {
    const bool last = over();
    CLIPBUF_TRY(read_new());
    publish();
    if (last) return part->close();
    packets = core->wait_for_packets(packets, kPoll);
  }
}

void Recording::Impl::run() noexcept {
  Result<void> outcome;
  try {
    outcome = follow();
    if (!outcome) {
      auto closed = part->close();  // what is there stays whole
      (void)closed;
    }
  } catch (const std::bad_alloc&) {
    outcome = Error{Errc::kOutOfMemory, "no memory to go on recording"};
  } catch (const std::exception& error) {
    outcome = Error{Errc::kInternal, error.what()};
  }
  const detail::MutexLock lock(mutex);
  now.running = false;
  if (!outcome) now.error = outcome.error();
}

void Recording::Impl::stop_at(Duration post_roll) {
  const Timestamp newest = core->newest();
  const detail::MutexLock lock(mutex);
  if (deadline) return;
  end = std::min(end, newest + post_roll);
  // A source that has stopped must not hold the caller for longer than the post-roll.
  deadline = std::chrono::steady_clock::now() + post_roll +
             (post_roll > Duration{0} ? Duration(std::chrono::seconds(1)) : Duration{0});
}

// The growing file, cut like any other footage into a plain MP4.
Result<ClipReport> Recording::Impl::save_plain() {
  detail::Snapshot snapshot;
  CLIPBUF_TRY_SET(const std::vector<Track> tracks, detail::tracks_of_file(part->file()->path()));
  auto run = std::make_shared<detail::Run>();
  for (const Track& track : tracks) {
    if (track.kind == TrackKind::kVideo) run->main_track = static_cast<TrackId>(run->tracks.size());
    run->tracks.push_back(std::make_shared<const Track>(track));
  }
  detail::SegmentEntry entry;
  entry.segment = detail::segment_of_file(part->file()->path());
  entry.run = std::move(run);
  entry.to_wall = part->wall_of_zero().time_since_epoch();
  entry.final = true;
  snapshot.segments.push_back(std::move(entry));
  snapshot.decoder = core->decoder_factory();
  Timestamp last;
  {
    const detail::MutexLock lock(mutex);
    last = end;
  }
  const Timestamp file_begin = part->wall_of_zero();
  snapshot.requested = {begin, last == kNever ? kNever : file_begin + part->file_time(last)};
  const Clip clip = detail::make_clip(std::move(snapshot));
  SaveOptions save;
  save.audio = options.audio;
  CLIPBUF_TRY_SET(ClipReport report, clip.save(path, save));
  report.requested = {begin, std::min(last, part->end())};
  report.delivered.end = part->wall_time(report.delivered.end - file_begin);
  report.gaps = missing;
  for (const Gap& gap : part->gaps()) {
    if (gap.range.end > begin && gap.range.begin < report.requested.end) report.gaps.push_back(gap);
  }
  report.complete = std::all_of(report.gaps.begin(), report.gaps.end(),
                                [](const Gap& gap) { return gap.reason == GapReason::kClockStep; });
  if (part->encoded() > 0) report.reencoded_frames = report.frames;
  return report;
}

Result<ClipReport> Recording::Impl::save() {
  const detail::MutexLock waiting(joining);
  if (thread.joinable()) thread.join();
  {
    const detail::MutexLock lock(mutex);
    if (report) return *report;
    if (part->empty() && now.error) return *now.error;
  }
  if (part->empty()) {
    return Error{Errc::kNothingInRange, "nothing came in while recording to " + path};
  }
  auto saved = save_plain();
  if (!saved) {
    saved = Error{saved.error().code,
                  saved.error().message + "; the footage is in " + part->file()->path()};
    return saved;
  }
  part->file()->remove();
  const detail::MutexLock lock(mutex);
  if (now.error) saved->note += (saved->note.empty() ? "" : "; ") + now.error->message;
  report = *saved;
  return saved;
}

Recording::Recording(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Recording::Recording(Recording&&) noexcept = default;

Recording& Recording::operator=(Recording&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Recording::~Recording() {
  if (!impl_) return;
  try {
    auto stopped = stop();
    (void)stopped;  // nobody is left to tell; the growing file stays when it failed
  } catch (...) {   // out of memory: the growing file stays
    if (impl_->thread.joinable()) impl_->thread.join();
  }
}

Result<Recording> Recording::start(const Buffer& buffer, const std::string& path,
                                   const RecordingOptions& options) {
  const detail::ContainerInfo* container = detail::container_by_path(path);
  if (container == nullptr || !container->edit_lists) {
    return Error{Errc::kInvalidArgument, path + ": a recording's file ends in .mp4, .m4v or .mov"};
  }
  if (options.pre_roll < Duration{0} || options.max_length < Duration{0}) {
    return Error{Errc::kInvalidArgument, "pre_roll and max_length can't be negative"};
  }
  auto impl = std::make_shared<Impl>(buffer, path, options);
  const Timestamp newest = impl->core->newest();
  impl->begin = newest - std::min(options.pre_roll, newest.time_since_epoch());
  impl->part.emplace(detail::PartOptions{part_path(path), impl->begin, options.audio, options.gaps,
                                         impl->core->decoder_factory()});
  impl->missing = impl->missing_before();
  {
    const detail::MutexLock lock(impl->mutex);
    impl->now.running = true;
  }
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return Recording(std::move(impl));
}

Result<ClipReport> Recording::stop(Duration post_roll) {
  impl_->stop_at(std::max(post_roll, Duration{0}));
  return impl_->save();
}

RecordingStatus Recording::status() const {
  const detail::MutexLock lock(impl_->mutex);
  return impl_->now;
}

}  // namespace clipbuf
