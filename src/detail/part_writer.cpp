#include "detail/part_writer.hpp"

#include "detail/gap_reason.hpp"
#include "detail/rescale.hpp"
#include "detail/try.hpp"

#include <algorithm>

namespace clipbuf::detail {
namespace {

// Room before the first picture for the priming of an audio encoder: no time in a fragmented file
// is negative.
constexpr Duration kPriming = std::chrono::milliseconds(100);

const ContainerInfo& part_container() {
  return *container_info(Container::kFragmentedMp4);
}

bool same_picture(const Track& a, const Track& b) {
  return a.codec == b.codec && a.width == b.width && a.height == b.height &&
         (a.extradata == b.extradata || can_change_parameters(a.codec));
}

}  // namespace

Result<void> PartWriter::add(const SegmentEntry& entry, const Packet& packet) {
  if (entry.run != run_ || lost_) {
    if (packet.track != entry.run->main_track || !packet.key)
      return {};  // a run begins with its key picture
    CLIPBUF_TRY(begin_run(entry, packet));
  }
  const std::size_t stream = stream_of_[packet.track];
  if (stream == streams_.size()) return {};
  const Track& track = *run_->tracks[packet.track];
  return packet.track == run_->main_track ? write_main(entry, packet, track)
                                          : write_audio(packet, track);
}

Result<void> PartWriter::begin_run(const SegmentEntry& entry, const Packet& first) {
  const Track& track = *entry.run->tracks[first.track];
  if (streams_.empty()) {
    CLIPBUF_TRY(open_file(*entry.run));
  } else if (entry.run != run_ && !streams_[0].encode && !same_picture(streams_[0].track, track)) {
    return Error{Errc::kUnsupported, "the recording ends where " + streams_[0].track.codec + " " +
                                         std::to_string(streams_[0].track.width) + "x" +
                                         std::to_string(streams_[0].track.height) + " became " +
                                         track.codec + " " + std::to_string(track.width) + "x" +
                                         std::to_string(track.height)};
  }
  place(entry, first, track);
  lost_ = false;
  run_ = entry.run;
  return adopt(*entry.run);
}

// Where the run goes on the file's timeline: later by as much as the wall clock says, unless the
// clock was set or gaps are to be left out.
void PartWriter::place(const SegmentEntry& entry, const Packet& first, const Track& track) {
  const Duration media = to_duration(std::min(first.dts, first.pts), track.time_base);
  const Timestamp wall = entry.wall(to_duration(first.pts, track.time_base));
  if (!run_) {
    if (audio_) at_ = kPriming;
    wall_of_zero_ = entry.wall(media) - at_;
  } else {
    const GapReason reason = lost_ ? GapReason::kDropped : gap_reason(entry.run->reason);
    const Duration apart = wall - end_;
    const bool hold =
        options_.gaps == GapPolicy::kHold && reason != GapReason::kClockStep && apart > Duration{0};
    at_ = file_end_ + (hold ? apart : Duration{0});
    // Decoding starts before the first picture is shown; the file's decoding order must keep
    // rising.
    at_ -= to_duration(first.pts, track.time_base) - media;
    if (apart != Duration{0})
      gaps_.push_back({{std::min(end_, wall), std::max(end_, wall)}, reason});
  }
  media_zero_ = media;
  wall_at_ = entry.wall(media);
}

void PartWriter::choose_streams(const Run& run) {
  const Track& main = *run.tracks[run.main_track];
  streams_.push_back(
      {main, !lists(part_container().copy_video, main.codec) && main.kind == TrackKind::kVideo});
  if (main.kind == TrackKind::kAudio) streams_[0].encode = false;
  for (std::size_t id = 0; options_.audio && id < run.tracks.size() && streams_.size() < 2; ++id) {
    const Track& track = *run.tracks[id];
    if (id == run.main_track || track.kind != TrackKind::kAudio) continue;
    streams_.push_back({track, !lists(part_container().copy_audio, track.codec)});
  }
}

Result<void> PartWriter::open_file(const Run& run) {
  CLIPBUF_TRY_SET(file_, GrowingFile::create(options_.path));
  choose_streams(run);
  MuxOptions mux;
  mux.container = &part_container();
  mux.creation = options_.begin;
  if (streams_[0].track.codec == "hevc")
    mux.video_tag = "hev1";  // parameter sets may change in band
  muxer_.emplace(std::move(mux), *file_, streams_.size());
  for (std::size_t i = 0; i < streams_.size(); ++i)
    CLIPBUF_TRY(open_stream(i));
  return {};
}

Result<void> PartWriter::open_stream(std::size_t index) {
  Stream& stream = streams_[index];
  if (stream.track.kind == TrackKind::kAudio && stream.encode) {
    CLIPBUF_TRY_SET(audio_, AudioTranscoder::open(stream.track, part_container().encode_audio));
    audio_->set_range(kPriming, std::chrono::hours(24 * 366));
    return muxer_->set_track(index, audio_->track());
  }
  if (stream.encode) {
    VideoCodec::Options encoder;
    encoder.encoder = std::string(part_container().encode_video);
    encoder.pixel_format = "yuv420p";
    if (stream.track.frame_rate.num > 0) encoder.frame_rate = stream.track.frame_rate;
    video_.emplace(encoder, stream.track, [this](const Packet& packet) -> Result<void> {
      if (!muxer_->has_track(0)) CLIPBUF_TRY(muxer_->set_track(0, video_->track()));
      return mux(0, packet);
    });
    return {};
  }
  Track track = stream.track;
  if (track.kind == TrackKind::kVideo) {
    CLIPBUF_TRY_SET(const AnnexB sets, AnnexB::open(track));
    track.extradata = sets.extradata();
    const bool in_band = track.extradata.empty() && lists("h264 hevc av1 mpeg4", track.codec);
    if (in_band) return {};  // the first key packet brings them
  }
  return muxer_->set_track(index, std::move(track));
}

// The run's tracks onto the file's streams.
Result<void> PartWriter::adopt(const Run& run) {
  stream_of_.assign(run.tracks.size(), streams_.size());
  stream_of_[run.main_track] = 0;
  for (std::size_t id = 0; streams_.size() > 1 && id < run.tracks.size(); ++id) {
    const Track& track = *run.tracks[id];
    const bool fits = track.codec == streams_[1].track.codec &&
                      track.sample_rate == streams_[1].track.sample_rate;
    if (id == run.main_track || track.kind != TrackKind::kAudio || !fits) continue;
    stream_of_[id] = 1;
    break;
  }
  const Track& main = *run.tracks[run.main_track];
  if (video_) {
    CLIPBUF_TRY_SET(auto decoder, options_.decoder(main));
    return video_->begin(std::move(decoder), main);
  }
  if (main.kind == TrackKind::kVideo) {
    CLIPBUF_TRY_SET(annex_b_, AnnexB::open(main));
  }
  return {};
}

Result<void> PartWriter::mux(std::size_t stream, const Packet& packet) {
  Packet out = packet;
  out.track = static_cast<TrackId>(stream);
  return muxer_->write(out);
}

Result<void> PartWriter::write_main(const SegmentEntry& entry, Packet packet, const Track& track) {
  const Rational base = streams_[0].track.time_base;
  const std::int64_t shift = to_ticks(at_, base);
  const std::int64_t zero = rescale(to_ticks(media_zero_, track.time_base), track.time_base, base);
  const auto out = [&](std::int64_t ticks) {
    return shift + rescale(ticks, track.time_base, base) - zero;
  };
  const Duration media = to_duration(packet.pts, track.time_base);
  const Timestamp wall = entry.wall(media);
  const std::int64_t nominal =
      track.frame_rate.num > 0
          ? rescale(1, {track.frame_rate.den, track.frame_rate.num}, track.time_base)
          : to_ticks(std::chrono::milliseconds(40), track.time_base);
  const Duration length =
      to_duration(packet.duration > 0 ? packet.duration : nominal, track.time_base);
  packet.pts = out(packet.pts);
  packet.dts = std::max(out(packet.dts), streams_[0].last_dts + 1);
  packet.pts = std::max(packet.pts, packet.dts);
  packet.duration = rescale(packet.duration, track.time_base, base);
  streams_[0].last_dts = packet.dts;
  file_end_ = std::max(file_end_, to_duration(packet.pts, base) + length);
  end_ = std::max(end_, wall + length);
  const bool wanted = wall >= options_.begin;
  frames_ += wanted ? 1 : 0;
  if (video_) return video_->push(packet, wanted);
  if (annex_b_) {
    CLIPBUF_TRY_SET(packet.data, annex_b_->convert(packet));
  }
  if (!muxer_->has_track(0)) {
    Track complete = streams_[0].track;
    complete.extradata = extradata_in_band(complete, packet);
    CLIPBUF_TRY(muxer_->set_track(0, std::move(complete)));
  }
  return mux(0, packet);
}

Result<void> PartWriter::write_audio(Packet packet, const Track& track) {
  Stream& stream = streams_[1];
  const Rational base = stream.track.time_base;
  const std::int64_t pts =
      rescale(packet.pts, track.time_base, base) - to_ticks(media_zero_ - at_, base);
  if (pts < 0 || pts <= stream.last_dts) return {};
  stream.last_dts = packet.pts = packet.dts = pts;
  packet.duration = rescale(packet.duration, track.time_base, base);
  const auto sink = [this](const Packet& encoded) { return mux(1, encoded); };
  return audio_ ? audio_->push(packet, sink) : mux(1, packet);
}

Result<void> PartWriter::close() {
  if (streams_.empty()) return {};
  if (video_) CLIPBUF_TRY(video_->flush());
  if (audio_) CLIPBUF_TRY(audio_->flush([this](const Packet& encoded) { return mux(1, encoded); }));
  const std::vector<std::int64_t> lengths(streams_.size(), 0);
  return muxer_->finish(lengths);
}

}  // namespace clipbuf::detail
