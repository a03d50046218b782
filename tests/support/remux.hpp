// Coded video in containers that the tests need, written with libavformat.
#pragma once

#include "detail/av.hpp"
#include "pictures.hpp"

#include <clipbuf/codec/video.hpp>
#include <clipbuf/source.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

namespace clipbuf::test {

/// A video track with its packets in decoding order.
struct CodedVideo {
  Track track;
  std::vector<Packet> packets;
};

/// Reads a source to its end: the packets of one kind of track.
inline std::vector<Packet> read_all(Source& source, TrackId track, std::size_t most = 100'000) {
  std::vector<Packet> packets;
  while (packets.size() < most) {
    Result<SourceItem> item = source.read();
    if (!item) {
      CHECK_MESSAGE(item.error().code == Errc::kEndOfStream, item.error().message);
      break;
    }
    const auto* packet = std::get_if<Packet>(&*item);
    if (packet != nullptr && packet->track == track) packets.push_back(*packet);
  }
  return packets;
}

inline std::unique_ptr<Source> source_of(const Config& config) {
  auto source = make_source(config);
  REQUIRE_MESSAGE(source.has_value(), (source ? "" : source.error().message));
  return *std::move(source);
}

inline CodedVideo video_of(const std::string& path) {
  Config config;
  config.source = path;
  config.audio = false;
  const auto source = source_of(config);
  auto info = source->open();
  REQUIRE_MESSAGE(info.has_value(), (info ? "" : info.error().message));
  return {info->tracks.at(0), read_all(*source, 0)};
}

/// `frames` pictures at 25 fps.
inline CodedVideo encode(const std::string& encoder, int frames, int width, int height,
                         int max_b_frames) {
  VideoCodec::Options options;
  options.encoder = encoder;
  options.frame_rate = {25, 1};
  options.max_b_frames = max_b_frames;
  options.preset = "veryfast";
  options.key_interval = std::chrono::milliseconds(480);
  VideoCodec codec(options);
  CodedVideo video;
  const PacketSink keep = [&](const Packet& packet) -> Result<void> {
    auto bytes = std::make_shared<std::vector<std::byte>>(packet.data.begin(), packet.data.end());
    Packet copy = packet;
    copy.data = *bytes;
    copy.owner = std::move(bytes);
    video.packets.push_back(std::move(copy));
    return {};
  };
  for (int i = 0; i < frames; ++i) {
    const Frame frame =
        picture(PixelFormat::kYuv420p, width, height, i, at_us(std::int64_t{i} * 40'000));
    const auto encoded = codec.encode(frame.view(), {}, keep);
    REQUIRE_MESSAGE(encoded.has_value(), (encoded ? "" : encoded.error().message));
  }
  REQUIRE(codec.flush(keep));
  video.track = codec.track();
  return video;
}

/// Writes the packets into a file of libavformat's muxer `format`, at 25 fps.
inline void remux(const CodedVideo& video, const std::string& format, const std::string& path) {
  AVFormatContext* raw = nullptr;
  REQUIRE(avformat_alloc_output_context2(&raw, nullptr, format.c_str(), path.c_str()) >= 0);
  const detail::AvOutputPtr context(raw);
  auto parameters = detail::parameters_from(video.track);
  REQUIRE(parameters);
  AVStream* stream = avformat_new_stream(context.get(), nullptr);
  REQUIRE(stream != nullptr);
  REQUIRE(avcodec_parameters_copy(stream->codecpar, parameters->get()) >= 0);
  stream->codecpar->codec_tag = 0;
  stream->time_base = {1, 25};
  stream->avg_frame_rate = stream->r_frame_rate = {25, 1};
  REQUIRE(avio_open(&context->pb, path.c_str(), AVIO_FLAG_WRITE) >= 0);
  REQUIRE(avformat_write_header(context.get(), nullptr) >= 0);
  for (const Packet& from : video.packets) {
    // Streams without a container carry their parameter sets in band.
    std::vector<std::byte> bytes;
    if (format != "avi" && from.key) bytes = video.track.extradata;
    bytes.insert(bytes.end(), from.data.begin(), from.data.end());
    const detail::AvPacketPtr packet(av_packet_alloc());
    REQUIRE(av_new_packet(packet.get(), static_cast<int>(bytes.size())) >= 0);
    std::memcpy(packet->data, bytes.data(), bytes.size());
    packet->pts = from.pts;
    packet->dts = from.dts;
    packet->flags = from.key ? AV_PKT_FLAG_KEY : 0;
    av_packet_rescale_ts(packet.get(), detail::to_av(video.track.time_base), stream->time_base);
    packet->duration = 1;
    REQUIRE(av_write_frame(context.get(), packet.get()) >= 0);
  }
  REQUIRE(av_write_trailer(context.get()) >= 0);
  avio_closep(&context->pb);
}

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace clipbuf::test
