#include "cut_job.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <algorithm>

namespace cli {
namespace {

using namespace std::chrono_literals;
using clipbuf::Buffer;
using clipbuf::Clip;
using clipbuf::Duration;
using clipbuf::Errc;
using clipbuf::Error;
using clipbuf::Packet;
using clipbuf::Result;
using clipbuf::SourceInfo;
using clipbuf::SourceItem;
using clipbuf::Timestamp;
using clipbuf::Track;
using clipbuf::TrackId;
using clipbuf::TrackKind;

// Every track is read this far past the end, so that the last frame's duration is known.
constexpr Duration kTail = 1s;
// Where a track stays behind (it has ended, or its timestamps jumped) the newest frame decides,
// later.
constexpr Duration kTailAtMost = 60s;
// Kept before the range beside its own segment: what intra refresh and audio pre-roll reach back
// for.
constexpr Duration kLead = 30s;
// The first presented frame is among so many items: no codec reorders further.
constexpr std::uint64_t kItemsToFirst = 256;

std::int64_t ticks_of(const Packet& packet) {
  return packet.dts != clipbuf::kNoTicks ? packet.dts : packet.pts;
}

}  // namespace

CutJob::CutJob(CutRequest request) : request_(std::move(request)) {
  request_.config.keep = request_.to - request_.from + kTailAtMost + kLead;
}

void CutJob::cancel() noexcept {
  cancelled_ = true;
  const std::lock_guard lock(mutex_);
  if (source_) source_->cancel();
  if (clip_) clip_->cancel();
}

Result<CutOutcome> CutJob::run() {
  auto info = open();
  if (!info) {
    exit_ = source_exit_code(info.error().code);
    return info.error();
  }
  if (info->live) {
    exit_ = kUsage;
    return Error{Errc::kInvalidArgument, "cut wants a file, not a live source; see clipbuf record"};
  }
  auto buffer = Buffer::create(request_.config);
  auto failed = [this](const Error& error) {
    exit_ = exit_code(error.code);
    return error;
  };
  if (!buffer) return failed(buffer.error());
  if (auto set = set_tracks(*buffer, info->tracks); !set) return failed(set.error());
  if (auto filled = fill(*buffer); !filled) return failed(filled.error());
  auto outcome = save(*buffer);
  if (!outcome) return failed(outcome.error());
  return outcome;
}

Result<SourceInfo> CutJob::open() {
  auto made = clipbuf::make_source(request_.config);
  if (!made) return made.error();
  {
    const std::lock_guard lock(mutex_);
    source_ = *std::move(made);
  }
  if (cancelled_) source_->cancel();
  return source_->open();
}

Result<void> CutJob::set_tracks(Buffer& buffer, const std::vector<Track>& tracks) {
  tracks_ = tracks;
  ids_.clear();
  track_past_.clear();
  for (const Track& track : tracks_) {
    auto id = buffer.add_track(track);
    if (!id) return id.error();
    ids_.push_back(*id);
    track_past_.push_back(track.kind == TrackKind::kMetadata);
  }
  return {};
}

Result<void> CutJob::fill(Buffer& buffer) {
  for (;;) {
    auto item = source_->read();
    if (cancelled_) return Error{Errc::kCancelled, "interrupted"};
    if (!item) {
      // What has been read is still good for a clip; the caller is told that it was not everything.
      if (item.error().code != Errc::kEndOfStream) read_error_ = item.error();
      break;
    }
    if (auto pushed = push(buffer, *item); !pushed && !push_error_) push_error_ = pushed.error();
    if (past_end(buffer, *item)) break;
  }
  if (auto finished = buffer.finish(); !finished) return finished.error();
  look(buffer);
  if (!first_ && read_error_) return *read_error_;
  return {};
}

Result<void> CutJob::push(Buffer& buffer, const SourceItem& item) {
  if (const auto* frame = std::get_if<clipbuf::Frame>(&item)) return buffer.push(frame->view());
  if (const auto* changed = std::get_if<clipbuf::TracksChanged>(&item)) {
    if (auto begun = buffer.begin_run(clipbuf::RunReason::kParameters); !begun) return begun;
    return set_tracks(buffer, changed->tracks);
  }
  Packet packet = std::get<Packet>(item);
  if (packet.track >= ids_.size()) return {};
  const Track& track = tracks_[packet.track];
  if (track.kind == clipbuf::TrackKind::kVideo && packet.pts != clipbuf::kNoTicks) {
    // What an edit list of the file hides is in the store, and not the first frame presented.
    hides_ = hides_ || packet.hidden;
    const Timestamp shown(clipbuf::to_duration(packet.pts, track.time_base));
    if (!packet.hidden && (!first_shown_ || shown < *first_shown_)) first_shown_ = shown;
  }
  packet.track = ids_[packet.track];
  return buffer.push(packet);
}

// Learns from the store, not from the packets: only it knows which frames can be presented at all,
// and what became of timestamps that jump.
void CutJob::look(const Buffer& buffer) {
  const clipbuf::BufferStatus status = buffer.status();
  if (status.stored.packets == 0) return;
  newest_ = status.covered.end;
  if (!first_is_final_ && status.evicted.packets == 0) {
    first_ = hides_ && first_shown_ ? std::max(status.covered.begin, *first_shown_)
                                    : status.covered.begin;
  }
  first_is_final_ = items_ > kItemsToFirst || status.evicted.packets > 0;
  const auto whole = static_cast<double>(request_.to.count());
  if (first_) fraction_ = static_cast<double>((newest_ - *first_).count()) / std::max(whole, 1.0);
}

bool CutJob::past_end(const Buffer& buffer, const SourceItem& item) {
  ++items_;
  if (items_ <= kItemsToFirst || items_ % 16 == 0) look(buffer);
  if (!first_) return false;
  const Timestamp end = *first_ + request_.to;
  if (newest_ >= end + kTailAtMost) return true;
  const auto* packet = std::get_if<Packet>(&item);
  if (packet == nullptr) return tracks_.empty() && newest_ >= end + kTail;
  if (packet->track >= tracks_.size() || ticks_of(*packet) == clipbuf::kNoTicks) return false;
  const Duration at = clipbuf::to_duration(ticks_of(*packet), tracks_[packet->track].time_base);
  if (Timestamp(at) >= end + kTail) track_past_[packet->track] = true;
  return std::all_of(track_past_.begin(), track_past_.end(), [](bool past) { return past; });
}

Result<CutOutcome> CutJob::save(const Buffer& buffer) {
  saving_ = true;
  fraction_ = 0;
  const Timestamp first = first_.value_or(Timestamp{});
  clipbuf::ClipRequest wanted;
  wanted.begin = first + request_.from;
  wanted.end = first + request_.to;
  wanted.placeholder = request_.placeholder;
  auto clip = buffer.clip(wanted);
  if (!clip) return clip.error();
  if (auto held = check_held(*clip); !held) return held.error();
  {
    const std::lock_guard lock(mutex_);
    clip_ = *clip;
  }
  clipbuf::SaveOptions options = request_.save;
  options.progress = [this](double fraction) {
    fraction_ = fraction;
    return !cancelled_;
  };
  auto report = clip->save(request_.output, options);
  if (!report) return report.error();
  if (!request_.poster.empty()) {
    options.container = clipbuf::Container::kJpeg;
    if (auto poster = clip->save(request_.poster, options); !poster) return poster.error();
  }
  return CutOutcome{*std::move(report), read_error_};
}

// A file has everything, so what is missing is missing because it found no room: that is a failure,
// not a clip with a hole.
Result<void> CutJob::check_held(const Clip& clip) const {
  for (const clipbuf::Gap& gap : clip.preview().gaps) {
    const bool evicted = gap.reason == clipbuf::GapReason::kEvicted;
    const bool dropped = gap.reason == clipbuf::GapReason::kDropped && push_error_;
    if (!evicted && !dropped) continue;
    return Error{Errc::kStorageFull,
                 "the range, and the key frame before it, need more than --max-bytes " +
                     bytes_text(request_.config.max_bytes)};
  }
  return {};
}

}  // namespace cli
