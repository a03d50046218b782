#include "detail/mux.hpp"

#include "detail/av.hpp"
#include "detail/mp4_patch.hpp"
#include "detail/try.hpp"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cstring>
#include <numeric>

namespace clipbuf::detail {

Result<void> MemoryTarget::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  try {
    if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
  } catch (const std::bad_alloc&) {
    return Error{Errc::kOutOfMemory,
                 "no memory for a clip of " + std::to_string(offset + bytes.size()) + " bytes"};
  }
  std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

std::size_t head_bytes_for(const MuxCounts& counts) {
  // Per sample: stsz 4, stts 8; video also ctts 8, stss 4. A chunk (stsc 12, co64 8) ends where the
  // streams take turns, and after a megabyte.
  const std::size_t samples = counts.video_packets * 24 + counts.audio_packets * 12;
  const std::size_t turns = 2 * std::min(counts.video_packets, counts.audio_packets) + 2;
  const std::size_t chunks =
      (turns + static_cast<std::size_t>(counts.payload_bytes >> 20) + 16) * 20;
  return samples + chunks + 2 * counts.extradata_bytes + 8192;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
using AvioBytes = const std::uint8_t*;
#else
using AvioBytes = std::uint8_t*;
#endif

struct Muxer::Impl {
  ByteTarget* target = nullptr;
  AvIoPtr io;
  AvOutputPtr format;
  AvPacketPtr packet{av_packet_alloc()};
  std::vector<Rational> time_bases;    // as the caller counts
  std::vector<std::int64_t> last_dts;  // as the container counts
  std::vector<std::byte> head;         // the file's beginning, kept back until it is right
  std::size_t head_limit = 0;
  std::uint64_t position = 0;
  std::uint64_t size = 0;
  std::optional<Error> io_error;
  bool edits = false;

  Result<void> store(std::span<const std::byte> bytes);
  Error failure(int code, const std::string& what) {
    return io_error ? *io_error : av_error(code, what, Errc::kUnsupported);
  }

  static int write(void* opaque, AvioBytes data, int size);
  static std::int64_t seek(void* opaque, std::int64_t offset, int whence);
};

Result<void> Muxer::Impl::store(std::span<const std::byte> bytes) {
  if (position < head_limit) {
    const std::size_t at = static_cast<std::size_t>(position);
    const std::size_t part = std::min(bytes.size(), head_limit - at);
    if (head.size() < at + part) head.resize(at + part);
    std::copy_n(bytes.begin(), part, head.begin() + static_cast<std::ptrdiff_t>(at));
    position += part;
    bytes = bytes.subspan(part);
  }
  if (!bytes.empty()) {
    CLIPBUF_TRY(target->write_at(position, bytes));
    position += bytes.size();
  }
  size = std::max(size, position);
  return {};
}

int Muxer::Impl::write(void* opaque, AvioBytes data, int size) {
  auto& self = *static_cast<Impl*>(opaque);
  if (self.io_error) return AVERROR(EIO);
  auto stored =
      self.store({reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)});
  if (stored) return size;
  self.io_error = std::move(stored).error();
  return AVERROR(EIO);
}

std::int64_t Muxer::Impl::seek(void* opaque, std::int64_t offset, int whence) {
  auto& self = *static_cast<Impl*>(opaque);
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return static_cast<std::int64_t>(self.size);
    case SEEK_CUR:
      offset += static_cast<std::int64_t>(self.position);
      break;
    case SEEK_END:
      offset += static_cast<std::int64_t>(self.size);
      break;
    default:
      break;
  }
  if (offset < 0) return AVERROR(EINVAL);
  self.position = static_cast<std::uint64_t>(offset);
  return offset;
}

