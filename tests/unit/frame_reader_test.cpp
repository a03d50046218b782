#include "detail/snapshot.hpp"
#include "support/pictures.hpp"
#include "support/segments.hpp"

#include <clipbuf/codec/raw.hpp>
#include <clipbuf/codec/video.hpp>

#include <doctest/doctest.h>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;
using detail::Run;
using detail::SegmentEntry;
using detail::Snapshot;

namespace {

constexpr std::int64_t kStep = 40'000;

/// Counts what a decoder is given.
class CountingDecoder final : public Decoder {
 public:
  CountingDecoder(std::unique_ptr<Decoder> inner, int& packets)
      : inner_(std::move(inner)), packets_(packets) {}
  Result<void> decode(const Packet& packet, const FrameSink& sink) override {
    ++packets_;
    return inner_->decode(packet, sink);
  }
  Result<void> flush(const FrameSink& sink) override { return inner_->flush(sink); }

 private:
  std::unique_ptr<Decoder> inner_;
  int& packets_;
};

/// Snapshots of runs made to measure. Picture i of a run is picture(i), at i * kStep of media time.
struct Fixture {
  std::shared_ptr<Snapshot> snapshot = std::make_shared<Snapshot>();
  int decoded = 0;
  int decoders = 0;
  std::vector<Picture> reference;  // of the last run, decoded in one go

  Fixture() {
    snapshot->decoder = [this](const Track& track) -> Result<std::unique_ptr<Decoder>> {
      ++decoders;
      auto inner = make_decoder(track);
      if (!inner) return inner;
      return std::unique_ptr<Decoder>(
          std::make_unique<CountingDecoder>(*std::move(inner), decoded));
    };
  }

  void add_run(VideoCodec::Options options, int pictures, Duration to_wall) {
    VideoCodec codec(std::move(options));
    PacketList list;
    for (int i = 0; i < pictures; ++i)
      codec
          .encode(picture(PixelFormat::kYuv420p, 64, 48, i, at_us(i * kStep)).view(), {},
                  list.sink())
          .value();
    codec.flush(list.sink()).value();
    reference = decode_all(*make_decoder(codec.track()).value(), list.packets);
    add_run(codec.track(), list.packets, to_wall);
  }

  void add_run(const Track& track, const std::vector<Packet>& packets, Duration to_wall) {
    auto run = std::make_shared<Run>();
    run->tracks = {std::make_shared<const Track>(track)};
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= packets.size(); ++i) {
      if (i < packets.size() && !packets[i].key) continue;
      add_segment(run,
                  {packets.begin() + static_cast<std::ptrdiff_t>(begin),
                   packets.begin() + static_cast<std::ptrdiff_t>(i)},
                  to_wall);
      begin = i;
    }
  }

  void add_segment(const std::shared_ptr<Run>& run, std::vector<Packet> packets, Duration to_wall) {
    SegmentEntry entry;
    entry.run = run;
    entry.to_wall = to_wall;
    entry.begin = entry.recovered = Duration(packets.front().pts);
    for (const Packet& packet : packets) {
      entry.begin = std::min(entry.begin, Duration(packet.pts));
      entry.end = std::max(entry.end, Duration(packet.pts + kStep));
    }
    entry.final = true;
    entry.segment = std::make_shared<ListSegment>(std::move(packets));
    snapshot->segments.push_back(std::move(entry));
  }

  FrameReader reader(std::int64_t begin, std::int64_t end,
                     PixelFormat format = PixelFormat::kUnknown) {
    return detail::read_frames(snapshot, {at_us(begin), at_us(end)}, format).value();
  }
};

std::vector<Frame> all(FrameReader reader) {
  std::vector<Frame> frames;
  for (;;) {
    auto frame = reader.next().value();
    if (!frame) break;
    frames.push_back(*std::move(frame));
  }
  CHECK(!reader.next().value());  // stays at the end
  return frames;
}

std::vector<std::int64_t> times(const std::vector<Frame>& frames) {
  std::vector<std::int64_t> result;
  for (const Frame& frame : frames)
    result.push_back(frame.timestamp().time_since_epoch().count());
  return result;
}

std::vector<std::int64_t> steps(std::int64_t first, std::int64_t last, std::int64_t offset = 0) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = first; i <= last; ++i)
    result.push_back(offset + i * kStep);
  return result;
}

