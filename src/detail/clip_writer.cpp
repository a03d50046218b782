#include "detail/clip_writer.hpp"

#include "detail/audio_transcoder.hpp"
#include "detail/deferred_muxer.hpp"
#include "detail/parameter_sets.hpp"
#include "detail/picture_clips.hpp"
#include "detail/rescale.hpp"
#include "detail/try.hpp"
#include "detail/video_transcoder.hpp"

#include <algorithm>

namespace clipbuf::detail {
namespace {

// A decoder that starts in the middle may refuse that many.
constexpr std::int64_t kFewPackets = 3;

// What becomes of one stream.
enum class Way { kCopy, kEncode };

bool players_play(const ContainerInfo& container, const Track& track, bool insist) {
  return lists(container.copy_video, track.codec) ||
         (insist && lists(container.can_video, track.codec));
}

class ClipWriter {
 public:
  ClipWriter(const Snapshot& snapshot, const ContainerInfo& container, const SaveOptions& options,
             ByteTarget& target, const Step& step, bool allow_splice)
      : snapshot_(snapshot),
        container_(container),
        options_(options),
        target_(target),
        step_(step),
        allow_splice_(allow_splice) {}
  Result<ClipReport> run();
  bool splices() const { return copied_.has_value(); }

 private:
  Result<void> decide();
  void decide_video();
  void decide_audio();
  std::string why_encode() const;
  MuxOptions mux_options() const;
  Result<void> open_streams();
  Result<void> open_video(const PlanStream& stream);
  Result<void> open_audio(std::size_t index);
  VideoCodec::Options encoder_options(const Track& track) const;
  Result<void> begin_piece(const Piece& piece);
  Result<void> write_pieces();
  Result<void> write_next(const Packet& packet);
  Result<void> write_sample(std::size_t at, const Packet& stored);
  Result<void> write_video(std::size_t at, const Packet& packet);
  Result<void> take_encoded(const Packet& encoded);
  Result<void> copy(const Packet& packet);
  PacketSink audio_sink(std::size_t stream);
  Result<void> end_streams();
  std::vector<std::int64_t> lengths() const;
  ClipReport report() const;

  const Snapshot& snapshot_;
  const ContainerInfo& container_;
  const SaveOptions& options_;
  ByteTarget& target_;
  const Step& step_;
  const bool allow_splice_;
  bool hides_audio_ = true;

