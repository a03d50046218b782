#include "source/parameter_watch.hpp"

#include "source/jpeg_tables.hpp"
#include "source/nal.hpp"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>

namespace clipbuf::detail {
namespace {

constexpr std::array kStartCode{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};

Bytes bytes_of(const AVPacket& packet) {
  return std::as_bytes(std::span(packet.data, static_cast<std::size_t>(packet.size)));
}

struct Sets {
  std::vector<std::vector<std::byte>> all;
  std::vector<std::vector<std::byte>> sequence;
};

/// The parameter sets before a packet's first slice.
Sets sets_of(AVCodecID codec, Bytes bytes) {
  Sets sets;
  for_each_nal(bytes, 0, [&](Bytes nal) {
    const NalKind kind = nal_kind(codec, nal);
    if (is_set(kind)) sets.all.emplace_back(nal.begin(), nal.end());
    if (kind == NalKind::kSequenceSet) sets.sequence.push_back(sets.all.back());
    return !is_slice(kind);
  });
  return sets;
}

std::vector<std::byte> with_start_codes(const std::vector<std::vector<std::byte>>& sets) {
  std::vector<std::byte> out;
  for (const auto& set : sets) {
    out.insert(out.end(), kStartCode.begin(), kStartCode.end());
    out.insert(out.end(), set.begin(), set.end());
  }
  return out;
}

}  // namespace

ParameterWatch::ParameterWatch(const AVCodecParameters& parameters, const Track& track,
                               int length_size)
    : codec_(parameters.codec_id), length_size_(length_size), track_(track) {
  if (length_size_ == 0) known_ = sets_of(codec_, track_.extradata).sequence;
}

std::optional<Track> ParameterWatch::see(const AVPacket& packet) {
  if (codec_ == AV_CODEC_ID_MJPEG) return see_jpeg(packet);
  if (auto changed = see_extradata(packet)) return changed;
  const bool has_nals = codec_ == AV_CODEC_ID_H264 || codec_ == AV_CODEC_ID_HEVC;
  return has_nals && length_size_ == 0 ? see_nals(packet) : std::nullopt;
}

std::optional<Track> ParameterWatch::see_jpeg(const AVPacket& packet) {
  const auto header = read_jpeg_header(bytes_of(packet));
  if (!header || header->height <= 0) return std::nullopt;
  // A field picture has half the height; libavformat's number is the whole picture's.
  const bool field = header->width == track_.width && header->height * 2 == track_.height;
  if (field || (header->width == track_.width && header->height == track_.height))
    return std::nullopt;
  track_.width = header->width;
  track_.height = header->height;
  return track_;
}

std::optional<Track> ParameterWatch::see_nals(const AVPacket& packet) {
  if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return std::nullopt;
  Sets sets = sets_of(codec_, bytes_of(packet));
  // Only an SPS makes another stream. A PPS comes in band before it is used, and some encoders
  // change theirs with every group of pictures.
  const bool news =
      std::any_of(sets.sequence.begin(), sets.sequence.end(), [this](const auto& set) {
        return std::find(known_.begin(), known_.end(), set) == known_.end();
      });
  if (!news) return std::nullopt;
  known_ = std::move(sets.sequence);
  track_.extradata = with_start_codes(sets.all);
  read_picture(packet, {});
  return track_;
}

std::optional<Track> ParameterWatch::see_extradata(const AVPacket& packet) {
  std::size_t size = 0;
  const std::uint8_t* data = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (data == nullptr || size == 0) return std::nullopt;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (std::equal(bytes.begin(), bytes.end(), track_.extradata.begin(), track_.extradata.end())) {
    return std::nullopt;
  }
  track_.extradata.assign(bytes.begin(), bytes.end());
  read_picture(packet, track_.extradata);
  return track_;
}

/// What the new parameter sets say of the picture.
void ParameterWatch::read_picture(const AVPacket& packet, const std::vector<std::byte>& extradata) {
  AVCodecParameters* raw = avcodec_parameters_alloc();
  const AvCodecParametersPtr parameters(raw);
  if (parameters == nullptr) return;
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = codec_;
  if (!extradata.empty()) {
    parameters->extradata =
        static_cast<std::uint8_t*>(av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (parameters->extradata == nullptr) return;
    std::transform(extradata.begin(), extradata.end(), parameters->extradata,
                   [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    parameters->extradata_size = static_cast<int>(extradata.size());
  }
  const auto reader = PictureReader::make(*parameters);
  if (reader == nullptr) return;
  reader->read(packet, length_size_);
  const AVCodecParserContext& parser = reader->parser();
  if (parser.width > 0 && parser.height > 0) {
    track_.width = parser.width;
    track_.height = parser.height;
  }
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(parser.format));
  if (format != nullptr) track_.pixel_format = format;
  if (reader->codec().profile >= 0) track_.profile = reader->codec().profile;
  if (reader->codec().level >= 0) track_.level = reader->codec().level;
}

}  // namespace clipbuf::detail
