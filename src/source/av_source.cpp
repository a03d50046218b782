#include "source/av_source.hpp"

#include "detail/abandonable.hpp"
#include "detail/av.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <algorithm>
#include <filesystem>

namespace clipbuf::detail {
namespace {

constexpr Duration kLongestHole = std::chrono::seconds(10);  // in a file played in real time
constexpr int kMaxBadReads = 50;  // in a row; each may skip some broken bytes

bool has_no_clock(const AVFormatContext& context) {
  const std::string_view name = context.iformat->name;
  return name == "mpjpeg" || name == "mjpeg" || name == "h264" || name == "hevc" || name == "m4v" ||
         name == "jpeg_pipe";
}

Result<void> check_file(const std::string& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (status.type() == std::filesystem::file_type::not_found) {
    return Error{Errc::kSourceUnavailable, redact(path) + ": no such file"};
  }
  if (code) return Error{Errc::kSourceUnavailable, redact(path) + ": " + code.message()};
  if (std::filesystem::is_directory(status)) {
    return Error{Errc::kSourceUnavailable, redact(path) + ": is a directory"};
  }
  if (!std::filesystem::is_regular_file(status)) {
    return Error{Errc::kSourceUnavailable, redact(path) + ": not a plain file"};
  }
  return {};
}

std::int64_t dts_of(const AVPacket& packet) {
  return packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

}  // namespace

AvSource::AvSource(std::string url, InputKind kind, const Config& config)
    : url_(std::move(url)), kind_(kind), config_(config), pacer_(kLongestHole) {}

std::string AvSource::name() const {
  return redact(url_);
}

Result<std::unique_ptr<AvInput>> AvSource::open_input() {
  interrupt_->arm(config_.open_timeout);
  if (interrupt_->cancelled()) return Error{Errc::kCancelled, name() + ": cancelled"};
  if (kind_ == InputKind::kFile) {
    CLIPBUF_TRY(check_file(url_));
    return AvInput::open(url_, kind_, config_, interrupt_);
  }
  // Name resolution can't be interrupted: the whole open is left behind when it hangs there.
  auto opened = run_abandonable<std::unique_ptr<AvInput>>(
      interrupt_, [url = url_, kind = kind_, config = config_, interrupt = interrupt_] {
        return AvInput::open(url, kind, config, interrupt);
      });
  if (!opened && opened.error().code == Errc::kTimedOut) {
    return Error{Errc::kTimedOut, name() + ": no answer within " + to_string(config_.open_timeout)};
  }
  return opened;
}

Result<SourceInfo> AvSource::open() {
  CLIPBUF_TRY_SET(input_, open_input());
  CLIPBUF_TRY_SET(picked_, pick_tracks(*input_, config_, name()));
  live_ = input_->live() || (kind_ == InputKind::kFile && config_.realtime);
  by_arrival_ = input_->live() && has_no_clock(input_->context());
  positions_.assign(picked_.tracks.size(), Position{});
  for (std::size_t i = picked_.tracks.size(); i-- > 0;) {
    if (picked_.tracks[i].kind == TrackKind::kVideo) main_ = i;
  }
  CLIPBUF_TRY(start());
  return SourceInfo{picked_.tracks, live_, name() + ": " + describe(picked_.tracks)};
}

/// Makes the filter for the input that is open.
Result<void> AvSource::start() {
  Track& track = picked_.tracks[main_];
  if (by_arrival_) {
    track.time_base = {1, 1'000'000};
    track.frame_rate = {0, 1};  // libavformat's is made up
  }
  if (track.kind != TrackKind::kVideo) return {};
  const AVStream& stream = *input_->context().streams[picked_.stream_of_track[main_]];
  CLIPBUF_TRY_SET(filter_, VideoFilter::make(stream, track, by_arrival_));
  return {};
}

Result<SourceItem> AvSource::read() {
  if (input_ == nullptr) return Error{Errc::kInvalidState, name() + ": not open"};
  interrupt_->arm(config_.read_timeout);
  while (true) {
    if (std::exchange(announce_, false)) return SourceItem(TracksChanged{picked_.tracks});
    if (!ready_.empty()) {
      if (auto item = next_ready()) return *std::move(item);
      continue;
    }
    if (ended_) return Error{Errc::kEndOfStream, name() + ": the end"};
    if (interrupt_->stop()) return input_->error_of(AVERROR_EXIT, Errc::kSourceLost);
    if (auto pulled = pull(); !pulled) return std::move(pulled).error();
  }
}

/// The first packet that is ready, or the news that comes before it; nothing when it is left out.
std::optional<Result<SourceItem>> AvSource::next_ready() {
  Entry& entry = ready_.front();
  if (entry.changed) {
    picked_.tracks[entry.track] = *std::exchange(entry.changed, std::nullopt);
    return SourceItem(TracksChanged{picked_.tracks});
  }
  if (place(entry)) return deliver();
  ready_.pop_front();
  return std::nullopt;
}

/// Reads one packet of libavformat's, which may make none, one or several ready.
Result<void> AvSource::pull() {
  AvPacketPtr packet(av_packet_alloc());
  if (packet == nullptr) return Error{Errc::kOutOfMemory, "no memory for a packet"};
  const int code = input_->read(*packet);
  if (code == AVERROR_EOF) return at_end();
  if (code < 0) return fault(code);
  bad_reads_ = 0;
  const auto stream = static_cast<std::size_t>(packet->stream_index);
  const int track = stream < picked_.track_of_stream.size() ? picked_.track_of_stream[stream] : -1;
  if (track < 0) return {};
  if (by_arrival_) stamp_by_arrival(*packet);
  const auto index = static_cast<std::size_t>(track);
  if (index != main_ || filter_ == nullptr) {
    take(std::move(packet), index);
    return {};
  }
  CLIPBUF_TRY(filter_->push(std::move(packet)));
  drain_filter();
  return {};
}

void AvSource::take(AvPacketPtr packet, std::size_t track) {
  ready_.push_back({std::move(packet), track, std::nullopt});
}

void AvSource::drain_filter() {
  while (auto out = filter_->pop()) {
    ready_.push_back({std::move(out->packet), main_, std::move(out->changed)});
  }
}

Result<void> AvSource::at_end() {
  if (filter_ != nullptr) {
    CLIPBUF_TRY(filter_->finish());
    drain_filter();
  }
  if (input_->live()) {
    // A closed connection and a reset one look the same here, and a live source has no end.
    return Error{Errc::kSourceLost, name() + ": the connection was closed"};
  }
  if (config_.loop && kind_ == InputKind::kFile && (delivered_in_round_ > 0 || !ready_.empty())) {
    return ready_.empty() ? restart() : Result<void>();
  }
  ended_ = true;
  return {};
}

/// Opens the file anew: seeking would not bring every demuxer back to the very same packets.
Result<void> AvSource::restart() {
  const Position& main = positions_[main_];
  if (main.last_dts != kNoTicks && main.first_dts != kNoTicks) {
    shift_ = main.last_dts + std::max<std::int64_t>(main.step, 1) - main.first_dts;
  }
  input_.reset();
  const std::vector<Track> before = picked_.tracks;
  auto input = open_input();
  if (!input) {
    ended_ = true;
    return Error{Errc::kSourceLost, std::move(input).error().message};
  }
  input_ = *std::move(input);
  CLIPBUF_TRY_SET(picked_, pick_tracks(*input_, config_, name()));
  if (picked_.tracks.size() != before.size()) {
    return Error{Errc::kSourceLost, name() + ": its tracks changed while it was looped"};
  }
  CLIPBUF_TRY(start());
  announce_ = picked_.tracks != before;
  ++rounds_;
  delivered_in_round_ = 0;
  interrupt_->arm(config_.read_timeout);
  return {};
}

/// Nothing when reading may go on.
Result<void> AvSource::fault(int code) {
  if (code == AVERROR(EAGAIN)) {
    if (interrupt_->sleep_for(std::chrono::milliseconds(5))) return {};
    return input_->error_of(AVERROR_EXIT, Errc::kCancelled);
  }
  if (code == AVERROR_INVALIDDATA && ++bad_reads_ < kMaxBadReads) return {};
  if (code == AVERROR(EIO) && input_->live() && !interrupt_->stop()) {
    return Error{Errc::kSourceLost, name() + ": the connection was closed"};
  }
  Error error = input_->error_of(code, Errc::kSourceLost);
  if (error.code == Errc::kEndOfStream || error.code == Errc::kStorageFull) {
    error.code = Errc::kSourceLost;
  }
  return error;
}

void AvSource::stamp_by_arrival(AVPacket& packet) const {
  packet.pts = packet.dts = system_clock().steady().count();
  packet.duration = 0;
}

/// Gives a packet its place in the time of all rounds; false when it has none.
bool AvSource::place(Entry& entry) {
  AVPacket& packet = *entry.packet;
  Position& position = positions_[entry.track];
  const std::int64_t own = dts_of(packet);
  if (own != AV_NOPTS_VALUE && position.first_dts == kNoTicks) position.first_dts = own;
  if (shift_ != 0) {
    const std::int64_t shift = av_rescale_q(shift_, to_av(picked_.tracks[main_].time_base),
                                            to_av(picked_.tracks[entry.track].time_base));
    if (packet.pts != AV_NOPTS_VALUE) packet.pts += shift;
    if (packet.dts != AV_NOPTS_VALUE) packet.dts += shift;
  }
  const std::int64_t dts = dts_of(packet);
  if (dts == AV_NOPTS_VALUE) return true;
  // Audio that outlasts the picture would overlap with the next round's.
  if (rounds_ > 0 && position.last_dts != kNoTicks && dts <= position.last_dts) return false;
  if (packet.duration > 0) {
    position.step = packet.duration;
  } else if (position.last_dts != kNoTicks && dts > position.last_dts) {
    position.step = dts - position.last_dts;
  }
  position.last_dts = dts;
  return true;
}

/// The first packet that is ready, when it is due.
Result<SourceItem> AvSource::deliver() {
  Entry entry = std::move(ready_.front());
  ready_.pop_front();
  const AVPacket& packet = *entry.packet;
  const std::int64_t dts = dts_of(packet);
  // Paced by one track alone: the others lie beside it in the file, and may lie there badly.
  const bool paced = kind_ == InputKind::kFile && config_.realtime && entry.track == main_;
  if (paced && dts != AV_NOPTS_VALUE) {
    const Duration media = to_duration(dts, picked_.tracks[entry.track].time_base);
    const SteadyTime due = pacer_.due(media, std::chrono::steady_clock::now());
    if (!interrupt_->sleep_until(due)) return Error{Errc::kCancelled, name() + ": cancelled"};
  }
  Packet out;
  out.track = static_cast<TrackId>(entry.track);
  out.key = (packet.flags & AV_PKT_FLAG_KEY) != 0;
  out.hidden = (packet.flags & AV_PKT_FLAG_DISCARD) != 0;
  out.pts = packet.pts == AV_NOPTS_VALUE ? kNoTicks : packet.pts;
  out.dts = packet.dts == AV_NOPTS_VALUE ? kNoTicks : packet.dts;
  out.duration = std::max<std::int64_t>(packet.duration, 0);
  out.data = std::as_bytes(std::span(packet.data, static_cast<std::size_t>(packet.size)));
  if (live_) out.arrival = system_clock().steady();
  out.owner = std::shared_ptr<const AVPacket>(std::move(entry.packet));
  ++delivered_in_round_;
  return SourceItem(std::move(out));
}

}  // namespace clipbuf::detail