const VideoCodec::Options kBFrames{.encoder = "libx264",
                                   .quality = 20,
                                   .key_interval = 400ms,
                                   .max_b_frames = 2,
                                   .extra = "b_strategy=0:sc_threshold=0"};

}  // namespace

TEST_CASE("frame reader: every range of a stream with B-frames gives just its frames, in order") {
  Fixture fixture;
  fixture.add_run(kBFrames, 50, 0us);
  REQUIRE(fixture.snapshot->segments.size() > 3);
  REQUIRE(fixture.reference.size() == 50);
  for (const std::int64_t begin : {0, 1, 9, 10, 11, 23, 30, 49})
    for (const std::int64_t count : {1, 2, 7, 25}) {
      CAPTURE(begin);
      CAPTURE(count);
      const std::int64_t last = std::min<std::int64_t>(begin + count - 1, 49);
      const auto frames = all(fixture.reader(begin * kStep, (last + 1) * kStep));
      CHECK(times(frames) == steps(begin, last));
      for (std::size_t i = 0; i < frames.size(); ++i)
        CHECK(identical(frames[i].view(),
                        fixture.reference[static_cast<std::size_t>(begin) + i].frame.view()));
    }
  CHECK(all(fixture.reader(50 * kStep, 60 * kStep)).empty());
  CHECK(all(fixture.reader(10, 10)).empty());
  CHECK(times(all(fixture.reader(1, kStep + 1))) == steps(1, 1));
}

TEST_CASE("frame reader: open groups of pictures lose none at the border of segments") {
  Fixture fixture;
  VideoCodec::Options open = kBFrames;
  open.key_interval = 10s;
  open.extra += ":x264-params=open-gop=1\\:keyint=12\\:min-keyint=12";
  fixture.add_run(open, 50, 0us);
  REQUIRE(fixture.snapshot->segments.size() > 3);
  // An open group: the segment's first picture in time is not its key.
  REQUIRE(fixture.snapshot->segments[1].begin < fixture.snapshot->segments[1].recovered);
  for (std::int64_t begin = 0; begin < 50; ++begin)
    CHECK(times(all(fixture.reader(begin * kStep, (begin + 3) * kStep))) ==
          steps(begin, std::min<std::int64_t>(begin + 2, 49)));
}

TEST_CASE("frame reader: it decodes only as far as needed") {
  Fixture fixture;
  VideoCodec::Options options = kBFrames;
  options.max_b_frames = 0;
  fixture.add_run(options, 50, 0us);
  FrameReader reader = fixture.reader(0, 50 * kStep);
  CHECK(fixture.decoded == 0);
  REQUIRE(reader.next().value());
  const int for_the_first = fixture.decoded;
  CHECK(for_the_first < 10);
  fixture.decoded = 0;
  CHECK(all(fixture.reader(30 * kStep, 32 * kStep)).size() == 2);
  CHECK(fixture.decoded <
        12 + for_the_first);  // one segment at most, and what the decoder holds back
}

TEST_CASE("frame reader: a new run gets a new decoder, and what the old one held comes first") {
  Fixture fixture;
  fixture.add_run(kBFrames, 10, 0us);
  fixture.add_run({.encoder = "mpeg4"}, 5, 1s);
  const auto frames = all(fixture.reader(0, 2'000'000));
  auto wanted = steps(0, 9);
  const auto second = steps(0, 4, 1'000'000);
  wanted.insert(wanted.end(), second.begin(), second.end());
  CHECK(times(frames) == wanted);
  CHECK(fixture.decoders == 2);
}

TEST_CASE("frame reader: wall time is that of the segment the packet was in") {
  Fixture fixture;
  fixture.add_run(kBFrames, 30, 0us);
  auto& segments = fixture.snapshot->segments;
  std::vector<std::int64_t> wanted;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    segments[i].to_wall = Duration(1000 * static_cast<std::int64_t>(i));
    for (std::int64_t t = segments[i].begin.count(); t < segments[i].end.count(); t += kStep)
      wanted.push_back(t + segments[i].to_wall.count());
  }
  CHECK(times(all(fixture.reader(0, 10'000'000))) == wanted);
}

