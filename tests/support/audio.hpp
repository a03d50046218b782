// Sound for tests: where every sample says where it belongs, and what a player hears of coded
// packets.
#pragma once

#include "detail/av.hpp"

#include <clipbuf/codec.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <vector>

namespace clipbuf::test {

// A packet that owns its bytes.
struct Held {
  Packet packet;
  std::vector<std::byte> bytes;
};

inline PacketSink collect(std::vector<Held>& out) {
  return [&out](const Packet& packet) -> Result<void> {
    out.push_back({packet, {packet.data.begin(), packet.data.end()}});
    return {};
  };
}

inline Track pcm_track(int rate, Rational time_base, int channels = 1) {
  Track track;
  track.kind = TrackKind::kAudio;
  track.codec = "pcm_s16le";
  track.time_base = time_base;
  track.sample_rate = rate;
  track.channels = channels;
  track.sample_format = "s16";
  track.bits_per_coded_sample = 16;
  track.block_align = 2 * channels;
  return track;
}

inline Packet pcm_packet(const std::vector<std::int16_t>& samples, std::int64_t pts) {
  Packet packet;
  packet.key = true;
  packet.pts = pts;
  packet.data = std::as_bytes(std::span(samples));
  return packet;
}

// What each sample of the source is; never 0, so that silence can be told from it, and different
// from its neighbours for thousands of samples.
inline std::int16_t ramp(std::int64_t position) {
  return static_cast<std::int16_t>(1 + position % 30'000);
}

inline std::vector<std::int16_t> ramp(std::int64_t position, int count) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    samples[static_cast<std::size_t>(i)] = ramp(position + i);
  return samples;
}

// Noise in bursts: its autocorrelation has one sharp peak.
inline std::vector<std::int16_t> bursts(int count) {
  std::mt19937 random(3);
  std::vector<std::int16_t> samples(static_cast<std::size_t>(count));
  double smooth = 0;
  for (int i = 0; i < count; ++i) {
    smooth = 0.7 * smooth + 0.3 * (static_cast<double>(random() % 40'000) - 20'000);
    samples[static_cast<std::size_t>(i)] =
        static_cast<std::int16_t>(i / 1000 % 3 == 0 ? smooth : 0);
  }
  return samples;
}

// The output as a player hears it: what every sample from position 0 on is, priming thrown away.
inline std::vector<double> decoded(const Track& track, const std::vector<Held>& packets) {
  auto parameters = detail::parameters_from(track).value();
  const AVCodec* codec = avcodec_find_decoder(parameters->codec_id);
  detail::AvCodecContextPtr context(avcodec_alloc_context3(codec));
  avcodec_parameters_to_context(context.get(), parameters.get());
  context->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
  REQUIRE(avcodec_open2(context.get(), codec, nullptr) >= 0);
  detail::AvFramePtr frame(av_frame_alloc());
  std::vector<double> all;
  std::int64_t at = packets.empty() ? 0 : packets.front().packet.pts;
  const auto receive = [&] {
    while (avcodec_receive_frame(context.get(), frame.get()) >= 0) {
      for (int i = 0; i < frame->nb_samples; ++i, ++at) {
        if (at < 0) continue;
        double sample = 0;
        const bool planar =
            av_sample_fmt_is_planar(static_cast<AVSampleFormat>(frame->format)) != 0;
        const int step = planar ? 1 : frame->ch_layout.nb_channels;
        switch (av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame->format))) {
          case AV_SAMPLE_FMT_S16:
            sample = reinterpret_cast<std::int16_t*>(frame->data[0])[i * step];
            break;
          case AV_SAMPLE_FMT_FLT:
            sample = 32768.0 * reinterpret_cast<float*>(frame->data[0])[i * step];
            break;
          default:
            FAIL("unexpected sample format");
            break;
        }
        all.resize(std::max(all.size(), static_cast<std::size_t>(at) + 1));
        all[static_cast<std::size_t>(at)] = sample;
      }
    }
  };
  for (const Held& held : packets) {
    detail::AvPacketPtr packet(av_packet_alloc());
    REQUIRE(av_new_packet(packet.get(), static_cast<int>(held.bytes.size())) >= 0);
    std::memcpy(packet->data, held.bytes.data(), held.bytes.size());
    REQUIRE(avcodec_send_packet(context.get(), packet.get()) >= 0);
    receive();
  }
  avcodec_send_packet(context.get(), nullptr);
  receive();
  return all;
}

// The shift of `b` against `a` where the two are most alike.
inline int best_lag(const std::vector<std::int16_t>& a, const std::vector<double>& b, int most) {
  double best = -1;
  int best_at = -most;
  for (int lag = -most; lag <= most; ++lag) {
    double sum = 0;
    for (int i = most; i < static_cast<int>(a.size()) - most; i += 1) {
      const auto other = static_cast<std::size_t>(i + lag);
      if (other < b.size()) sum += a[static_cast<std::size_t>(i)] * b[other];
    }
    if (sum > best) {
      best = sum;
      best_at = lag;
    }
  }
  return best_at;
}

// The packets follow each other without a hole; returns the sum of their durations.
inline std::int64_t check_unbroken(const std::vector<Held>& packets, std::int64_t begin) {
  std::int64_t at = begin;
  for (const Held& held : packets) {
    CHECK(held.packet.pts == at);
    CHECK(held.packet.dts == at);
    CHECK(held.packet.key);
    CHECK(held.packet.duration > 0);
    at += held.packet.duration;
  }
  return at - begin;
}

}  // namespace clipbuf::test