  CutPlan plan_;
  std::vector<Way> ways_;
  std::vector<std::string> notes_;
  std::optional<DeferredMuxer> muxer_;
  std::optional<VideoTranscoder> video_;
  std::optional<CopySpan> copied_;  // what need not be encoded though video_ encodes the rest
  std::optional<AnnexB>
      encoded_sets_;  // the encoder's own parameter sets, where copied_ has others
  std::shared_ptr<const Run> decoding_;  // the run that video_ decodes now
  const Piece* piece_ = nullptr;
  std::vector<std::unique_ptr<AudioTranscoder>> audio_;  // by stream; null: copied, or video
  std::int64_t copied_frames_ = 0;
  std::size_t at_ = 0;             // the sample that is written now
  std::size_t next_piece_ = 0;     // the first one that has not begun
  std::optional<AnnexB> annex_b_;  // of the piece that is copied now, where parameter sets differ
};

// Why the video can't be copied; empty when it can.
std::string ClipWriter::why_encode() const {
  const PlanStream& stream = plan_.streams[0];
  const std::string container(container_.name);
  if (!players_play(container_, stream.track, options_.copy_always)) {
    return stream.track.codec + " is not played in " + container;
  }
  if (!stream.same_shape || !(stream.same_parameters || can_change_parameters(stream.track.codec)))
    return "the picture's size or codec changes within the clip";
  if (plan_.hidden_middle) return "pictures out of range lie between two runs";
  const bool hidden = plan_.hidden_head || plan_.hidden_tail;
  if (hidden && options_.mode == CutMode::kReencode)
    return "only pictures in range may be in the file";
  if (hidden && options_.mode == CutMode::kExact && !container_.edit_lists)
    return container + " has no edit lists";
  return {};
}

void ClipWriter::decide_video() {
  const std::string why = why_encode();
  ways_.assign(plan_.streams.size(), Way::kCopy);
  if (why.empty()) return;
  ways_[0] = Way::kEncode;
  if (options_.mode != CutMode::kReencode) notes_.push_back("video re-encoded: " + why);
  // Only H.264 lets two encoders' pictures follow each other in one stream that everybody plays.
  const PlanStream& stream = plan_.streams[0];
  const bool splices = stream.track.codec == "h264" && stream.same_shape && !plan_.hidden_middle &&
                       lists("auto h264 libx264", options_.encoder) &&
                       container_.encode_video == "h264";
  if (splices && allow_splice_) copied_ = copy_span(plan_);
}

void ClipWriter::decide_audio() {
  for (std::size_t i = plan_.has_video() ? 1 : 0; i < plan_.streams.size(); ++i) {
    const PlanStream& stream = plan_.streams[i];
    const bool fits = lists(container_.copy_audio, stream.track.codec) && stream.same_parameters;
    // A decoder gets the first packets wrong unless it is given those before them, and these must
    // be hidden.
    const bool begins_right =
        hides_audio_ || stream.track.codec.starts_with("pcm_") || stream.track.codec == "flac";
    ways_[i] = fits && begins_right ? Way::kCopy : Way::kEncode;
    if (!fits)
      notes_.push_back("audio re-encoded: " + stream.track.codec + " in " +
                       std::string(container_.name));
  }
}

Result<void> ClipWriter::decide() {
  CutRequest request{options_.mode, options_.gaps, options_.audio};
  hides_audio_ = container_.edit_lists && options_.mode != CutMode::kReencode;
  CLIPBUF_TRY_SET(plan_, plan_cut(snapshot_, request));
  ways_.assign(plan_.streams.size(), Way::kCopy);
  if (plan_.has_video()) decide_video();
  decide_audio();
  if (plan_.has_video() && ways_[0] == Way::kCopy && !container_.edit_lists &&
      options_.mode == CutMode::kKeyframe) {
    request.hide_video = false;
    CLIPBUF_TRY_SET(plan_, plan_cut(snapshot_, request));
  }
  return {};
}

MuxOptions ClipWriter::mux_options() const {
  MuxOptions mux;
  mux.container = &container_;
  mux.creation = plan_.delivered.begin;
  MuxCounts counts;
  for (const Sample& sample : plan_.samples) {
    if (sample.stream == Sample::kUnused) continue;
    ++(sample.stream == 0 && plan_.has_video() ? counts.video_packets : counts.audio_packets);
    counts.payload_bytes += sample.bytes;
  }
  for (std::size_t i = 0; i < plan_.streams.size(); ++i) {
    counts.extradata_bytes += plan_.streams[i].track.extradata.size() + 4096;
    // An encoder makes its own number of packets, of its own size.
    if (ways_[i] == Way::kEncode)
      counts.audio_packets +=
          256 + static_cast<std::size_t>(plan_.delivered.length() / std::chrono::milliseconds(10));
  }
  mux.head_bytes = container_.edit_lists ? head_bytes_for(counts) : 0;
  const bool hevc =
      plan_.has_video() && ways_[0] == Way::kCopy && plan_.streams[0].track.codec == "hevc";
  // Apple's players want parameter sets out of band; with several sets that can't be.
  if (hevc && container_.muxer != "matroska" && container_.muxer != "mpegts") {
    mux.video_tag = plan_.streams[0].same_parameters ? "hvc1" : "hev1";
  }
  return mux;
}

VideoCodec::Options ClipWriter::encoder_options(const Track& track) const {
  VideoCodec::Options encoder;
  encoder.encoder =
      options_.encoder == "auto" ? std::string(container_.encode_video) : options_.encoder;
  encoder.quality = options_.quality;
  if (track.frame_rate.num > 0) encoder.frame_rate = track.frame_rate;
  // What came in a codec that is played keeps its depth and chroma; the rest becomes what everybody
  // plays.
  encoder.pixel_format = lists(container_.copy_video, track.codec) ? track.pixel_format : "yuv420p";
  return encoder;
}

Result<void> ClipWriter::open_video(const PlanStream& stream) {
  if (ways_[0] == Way::kEncode) {
    video_.emplace(encoder_options(stream.track), stream.track,
                   [this](const Packet& encoded) { return take_encoded(encoded); });
    return {};
  }
  Track track = stream.track;
  if (!stream.same_parameters) {
    CLIPBUF_TRY_SET(const AnnexB sets, AnnexB::open(track));
    track.extradata = sets.extradata();
  }
  // Parameter sets that came only in band: the first key packet has them; copy() sets the track
  // then.
  const bool in_band = track.extradata.empty() && lists("h264 hevc av1 mpeg4", track.codec);
  return in_band ? Result<void>{} : muxer_->set_track(0, std::move(track));
}

Result<void> ClipWriter::take_encoded(const Packet& encoded) {
  Packet packet = encoded;
  packet.track = 0;
  if (copied_) {
    if (!encoded_sets_) {
      const Track made = video_->track();
      if (made.codec != "h264" || made.pixel_format != plan_.streams[0].track.pixel_format) {
        return Error{Errc::kUnsupported,
                     "the encoder makes " + made.codec + " " + made.pixel_format};
      }
      CLIPBUF_TRY_SET(encoded_sets_, AnnexB::open(made));
    }
    // Decoded as early as the copied pictures are, so that decoding order rises across the seam.
    packet.dts = packet.pts - copied_->delay;
    CLIPBUF_TRY_SET(packet.data, encoded_sets_->convert(packet));
  }
  if (!muxer_->has_track(0)) CLIPBUF_TRY(muxer_->set_track(0, video_->track()));
  return muxer_->write(packet);
}

Result<void> ClipWriter::open_audio(std::size_t index) {
  const PlanStream& stream = plan_.streams[index];
  if (ways_[index] == Way::kCopy) return muxer_->set_track(index, stream.track);
  auto& audio = audio_[index];
  CLIPBUF_TRY_SET(audio, AudioTranscoder::open(stream.track, container_.encode_audio));
  audio->set_range(Duration{0}, to_duration(stream.length, stream.track.time_base));
  return muxer_->set_track(index, audio->track());
}

Result<void> ClipWriter::open_streams() {
  audio_.resize(plan_.streams.size());
  for (std::size_t i = 0; i < plan_.streams.size(); ++i) {
    CLIPBUF_TRY(plan_.streams[i].track.kind == TrackKind::kVideo ? open_video(plan_.streams[i])
                                                                 : open_audio(i));
  }
  return {};
}

Result<void> ClipWriter::begin_piece(const Piece& piece) {
  piece_ = &piece;
  annex_b_.reset();
  for (std::size_t id = 0; id < piece.stream_of.size(); ++id) {
    const std::size_t stream = piece.stream_of[id];
    if (stream < audio_.size() && audio_[stream]) {
      CLIPBUF_TRY(audio_[stream]->change_input(*piece.run->tracks[id], audio_sink(stream)));
    }
  }
  if (!plan_.has_video()) return {};
  const Track& track = *piece.run->tracks[piece.run->main_track];
  const bool in_band = copied_ || (ways_[0] == Way::kCopy && !plan_.streams[0].same_parameters);
  if (in_band) {
    CLIPBUF_TRY_SET(annex_b_, AnnexB::open(track));
  }
  return {};
}

Result<void> ClipWriter::copy(const Packet& packet) {
  Packet out = packet;
  if (packet.track == 0 && annex_b_) {
    CLIPBUF_TRY_SET(out.data, annex_b_->convert(packet));
  }
  if (!muxer_->has_track(packet.track)) {
    Track track = plan_.streams[packet.track].track;
    track.extradata = annex_b_ ? annex_b_->extradata() : track.extradata;
    if (track.extradata.empty()) track.extradata = extradata_in_band(track, out);
    CLIPBUF_TRY(muxer_->set_track(packet.track, std::move(track)));
  }
  return muxer_->write(out);
}

Result<void> ClipWriter::write_sample(std::size_t at, const Packet& stored) {
  const Sample& sample = plan_.samples[at];
  Packet packet = stored;
  packet.track = sample.stream;
  packet.key = sample.key;
  packet.pts = sample.pts;
  packet.dts = sample.dts;
  packet.duration = sample.duration;
  if (ways_[sample.stream] == Way::kCopy) return copy(packet);
  return video_ && sample.stream == 0
             ? write_video(at, packet)
             : audio_[sample.stream]->push(packet, audio_sink(sample.stream));
}

Result<void> ClipWriter::write_video(std::size_t at, const Packet& packet) {
  if (copied_ && at >= copied_->begin && at < copied_->end) {
    if (decoding_) CLIPBUF_TRY(video_->flush());
    decoding_.reset();
    ++copied_frames_;
    return copy(packet);
  }
  if (decoding_ != piece_->run) {
    const Track& track = *piece_->run->tracks[piece_->run->main_track];
    CLIPBUF_TRY_SET(auto decoder, snapshot_.decoder(track));
    CLIPBUF_TRY(video_->begin(std::move(decoder), track));
    decoding_ = piece_->run;
  }
  CLIPBUF_TRY(video_->push(packet, plan_.samples[at].shown));
  // Encoding is slow: let it be cancelled within a frame.
  return step_(0.98 * static_cast<double>(at) / static_cast<double>(plan_.samples.size()));
}

PacketSink ClipWriter::audio_sink(std::size_t stream) {
  return [this, stream](const Packet& encoded) {
    Packet packet = encoded;
    packet.track = static_cast<TrackId>(stream);
    return muxer_->write(packet);
  };
}

// Walks the segments again, in step with the plan's samples.
Result<void> ClipWriter::write_pieces() {
  for (const SegmentEntry& entry : snapshot_.segments) {
    CLIPBUF_TRY(step_(0.98 * static_cast<double>(at_) / static_cast<double>(plan_.samples.size())));
    CLIPBUF_TRY_SET(const auto reader, entry.segment->read());
    for (;; ++at_) {
      CLIPBUF_TRY_SET(const Packet* packet, reader->next());
      if (packet == nullptr) break;
      CLIPBUF_TRY(write_next(*packet));
    }
  }
  return {};
}

Result<void> ClipWriter::write_next(const Packet& packet) {
  if (plan_.samples[at_].stream == Sample::kUnused) return {};
  while (next_piece_ < plan_.pieces.size() && at_ >= plan_.pieces[next_piece_].first) {
    CLIPBUF_TRY(begin_piece(plan_.pieces[next_piece_++]));
  }
  return write_sample(at_, packet);
}

std::vector<std::int64_t> ClipWriter::lengths() const {
  std::vector<std::int64_t> lengths;
  for (std::size_t i = 0; i < plan_.streams.size(); ++i) {
    const auto& track = muxer_->track(i);
    const PlanStream& stream = plan_.streams[i];
    lengths.push_back(rescale(stream.length, stream.track.time_base,
                              track ? track->time_base : stream.track.time_base));
  }
  return lengths;
}

Result<void> ClipWriter::end_streams() {
  if (video_) CLIPBUF_TRY(video_->flush());
  for (std::size_t i = 0; i < audio_.size(); ++i) {
    if (audio_[i]) CLIPBUF_TRY(audio_[i]->flush(audio_sink(i)));
  }
  return muxer_->finish(lengths());
}

ClipReport ClipWriter::report() const {
  ClipReport report = report_of(snapshot_, plan_);
  report.mode = options_.mode;
  report.container = container_.container;
  report.bytes = muxer_->bytes();
  for (const PlanStream& stream : plan_.streams) {
    const std::size_t i = static_cast<std::size_t>(&stream - plan_.streams.data());
    const std::string codec = muxer_->track(i) ? muxer_->track(i)->codec : stream.track.codec;
    (stream.track.kind == TrackKind::kVideo ? report.video_codec : report.audio_codec) = codec;
  }
  if (video_) {
    report.frames = video_->frames() + copied_frames_;
    report.reencoded_frames = video_->frames();
    if (options_.mode != CutMode::kKeyframe) report.lead_in = Duration{0};
  }
  if (video_ && video_->undecodable() > 0) {
    report.complete = false;
    report.note = std::to_string(video_->undecodable()) + " pictures could not be decoded";
  }
  for (const auto& audio : audio_) {
    if (!audio || audio->undecodable() <= kFewPackets) continue;
    report.note += (report.note.empty() ? "" : "; ") + std::to_string(audio->undecodable()) +
                   " audio packets could not be decoded";
  }
  for (const std::string& note : notes_)
    report.note += (report.note.empty() ? "" : "; ") + note;
  return report;
}

Result<ClipReport> ClipWriter::run() {
  CLIPBUF_TRY(decide());
  muxer_.emplace(mux_options(), target_, plan_.streams.size());
  CLIPBUF_TRY(open_streams());
  CLIPBUF_TRY(write_pieces());
  CLIPBUF_TRY(end_streams());
  CLIPBUF_TRY(step_(1.0));
  return report();
}

}  // namespace

ClipReport report_of(const Snapshot& snapshot, const CutPlan& plan) {
  ClipReport report;
  report.requested = snapshot.requested;
  report.delivered = plan.delivered;
  report.frames = plan.has_video() ? plan.frames : 0;
  report.audio_packets = plan.has_video() ? plan.audio_packets : plan.frames;
  report.lead_in = plan.lead_in;
  report.gaps = snapshot.gaps;
  report.complete = std::all_of(report.gaps.begin(), report.gaps.end(),
                                [](const Gap& gap) { return gap.reason == GapReason::kClockStep; });
  for (const PlanStream& stream : plan.streams) {
    (stream.track.kind == TrackKind::kVideo ? report.video_codec : report.audio_codec) =
        stream.track.codec;
  }
  return report;
}

Result<ClipReport> write_clip(const Snapshot& snapshot, Container container,
                              const SaveOptions& options, ByteTarget& target, const Step& step) {
  const ContainerInfo* info = container_info(container);
  if (info == nullptr) return Error{Errc::kInvalidArgument, "no such container"};
  if (info->muxer.empty()) return write_pictures(snapshot, container, options, target, step);
  ClipWriter writer(snapshot, *info, options, target, step, true);
  auto report = writer.run();
  if (!report && report.error().code == Errc::kUnsupported && writer.splices()) {
    // This machine's encoder makes something that the copied pictures can't follow.
    report = ClipWriter(snapshot, *info, options, target, step, false).run();
  }
  if (report || report.error().code != Errc::kNothingInRange || !snapshot.placeholder)
    return report;
  return write_placeholder(snapshot, *info, options, target, step);
}

ClipReport preview_clip(const Snapshot& snapshot) {
  auto plan = plan_cut(snapshot, {});
  ClipReport report;
  report.requested = snapshot.requested;
  report.gaps = snapshot.gaps;
  report.placeholder = snapshot.placeholder;
  return plan ? report_of(snapshot, *plan) : report;
}

}  // namespace clipbuf::detail