TEST_CASE("frame reader: a clock that was set back shows the same range twice") {
  Fixture fixture;
  fixture.add_run(kBFrames, 10, 0us);
  fixture.add_run(kBFrames, 10, Duration(-2 * kStep));
  auto wanted = steps(3, 5);
  wanted.insert(wanted.end(), {3 * kStep, 4 * kStep, 5 * kStep});
  CHECK(times(all(fixture.reader(3 * kStep, 6 * kStep))) == wanted);
}

TEST_CASE("frame reader: pictures before the recovery point are not shown") {
  Fixture fixture;
  fixture.add_run(kBFrames, 30, 0us);
  fixture.snapshot->segments[0].recovered = Duration(4 * kStep);
  CHECK(times(all(fixture.reader(0, 8 * kStep))) == steps(4, 7));
}

TEST_CASE("frame reader: frames come in the format asked for") {
  Fixture fixture;
  fixture.add_run(kBFrames, 3, 0us);
  for (const PixelFormat format : kAllFormats) {
    const auto frames = all(fixture.reader(0, 3 * kStep, format));
    REQUIRE(frames.size() == 3);
    CHECK(frames[2].format() == format);
    CHECK(frames[2].timestamp() == at_us(2 * kStep));
    CHECK(identical(frames[2].view(), fixture.reference[2].frame.converted(format)->view()));
  }
  CHECK(detail::read_frames(fixture.snapshot, {}, static_cast<PixelFormat>(99)).error().code ==
        Errc::kInvalidArgument);
  CHECK(detail::read_frames(nullptr, {}, PixelFormat::kBgr24).error().code ==
        Errc::kInvalidArgument);
}

TEST_CASE("frame reader: the track's matrix decides the colours") {
  const auto red_of = [](int matrix) {
    Fixture fixture;
    RawCodec codec;
    PacketList list;
    const Frame red =
        flat_picture(PixelFormat::kYuv444p, 64, 48, ColorRange::kLimited, {63, 102, 240, 0});
    codec.encode(red.view(), {}, list.sink()).value();
    Track track = codec.track();
    track.color_matrix = matrix;
    fixture.add_run(track, list.packets, 0us);
    const auto frames = all(fixture.reader(0, 1, PixelFormat::kBgr24));
    return std::to_integer<int>(frames.at(0).view().planes[0][2]);
  };
  CHECK(red_of(1) >= 250);       // pure red in BT.709
  CHECK(red_of(6) < red_of(1));  // read as BT.601, it is darker
}

TEST_CASE("frame reader: a broken packet costs its picture; nothing but broken ones is an error") {
  Fixture fixture;
  RawCodec codec;
  PacketList list;
  for (int i = 0; i < 4; ++i)
    codec.encode(picture(PixelFormat::kGray8, 64, 48, i, at_us(i * kStep)).view(), {}, list.sink())
        .value();
  auto broken = list.packets;
  broken[1].data = broken[1].data.first(10);
  fixture.add_run(codec.track(), broken, 0us);
  CHECK(times(all(fixture.reader(0, 4 * kStep))) ==
        std::vector<std::int64_t>{0, 2 * kStep, 3 * kStep});

  Fixture hopeless;
  for (Packet& packet : broken)
    packet.data = packet.data.first(10);
  hopeless.add_run(codec.track(), broken, 0us);
  CHECK(hopeless.reader(0, 4 * kStep).next().error().code == Errc::kCodecFailed);

  Fixture unknown;
  Track track = codec.track();
  track.codec = "no-such-codec";
  unknown.add_run(track, list.packets, 0us);
  CHECK(unknown.reader(0, 4 * kStep).next().error().code == Errc::kUnsupported);
}

TEST_CASE("frame reader: other tracks and runs without video are passed over") {
  Fixture fixture;
  RawCodec codec;
  PacketList list;
  codec.encode(picture(PixelFormat::kGray8, 64, 48, 0).view(), {}, list.sink()).value();
  Packet other = list.packets[0];
  other.track = 1;
  other.key = false;
  fixture.add_run(codec.track(), {list.packets[0], other}, 0us);
  Track audio;
  audio.kind = TrackKind::kAudio;
  audio.codec = "aac";
  fixture.add_run(audio, {list.packets[0]}, 0us);
  fixture.snapshot->segments.push_back({});
  fixture.snapshot->segments.back().run = std::make_shared<Run>();
  CHECK(all(fixture.reader(0, 1)).size() == 1);
  CHECK(all(Fixture().reader(0, 1)).empty());
}
