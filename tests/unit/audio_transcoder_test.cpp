#include "detail/audio_transcoder.hpp"

#include "support/audio.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;
using clipbuf::detail::AudioTranscoder;

namespace {

std::unique_ptr<AudioTranscoder> open(const Track& in, const char* encoder) {
  auto transcoder = AudioTranscoder::open(in, encoder);
  if (!transcoder) FAIL(transcoder.error().message);
  return std::move(*transcoder);
}

}  // namespace

TEST_CASE("audio transcoder: a range is cut to the sample") {
  const auto transcoder = open(pcm_track(48'000, {1, 48'000}), "flac");
  transcoder->set_range(100'500us, 700'250us);
  CHECK(transcoder->track().codec == "flac");
  CHECK(transcoder->track().time_base == Rational{1, 48'000});
  std::vector<Held> out;
  for (std::int64_t at = 0; at < 48'000; at += 960)
    REQUIRE(transcoder->push(pcm_packet(ramp(at, 960), at), collect(out)));
  REQUIRE(transcoder->flush(collect(out)));
  REQUIRE(!out.empty());
  CHECK(out.front().packet.pts == 4824);
  CHECK(check_unbroken(out, 4824) == 33'612 - 4824);
  const auto samples = decoded(transcoder->track(), out);
  REQUIRE(samples.size() == 33'612);
  for (std::size_t i = 4824; i < samples.size(); ++i)
    REQUIRE(samples[i] == ramp(static_cast<std::int64_t>(i)));
}

TEST_CASE("audio transcoder: holes become silence and what follows stays in its place") {
  const auto transcoder = open(pcm_track(48'000, {1, 90'000}), "flac");
  transcoder->set_range(0us, 2s);
  std::vector<Held> out;
  const auto push = [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t at = from; at < to; at += 480)
      REQUIRE(transcoder->push(pcm_packet(ramp(at, 480), at * 90 / 48), collect(out)));
  };
  push(4800, 24'000);
  push(24'960, 48'000);  // 20 ms are missing
  push(72'000, 81'600);  // half a second
  REQUIRE(transcoder->flush(collect(out)));
  CHECK(check_unbroken(out, 0) == 81'600);
  const auto samples = decoded(transcoder->track(), out);
  REQUIRE(samples.size() == 81'600);
  for (std::int64_t i = 0; i < 81'600; ++i) {
    const bool silent = i < 4800 || (i >= 24'000 && i < 24'960) || (i >= 48'000 && i < 72'000);
    REQUIRE(samples[static_cast<std::size_t>(i)] == (silent ? 0 : ramp(i)));
  }
}

TEST_CASE("audio transcoder: jittering timestamps change nothing, however long it lasts") {
  const auto transcoder = open(pcm_track(8000, {1, 1000}), "flac");
  transcoder->set_range(0us, 60s);
  std::mt19937 random(5);
  std::vector<Held> out;
  for (std::int64_t at = 0; at < 480'000; at += 160) {
    const std::int64_t jitter = at == 0 ? 0 : static_cast<std::int64_t>(random() % 21) - 10;
    REQUIRE(transcoder->push(pcm_packet(ramp(at, 160), at / 8 + jitter), collect(out)));
  }
  REQUIRE(transcoder->flush(collect(out)));
  const auto samples = decoded(transcoder->track(), out);
  REQUIRE(samples.size() == 480'000);
  for (std::size_t i = 0; i < samples.size(); ++i)
    REQUIRE(samples[i] == ramp(static_cast<std::int64_t>(i)));
}

TEST_CASE("audio transcoder: of what comes twice, the first stays") {
  const auto transcoder = open(pcm_track(48'000, {1, 48'000}), "flac");
  std::vector<Held> out;
  for (const std::int64_t at : {0, 4800, 4800, 2400, 9600, 0, 14'400})
    REQUIRE(transcoder->push(pcm_packet(ramp(at, 4800), at), collect(out)));
  REQUIRE(transcoder->flush(collect(out)));
  const auto samples = decoded(transcoder->track(), out);
  REQUIRE(samples.size() == 19'200);
  for (std::size_t i = 0; i < samples.size(); ++i)
    REQUIRE(samples[i] == ramp(static_cast<std::int64_t>(i)));
}

TEST_CASE("audio transcoder: packets without a time follow the one before") {
  const auto transcoder = open(pcm_track(48'000, {1, 48'000}), "flac");
  std::vector<Held> out;
  for (int i = 0; i < 4; ++i)
    REQUIRE(
        transcoder->push(pcm_packet(ramp(i * 4800, 4800), i == 0 ? 0 : kNoTicks), collect(out)));
  REQUIRE(transcoder->flush(collect(out)));
  const auto samples = decoded(transcoder->track(), out);
  REQUIRE(samples.size() == 19'200);
  for (std::size_t i = 0; i < samples.size(); ++i)
    REQUIRE(samples[i] == ramp(static_cast<std::int64_t>(i)));
}

TEST_CASE("audio transcoder: a range without a sample has no packet") {
  for (const char* encoder : {"aac", "libopus", "flac"}) {
    const auto transcoder = open(pcm_track(48'000, {1, 48'000}), encoder);
    transcoder->set_range(1s, 2s);
    std::vector<Held> out;
    REQUIRE(transcoder->push(pcm_packet(ramp(0, 48'000), 0), collect(out)));
    REQUIRE(transcoder->push(pcm_packet(ramp(0, 4800), 96'000), collect(out)));
    REQUIRE(transcoder->flush(collect(out)));
    CHECK(out.empty());
  }
}

TEST_CASE("audio transcoder: priming comes before the range, and the rest is where it was") {
  struct Case {
    const char* encoder;
    int rate_in;
    int rate_out;
  };
  for (const Case& c :
       {Case{"aac", 48'000, 48'000}, Case{"aac", 44'100, 44'100}, Case{"aac", 8000, 8000},
        Case{"libopus", 48'000, 48'000}, Case{"libopus", 44'100, 48'000},
        Case{"libopus", 8000, 48'000}, Case{"aac", 18'000, 22'050}}) {
    CAPTURE(c.encoder);
    CAPTURE(c.rate_in);
    const auto transcoder = open(pcm_track(c.rate_in, {1, c.rate_in}), c.encoder);
    transcoder->set_range(0s, 10s);
    const Track& track = transcoder->track();
    CHECK(track.sample_rate == c.rate_out);
    CHECK(track.channels == 1);
    CHECK(track.initial_padding > 0);
    CHECK(!track.extradata.empty());
    const auto source = bursts(c.rate_in * 2 + 123);
    std::vector<Held> out;
    REQUIRE(transcoder->push(pcm_packet(source, 0), collect(out)));
    REQUIRE(transcoder->flush(collect(out)));
    REQUIRE(!out.empty());
    const std::int64_t length =
        av_rescale(static_cast<std::int64_t>(source.size()), c.rate_out, c.rate_in);
    CHECK(check_unbroken(out, -track.initial_padding) == length + track.initial_padding);
    const auto samples = decoded(track, out);
    CHECK(static_cast<std::int64_t>(samples.size()) >= length);
    if (c.rate_in == c.rate_out) CHECK(best_lag(source, samples, 200) == 0);
    if (c.rate_out % c.rate_in != 0) continue;
    std::vector<double> thinned;
    for (std::size_t i = 0; i < samples.size();
         i += static_cast<std::size_t>(c.rate_out / c.rate_in))
      thinned.push_back(samples[i]);
    CHECK(best_lag(source, thinned, 200) == 0);
  }
}

TEST_CASE("audio transcoder: resampling keeps beginning, end and place") {
  const auto transcoder = open(pcm_track(8000, {1, 8000}), "libopus");
  transcoder->set_range(0s, 10s);
  // A step in the middle of nothing, seen through the encoder: where half of it is reached.
  std::vector<std::int16_t> source(16'000);
  for (std::size_t i = 8000; i < 8400; ++i)
    source[i] = static_cast<std::int16_t>(12'000 * std::sin(0.3 * static_cast<double>(i - 8000)));
  std::vector<Held> out;
  for (std::size_t at = 0; at < source.size(); at += 160)
    REQUIRE(transcoder->push(pcm_packet({source.begin() + static_cast<std::ptrdiff_t>(at),
                                         source.begin() + static_cast<std::ptrdiff_t>(at) + 160},
                                        static_cast<std::int64_t>(at)),
                             collect(out)));
  REQUIRE(transcoder->flush(collect(out)));
  const auto samples = decoded(transcoder->track(), out);
  const auto loud =
      std::find_if(samples.begin(), samples.end(), [](double v) { return std::abs(v) > 3000; });
  CHECK(loud - samples.begin() == doctest::Approx(48'000).epsilon(0.001));
}

TEST_CASE("audio transcoder: its own AAC goes in again and comes out in the same place") {
  const auto source = bursts(96'000);
  const auto first = open(pcm_track(48'000, {1, 48'000}), "aac");
  std::vector<Held> middle;
  REQUIRE(first->push(pcm_packet(source, 0), collect(middle)));
  REQUIRE(first->flush(collect(middle)));
  const auto second = open(first->track(), "libopus");
  second->set_range(500ms, 1500ms);
  std::vector<Held> out;
  for (const Held& held : middle) {
    Packet packet = held.packet;
    packet.data = held.bytes;
    REQUIRE(second->push(packet, collect(out)));
  }
  REQUIRE(second->flush(collect(out)));
  CHECK(second->undecodable() == 0);
  const int padding = second->track().initial_padding;
  CHECK(check_unbroken(out, 24'000 - padding) == 48'000 + padding);
  auto samples = decoded(second->track(), out);
  auto expected = source;
  std::fill(expected.begin(), expected.begin() + 24'000, std::int16_t{0});
  std::fill(expected.begin() + 72'000, expected.end(), std::int16_t{0});
  CHECK(best_lag(expected, samples, 200) == 0);
}

TEST_CASE("audio transcoder: the input may change its sample rate on the way") {
  std::vector<Held> middle;
  std::int64_t at_us = 0;
  Track track;
  for (const int rate : {48'000, 32'000}) {
    detail::AudioFormat format{rate, {}, AV_SAMPLE_FMT_S16};
    av_channel_layout_default(&format.layout, 1);
    auto encoder = detail::AudioEncoder::open("mp2", format).value();
    if (rate == 48'000) track = encoder->track();
    const int count = 1152 * 20;
    const auto samples = ramp(0, count);
    const auto* plane = reinterpret_cast<const std::uint8_t*>(samples.data());
    const PacketSink sink = [&](const Packet& packet) -> Result<void> {
      middle.push_back({packet, {packet.data.begin(), packet.data.end()}});
      middle.back().packet.pts = at_us;
      at_us += 1152 * std::int64_t{1'000'000} / rate;
      return {};
    };
    REQUIRE(encoder->push(&plane, count, sink));
  }
  track.time_base = {1, 1'000'000};
  const auto transcoder = open(track, "flac");
  std::vector<Held> out;
  for (const Held& held : middle) {
    Packet packet = held.packet;
    packet.data = held.bytes;
    REQUIRE(transcoder->push(packet, collect(out)));
  }
  REQUIRE(transcoder->flush(collect(out)));
  CHECK(transcoder->undecodable() == 0);
  // FFmpeg labels the first frame after the change with the old rate: it comes out shorter.
  CHECK(check_unbroken(out, 0) == doctest::Approx(1152 * 20 * 2.5).epsilon(0.011));
}

TEST_CASE("audio transcoder: after a reconnect the input may be another codec") {
  const auto transcoder = open(pcm_track(48'000, {1, 48'000}), "flac");
  transcoder->set_range(0s, 10s);
  std::vector<Held> out;
  REQUIRE(transcoder->push(pcm_packet(ramp(0, 4800), 0), collect(out)));
  Track other = pcm_track(8000, {1, 1'000'000}, 2);
  other.codec = "pcm_mulaw";
  other.bits_per_coded_sample = 8;
  CHECK_FALSE(transcoder->change_input(Track{}, collect(out)));
  REQUIRE(transcoder->change_input(other, collect(out)));
  const std::vector<std::byte> loud(1600, std::byte{0x20});  // 100 ms
  Packet packet;
  packet.pts = 500'000;
  packet.data = loud;
  REQUIRE(transcoder->push(packet, collect(out)));
  REQUIRE(transcoder->change_input(pcm_track(48'000, {1, 48'000}), collect(out)));
  REQUIRE(transcoder->push(pcm_packet(ramp(48'000, 4800), 48'000), collect(out)));
  REQUIRE(transcoder->flush(collect(out)));
  CHECK(check_unbroken(out, 0) == 52'800);
  const auto samples = decoded(transcoder->track(), out);
  REQUIRE(samples.size() == 52'800);
  for (std::int64_t i = 0; i < 52'800; ++i) {
    CAPTURE(i);
    const double sample = samples[static_cast<std::size_t>(i)];
    if (i < 4800 || i >= 48'000) REQUIRE(sample == ramp(i));
    if (i >= 4800 && i < 24'000) REQUIRE(sample == 0);
    if (i > 24'100 && i < 28'700) REQUIRE(std::abs(sample) > 3000);
    if (i >= 28'800 && i < 48'000) REQUIRE(sample == 0);
  }
}

TEST_CASE("audio transcoder: many channels, alaw and floats are taken") {
  for (const int channels : {1, 2, 6, 8}) {
    CAPTURE(channels);
    for (const char* encoder : {"aac", "libopus", "flac"}) {
      CAPTURE(encoder);
      const auto transcoder = open(pcm_track(44'100, {1, 44'100}, channels), encoder);
      std::vector<Held> out;
      REQUIRE(transcoder->push(pcm_packet(ramp(0, 44'100 * channels), 0), collect(out)));
      REQUIRE(transcoder->flush(collect(out)));
      CHECK(!out.empty());
    }
  }
  for (const char* codec : {"pcm_alaw", "pcm_mulaw", "pcm_f32le", "pcm_s24le", "pcm_u8"}) {
    CAPTURE(codec);
    Track track = pcm_track(8000, {1, 8000});
    track.codec = codec;
    track.sample_format.clear();
    const auto transcoder = open(track, "aac");
    std::vector<Held> out;
    REQUIRE(transcoder->push(pcm_packet(std::vector<std::int16_t>(24'000), 0), collect(out)));
    REQUIRE(transcoder->flush(collect(out)));
    CHECK(!out.empty());
  }
}

TEST_CASE("audio transcoder: what can't be opened says why") {
  const auto error_of = [](const Track& track, const char* encoder) {
    auto transcoder = AudioTranscoder::open(track, encoder);
    REQUIRE(!transcoder);
    CHECK(!transcoder.error().message.empty());
    return transcoder.error().code;
  };
  const Track good = pcm_track(48'000, {1, 48'000});
  CHECK(error_of(good, "no-such-encoder") == Errc::kUnsupported);
  CHECK(error_of(good, "mpeg4") == Errc::kUnsupported);
  Track bad = good;
  bad.codec = "no-such-codec";
  CHECK(error_of(bad, "aac") == Errc::kUnsupported);
  bad = good;
  bad.kind = TrackKind::kVideo;
  CHECK(error_of(bad, "aac") == Errc::kInvalidArgument);
  bad = good;
  bad.time_base = {0, 0};
  CHECK(error_of(bad, "aac") == Errc::kInvalidArgument);
  for (const int rate : {0, -8000, 2'000'000'000}) {
    bad = good;
    bad.sample_rate = rate;
    CHECK_FALSE(AudioTranscoder::open(bad, "aac"));
  }
  bad = good;
  bad.channels = 0;
  CHECK_FALSE(AudioTranscoder::open(bad, "aac"));
}

TEST_CASE("audio transcoder: an error of the sink ends it") {
  const auto transcoder = open(pcm_track(48'000, {1, 48'000}), "aac");
  const PacketSink full = [](const Packet&) -> Result<void> {
    return Error{Errc::kStorageFull, "full"};
  };
  const auto result = transcoder->push(pcm_packet(ramp(0, 48'000), 0), full);
  REQUIRE(!result);
  CHECK(result.error().code == Errc::kStorageFull);
}

TEST_CASE("audio transcoder: garbage is counted and nothing breaks") {
  std::mt19937_64 random(7);
  const auto source = open(pcm_track(48'000, {1, 48'000}), "aac");
  std::vector<Held> good;
  REQUIRE(source->push(pcm_packet(bursts(48'000), 0), collect(good)));
  REQUIRE(source->flush(collect(good)));
  const auto transcoder = open(source->track(), "flac");
  transcoder->set_range(0s, 3s);
  std::vector<Held> out;
  for (int round = 0; round < 600; ++round) {
    Held held = good[random() % good.size()];
    for (int i = 0; i < 3; ++i)
      held.bytes[random() % held.bytes.size()] = static_cast<std::byte>(random());
    if (round % 3 == 0) held.bytes.resize(random() % held.bytes.size());
    held.packet.data = held.bytes;
    if (round % 5 == 0) held.packet.pts = static_cast<std::int64_t>(random());
    if (round % 7 == 0) held.packet.pts = kNoTicks;
    REQUIRE(transcoder->push(held.packet, collect(out)));
  }
  REQUIRE(transcoder->flush(collect(out)));
  CHECK(transcoder->undecodable() > 0);
  CHECK(check_unbroken(out, 0) <= 3 * 48'000);
}

TEST_CASE("audio transcoder: every sample is within the tolerance of its time, whatever comes") {
  std::mt19937 engine(11);
  const auto random = [&](std::int64_t below) {
    return static_cast<std::int64_t>(engine()) % below;
  };
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    const auto transcoder = open(pcm_track(8000, {1, 8000}), "flac");
    const std::int64_t begin = random(4000);
    const std::int64_t end = begin + random(16'000);
    transcoder->set_range(Duration(begin * 125), Duration(end * 125));
    std::vector<Held> out;
    std::int64_t at = 0;
    for (int i = 0; i < 120; ++i) {
      const int length = 1 + static_cast<int>(random(400));
      REQUIRE(transcoder->push(pcm_packet(ramp(at, length), at), collect(out)));
      at += length;
      const std::int64_t what = random(8);
      if (what == 0) at += random(2000);                                 // a hole
      if (what == 1) at = std::max<std::int64_t>(0, at - random(1000));  // again
      if (what == 2) at += random(80);                                   // jitter
    }
    REQUIRE(transcoder->flush(collect(out)));
    if (out.empty()) continue;
    CHECK(check_unbroken(out, begin) <= end - begin);
    const auto samples = decoded(transcoder->track(), out);
    for (std::int64_t i = begin; i < static_cast<std::int64_t>(samples.size()); ++i) {
      const auto value = static_cast<std::int64_t>(samples[static_cast<std::size_t>(i)]);
      if (value != 0) REQUIRE(std::abs(value - ramp(i)) <= 120);  // 15 ms
    }
  }
}