namespace {

// The MP4 timescale for a time base: it must count every tick exactly, give audio and video edits
// room for their rounding, and leave 32-bit sample durations room for long pauses.
int mp4_timescale(Rational time_base) {
  constexpr std::int64_t kFine = 10'000;
  constexpr std::int64_t kCoarsest = 10'000'000;
  std::int64_t scale = time_base.den;
  if (scale > kCoarsest) return 1'000'000;
  while (scale < kFine)
    scale *= 2;
  return static_cast<int>(scale);
}

int movie_timescale(std::span<const Track> tracks) {
  std::int64_t scale = 1;
  for (const Track& track : tracks) {
    const std::int64_t own =
        track.kind == TrackKind::kAudio ? track.sample_rate : mp4_timescale(track.time_base);
    const std::int64_t both = std::lcm(scale, std::max<std::int64_t>(own, 1));
    if (both <= std::numeric_limits<int>::max()) scale = both;
  }
  return static_cast<int>(std::max<std::int64_t>(scale, 1000));
}

void set_display_matrix(AVStream& stream, const Track& track) {
  if (std::all_of(track.display_matrix.begin(), track.display_matrix.end(),
                  [](auto v) { return v == 0; }))
    return;
  constexpr std::size_t kBytes = sizeof(track.display_matrix);
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  AVPacketSideData* side = av_packet_side_data_new(&stream.codecpar->coded_side_data,
                                                   &stream.codecpar->nb_coded_side_data,
                                                   AV_PKT_DATA_DISPLAYMATRIX, kBytes, 0);
  std::uint8_t* data = side != nullptr ? side->data : nullptr;
#else
  std::uint8_t* data = av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, kBytes);
#endif
  if (data != nullptr) std::memcpy(data, track.display_matrix.data(), kBytes);
}

Result<void> add_stream(AVFormatContext& format, const Track& track, const std::string& video_tag) {
  CLIPBUF_TRY_SET(AvCodecParametersPtr parameters, parameters_from(track));
  AVStream* stream = avformat_new_stream(&format, nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, parameters.get()) < 0) {
    return Error{Errc::kOutOfMemory, "no memory for a stream"};
  }
  stream->codecpar->codec_tag = 0;
  if (track.kind == TrackKind::kVideo && video_tag.size() == 4) {
    for (std::size_t i = 4; i-- > 0;) {  // the first letter is the lowest byte
      stream->codecpar->codec_tag =
          stream->codecpar->codec_tag << 8 | static_cast<unsigned char>(video_tag[i]);
    }
  }
  stream->time_base = to_av(track.time_base);
  stream->avg_frame_rate = to_av(track.frame_rate);
  stream->sample_aspect_ratio = to_av(track.sample_aspect_ratio);
  set_display_matrix(*stream, track);
  return {};
}

AVDictionary* mp4_options(const MuxOptions& options, std::span<const Track> tracks) {
  AVDictionary* dictionary = nullptr;
  if (options.container->container == Container::kFragmentedMp4) {
    av_dict_set(&dictionary, "movflags", "empty_moov+default_base_moof+frag_keyframe", 0);
    av_dict_set(&dictionary, "frag_duration", "500000", 0);
  } else if (options.container->edit_lists) {
    av_dict_set_int(&dictionary, "moov_size", static_cast<std::int64_t>(options.head_bytes), 0);
    av_dict_set_int(&dictionary, "movie_timescale", movie_timescale(tracks), 0);
    av_dict_set_int(&dictionary, "use_editlist", 1, 0);
    av_dict_set_int(&dictionary, "write_tmcd", 0, 0);
  }
  const auto video = std::find_if(tracks.begin(), tracks.end(),
                                  [](const Track& t) { return t.kind == TrackKind::kVideo; });
  if (video != tracks.end() && options.container->muxer != "matroska" &&
      options.container->muxer != "webm" && options.container->muxer != "mpegts") {
    av_dict_set_int(&dictionary, "video_track_timescale", mp4_timescale(video->time_base), 0);
  }
  return dictionary;
}

}  // namespace

Muxer::Muxer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Muxer::~Muxer() = default;

