#include "source/av_tracks.hpp"

#include "detail/av.hpp"

#include <cmath>
#include <cstring>

namespace clipbuf::detail {
namespace {

void read_rotation(const AVStream& stream, Track& track) {
  constexpr std::size_t kBytes = sizeof(track.display_matrix);
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVPacketSideData* side =
      av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data,
                              AV_PKT_DATA_DISPLAYMATRIX);
  const std::uint8_t* data = side == nullptr || side->size < kBytes ? nullptr : side->data;
#else
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (size < kBytes) data = nullptr;
#endif
  if (data != nullptr) std::memcpy(track.display_matrix.data(), data, kBytes);
}

/// Encoders for variable rates write the tick of their clock, a million per second, as the frame
/// rate.
bool usable(const AVRational& rate) {
  return rate.num > 0 && rate.den > 0 && av_q2d(rate) <= 1000;
}

Track make_track(const AVStream& stream) {
  Track track = track_from(*stream.codecpar, stream.time_base);
  if (track.kind != TrackKind::kVideo) return track;
  read_rotation(stream, track);
  if (usable(stream.avg_frame_rate)) {
    track.frame_rate = from_av(stream.avg_frame_rate);
  } else if (usable(stream.r_frame_rate)) {
    track.frame_rate = from_av(stream.r_frame_rate);
  }
  if (stream.sample_aspect_ratio.num > 0) {
    track.sample_aspect_ratio = from_av(stream.sample_aspect_ratio);
  }
  return track;
}

bool is_picture(const AVStream& stream) {
  return (stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) !=
         0;
}

bool is_wanted(const AVStream& stream, bool audio, bool have_video) {
  const AVCodecParameters& p = *stream.codecpar;
  if (p.codec_id == AV_CODEC_ID_NONE) return false;
  if (p.codec_type == AVMEDIA_TYPE_VIDEO) return !have_video && !is_picture(stream);
  return p.codec_type == AVMEDIA_TYPE_AUDIO && audio && p.sample_rate > 0;
}

/// Not by printf: its decimal point follows the host's locale.
std::string rate_text(Rational rate) {
  const double fps = static_cast<double>(rate.num) / static_cast<double>(rate.den);
  const auto hundredths = std::llround(fps * 100);
  std::string text = std::to_string(hundredths / 100);
  if (hundredths % 100 != 0) {
    const std::string digits = std::to_string(100 + hundredths % 100).substr(1);
    text += "." + (digits[1] == '0' ? digits.substr(0, 1) : digits);
  }
  return text + " fps";
}

}  // namespace

Result<AvTracks> pick_tracks(AvInput& input, const Config& config, const std::string& name) {
  AvTracks out;
  bool have_video = false;
  AVFormatContext& context = input.context();
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    AVStream& stream = *context.streams[i];
    if (!is_wanted(stream, config.audio, have_video)) {
      stream.discard = AVDISCARD_ALL;
      out.track_of_stream.push_back(-1);
      continue;
    }
    out.track_of_stream.push_back(static_cast<int>(out.tracks.size()));
    out.stream_of_track.push_back(i);
    out.tracks.push_back(make_track(stream));
    const Track& track = out.tracks.back();
    if (track.kind != TrackKind::kVideo) continue;
    have_video = true;
    if (track.width > 0 && track.height > 0) continue;
    return Error{Errc::kSourceUnavailable,
                 name + ": the size of its " + track.codec + " picture did not come in time"};
  }
  if (out.tracks.empty()) {
    return Error{Errc::kSourceUnavailable, name + ": no video" + (config.audio ? " or audio" : "") +
                                               " among " + std::to_string(context.nb_streams) +
                                               " streams"};
  }
  return out;
}

std::string describe(const std::vector<Track>& tracks) {
  std::string out;
  for (const Track& track : tracks) {
    if (!out.empty()) out += ", ";
    out += track.codec;
    if (track.kind == TrackKind::kVideo) {
      out += " " + std::to_string(track.width) + "x" + std::to_string(track.height);
      if (track.frame_rate.num > 0) out += " " + rate_text(track.frame_rate);
    } else if (track.kind == TrackKind::kAudio) {
      out += " " + std::to_string(track.sample_rate) + " Hz";
    }
  }
  return out;
}

}  // namespace clipbuf::detail