Result<std::unique_ptr<Muxer>> Muxer::open(const MuxOptions& options, std::span<const Track> tracks,
                                           ByteTarget& target) {
  auto impl = std::make_unique<Impl>();
  impl->target = &target;
  impl->edits = options.container->edit_lists;
  impl->head_limit = impl->edits ? options.head_bytes + 4096 : 0;
  AVFormatContext* format = nullptr;
  const std::string name(options.container->muxer);
  if (const int code = avformat_alloc_output_context2(&format, nullptr, name.c_str(), nullptr);
      code < 0) {
    return av_error(code, "muxer " + name, Errc::kUnsupported);
  }
  impl->format.reset(format);
  for (const Track& track : tracks) {
    CLIPBUF_TRY(add_stream(*format, track, options.video_tag));
    impl->time_bases.push_back(track.time_base);
    impl->last_dts.push_back(std::numeric_limits<std::int64_t>::min());
  }
  constexpr int kIoBytes = 1 << 16;
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBytes));
  impl->io.reset(
      avio_alloc_context(buffer, kIoBytes, 1, impl.get(), nullptr, &Impl::write, &Impl::seek));
  if (!impl->io) return Error{Errc::kOutOfMemory, "no memory for a muxer"};
  if (!options.container->seeks && !impl->edits) impl->io->seekable = 0;
  format->pb = impl->io.get();
  format->flags |= AVFMT_FLAG_CUSTOM_IO;
  format->strict_std_compliance = -2;  // Opus and FLAC in MP4 were "experimental" for years
  if (impl->edits) format->avoid_negative_ts = 0;
  // What has been written so far must be readable whatever happens next.
  if (options.container->container == Container::kFragmentedMp4)
    format->flags |= AVFMT_FLAG_FLUSH_PACKETS;
  if (options.creation)
    av_dict_set(&format->metadata, "creation_time", to_string(*options.creation).c_str(), 0);
  for (const auto& [key, value] : options.metadata)
    av_dict_set(&format->metadata, key.c_str(), value.c_str(), 0);
  AVDictionary* dictionary = mp4_options(options, tracks);
  const int code = avformat_write_header(format, &dictionary);
  av_dict_free(&dictionary);
  if (code < 0) return impl->failure(code, std::string(options.container->name) + " header");
  return std::unique_ptr<Muxer>(new Muxer(std::move(impl)));
}

Result<void> Muxer::write(const Packet& packet) {
  Impl& self = *impl_;
  AVStream& stream = *self.format->streams[packet.track];
  const AVRational from = to_av(self.time_bases[packet.track]);
  const auto rescale = [&](std::int64_t ticks) {
    return av_rescale_q(ticks, from, stream.time_base);
  };
  AVPacket& out = *self.packet;
  av_packet_unref(&out);
  out.data = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(packet.data.data()));
  out.size = static_cast<int>(packet.data.size());
  out.stream_index = packet.track;
  out.pts = rescale(packet.pts);
  out.dts = rescale(packet.dts);
  out.duration = rescale(packet.duration);
  std::int64_t& last = self.last_dts[packet.track];
  if (out.dts <= last) out.dts = last + 1;  // a coarser time base rounded two ticks into one
  out.pts = std::max(out.pts, out.dts);
  last = out.dts;
  if (packet.key) out.flags |= AV_PKT_FLAG_KEY;
  // Not reference counted: libavformat copies what it keeps back for interleaving.
  if (const int code = av_interleaved_write_frame(self.format.get(), &out); code < 0) {
    return self.failure(code,
                        "writing a packet of " + std::to_string(packet.data.size()) + " bytes");
  }
  return {};
}

Result<void> Muxer::finish(std::span<const std::int64_t> lengths) {
  Impl& self = *impl_;
  if (const int code = av_write_trailer(self.format.get()); code < 0)
    return self.failure(code, "ending the file");
  avio_flush(self.io.get());
  if (self.io_error) return *self.io_error;
  if (self.head_limit == 0) return {};
  std::vector<Mp4Edit> edits;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    edits.push_back(
        {av_rescale_q(lengths[i], to_av(self.time_bases[i]), self.format->streams[i]->time_base)});
  }
  CLIPBUF_TRY(patch_edits(self.head, edits));
  return self.target->write_at(0, self.head);
}

std::uint64_t Muxer::bytes() const noexcept {
  return impl_->size;
}

std::vector<std::byte> extradata_in_band(const Track& track, const Packet& key) {
  const AVBitStreamFilter* filter = av_bsf_get_by_name("extract_extradata");
  AVBSFContext* raw = nullptr;
  if (filter == nullptr || av_bsf_alloc(filter, &raw) < 0) return {};
  const AvBsfPtr bsf(raw);
  auto parameters = parameters_from(track);
  if (!parameters || avcodec_parameters_copy(bsf->par_in, parameters->get()) < 0 ||
      av_bsf_init(raw) < 0)
    return {};
  const AvPacketPtr packet(av_packet_alloc());
  if (av_new_packet(packet.get(), static_cast<int>(key.data.size())) < 0) return {};
  std::memcpy(packet->data, key.data.data(), key.data.size());
  if (av_bsf_send_packet(raw, packet.get()) < 0 || av_bsf_receive_packet(raw, packet.get()) < 0)
    return {};
  std::size_t size = 0;
  const std::uint8_t* data =
      av_packet_get_side_data(packet.get(), AV_PKT_DATA_NEW_EXTRADATA, &size);
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  return data != nullptr ? std::vector<std::byte>(bytes, bytes + size) : std::vector<std::byte>{};
}

}  // namespace clipbuf::detail
