#include <clipbuf/source.hpp>

#include "source/feed.hpp"
#include "source/pacer.hpp"
#include "source/pattern.hpp"
#include "source/rate_meter.hpp"
#include "support/footage.hpp"
#include "support/remux.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <thread>

namespace clipbuf::test {
namespace {

std::string street() {
  return CLIPBUF_TEST_DATA "/street.mp4";
}

Config config_for(const std::string& source) {
  Config config;
  config.source = source;
  config.open_timeout = config.read_timeout = std::chrono::seconds(20);
  return config;
}

Error open_error(const Config& config) {
  auto source = make_source(config);
  if (!source) return source.error();
  auto info = (*source)->open();
  REQUIRE_FALSE(info);
  return info.error();
}

/// Five frames of 40 ms.
std::string short_file(const TemporaryDirectory& folder) {
  std::string path = folder.file("short.avi");
  remux(encode("mpeg4", 5, 64, 48, 0), "avi", path);
  return path;
}

bool same_pixels(const Frame& a, const Frame& b) {
  const auto bytes =
      static_cast<std::size_t>(a.view().strides[0]) * static_cast<std::size_t>(a.height());
  return std::memcmp(a.view().planes[0], b.view().planes[0], bytes) == 0;
}

}  // namespace

TEST_CASE("make_source: what is no source is refused with one line") {
  const auto code = [](const char* source) {
    const auto made = make_source(config_for(source));
    return made ? Errc::kInternal : made.error().code;
  };
  CHECK(code("") == Errc::kInvalidArgument);
  CHECK(code("ftp://host/file") == Errc::kUnsupported);
  CHECK(code("hls+http://host/x.m3u8") == Errc::kUnsupported);
  CHECK(code("concat:a|b") == Errc::kInternal);  // a file of that name, which need not exist
  CHECK(code("file://host/x") == Errc::kInvalidArgument);
  CHECK(code("pattern:640x480") == Errc::kInvalidArgument);
  CHECK(code("opencv:") ==
        (make_source(config_for("opencv:x")) ? Errc::kInvalidArgument : Errc::kUnsupported));
  Config config = config_for("rtsp://host/x");
  config.rtsp_transport = "pigeon";
  CHECK(make_source(config).error().code == Errc::kInvalidArgument);
}

TEST_CASE("file source: what can't be opened") {
  const TemporaryDirectory folder;
  for (const char* missing :
       {"/nonexistent/x.mp4", "concat:/etc/passwd", "subfile,,start,0,end,9,,:/etc/passwd",
        "file:///nonexistent%20dir/x.mp4"}) {
    const Error error = open_error(config_for(missing));
    CHECK(error.code == Errc::kSourceUnavailable);
    CHECK_MESSAGE(error.message.find("no such file") != std::string::npos, error.message);
  }
  CHECK(open_error(config_for(folder.file("."))).message.find("directory") != std::string::npos);
  CHECK(open_error(config_for("file:/dev/null")).message.find("not a plain file") !=
        std::string::npos);
  write_text(folder.file("empty.mp4"), "");
  write_text(folder.file("text.mp4"), "this is no video, whatever its name says\n");
  for (const char* name : {"empty.mp4", "text.mp4"}) {
    CHECK(open_error(config_for(folder.file(name))).code == Errc::kSourceUnavailable);
  }
}

TEST_CASE("file source: content that would open something else is refused, whatever its name") {
  const TemporaryDirectory folder;
  const std::string evil = folder.file("evil.mp4");
  const std::vector<std::string> contents{
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://" + street() +
          "\n#EXT-X-ENDLIST\n",
      "ffconcat version 1.0\nfile '" + street() + "'\n",
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 "
      "RTP/AVP 96\r\n"
      "a=rtpmap:96 H264/90000\r\n",
      "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period/></MPD>\n"};
  for (const std::string& content : contents) {
    write_text(evil, content);
    const Error error = open_error(config_for(evil));
    CHECK(error.code == Errc::kSourceUnavailable);
    CHECK_MESSAGE(error.message.find(evil) == 0, error.message);
  }
}

TEST_CASE("file source: tracks, packets and times of the street scene") {
  const auto source = source_of(config_for(street()));
  const auto info = source->open();
  REQUIRE(info);
  CHECK_FALSE(info->live);
  REQUIRE(info->tracks.size() == 2);
  CHECK(info->tracks[0].codec == "h264");
  CHECK(info->tracks[0].reorder_depth == 2);
  CHECK(info->tracks[0].frame_rate == Rational{10, 1});
  CHECK(info->tracks[1].sample_rate == 48000);
  CHECK(info->description.find("h264 640x480 10 fps, aac 48000 Hz") != std::string::npos);
  const auto video = read_all(*source, 0);
  REQUIRE(video.size() == 240);
  std::set<std::int64_t> shown;
  for (const Packet& packet : video) {
    CHECK(packet.dts <= packet.pts);
    CHECK_FALSE(packet.arrival);
    CHECK(packet.owner != nullptr);
    shown.insert(packet.pts);
  }
  CHECK(shown.size() == 240);
  CHECK(to_duration(*shown.rbegin() - *shown.begin(), info->tracks[0].time_base) ==
        std::chrono::milliseconds(23'900));
  CHECK(source->read().error().code == Errc::kEndOfStream);  // and stays so
}

TEST_CASE("file source: without audio, by file URL, and closed early") {
  Config config = config_for("file://" + street());
  config.audio = false;
  const auto source = source_of(config);
  const auto info = source->open();
  REQUIRE(info);
  CHECK(info->tracks.size() == 1);
  CHECK(read_all(*source, 0, 3).size() == 3);
}

TEST_CASE("file source: limits on what a hostile file can cost") {
  Config config = config_for(street());
  config.max_streams = 1;
  CHECK(open_error(config).code == Errc::kSourceUnavailable);
  config = config_for(street());
  config.max_pixels = 640 * 480 - 1;
  CHECK(open_error(config).message.find("640x480") != std::string::npos);
  config = config_for(street());
  config.max_packet_bytes = 1000;
  const auto source = source_of(config);
  REQUIRE(source->open());
  const auto item = source->read();
  REQUIRE_FALSE(item);
  CHECK(item.error().message.find("max_packet_bytes (1000)") != std::string::npos);
}

TEST_CASE("file source: damaged files end in order") {
  const TemporaryDirectory folder;
  std::ifstream file(street(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  const std::string path = folder.file("damaged.mp4");
  for (const std::size_t size : {whole.size() / 2, whole.size() / 50, std::size_t{100}}) {
    write_text(path, whole.substr(0, size));
    const auto source = source_of(config_for(path));
    if (!source->open()) continue;
    int items = 0;
    while (items < 10'000 && source->read())
      ++items;
    CHECK(items < 10'000);
  }
}

TEST_CASE("file source: a loop looks like one stream without an end") {
  Config config = config_for(street());
  config.loop = true;
  const auto source = source_of(config);
  const auto info = source->open();
  REQUIRE(info);
  std::vector<std::vector<Packet>> tracks(2);
  while (tracks[0].size() < 600) {
    const auto item = source->read();
    REQUIRE(item);
    const auto& packet = std::get<Packet>(*item);
    tracks.at(packet.track).push_back(packet);
  }
  for (std::size_t i = 1; i < 600; ++i)
    REQUIRE(tracks[0][i].dts - tracks[0][i - 1].dts == 1024);
  for (std::size_t i = 0; i < 360; ++i)
    REQUIRE(tracks[0][i + 240].pts - tracks[0][i].pts == 240 * 1024);
  for (std::size_t i = 1; i < tracks[1].size(); ++i)
    REQUIRE(tracks[1][i].dts > tracks[1][i - 1].dts);
  // One common shift: the second round's first sound is as far from its first picture as the
  // first's.
  const Duration video_shift =
      to_duration(tracks[0][240].dts - tracks[0][0].dts, info->tracks[0].time_base);
  const auto same = std::find_if(tracks[1].begin() + 1, tracks[1].end(), [&](const Packet& packet) {
    return to_duration(packet.dts - tracks[1][0].dts, info->tracks[1].time_base) == video_shift;
  });
  CHECK(same != tracks[1].end());
}

TEST_CASE("file source: in real time it is live, stamped with its arrival, and can be cancelled") {
  const TemporaryDirectory folder;
  Config config = config_for(short_file(folder));
  config.realtime = config.loop = true;
  const auto source = source_of(config);
  const auto info = source->open();
  REQUIRE(info);
  CHECK(info->live);
  const Duration start = system_clock().steady();
  Duration last = start;
  for (int i = 0; i < 8; ++i) {
    const auto item = source->read();
    REQUIRE(item);
    const auto& packet = std::get<Packet>(*item);
    REQUIRE(packet.arrival);
    CHECK(*packet.arrival >= last);
    last = *packet.arrival;
  }
  CHECK(last - start >= std::chrono::milliseconds(270));  // seven waits of 40 ms, one round more
  std::thread other([&] { source->cancel(); });
  Errc code = Errc::kInternal;
  for (int i = 0; i < 1000 && code != Errc::kCancelled; ++i) {
    const auto item = source->read();
    if (!item) code = item.error().code;
  }
  other.join();
  CHECK(code == Errc::kCancelled);
  CHECK(source->read().error().code == Errc::kCancelled);
}

TEST_CASE("sources: cancelled before they were opened") {
  for (const char* name : {CLIPBUF_TEST_DATA "/street.mp4", "rtsp://127.0.0.1:9/x",
                           "http://127.0.0.1:9/x", "pattern:"}) {
    const auto source = source_of(config_for(name));
    source->cancel();
    const auto info = source->open();
    REQUIRE_FALSE(info);
    CHECK_MESSAGE(info.error().code == Errc::kCancelled, name);
  }
}

TEST_CASE("file source: another picture size in mid-stream is told of") {
  const TemporaryDirectory folder;
  const std::string path = folder.file("two.h264");
  std::ofstream file(path, std::ios::binary);
  for (const auto& video : {encode("libx264", 13, 64, 48, 0), encode("libx264", 13, 96, 64, 0)}) {
    for (const Packet& packet : video.packets) {
      std::vector<std::byte> bytes;
      if (packet.key) bytes = video.track.extradata;
      bytes.insert(bytes.end(), packet.data.begin(), packet.data.end());
      file.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
  }
  file.close();
  const auto source = source_of(config_for(path));
  auto info = source->open();
  REQUIRE(info);
  CHECK(info->tracks[0].width == 64);
  std::vector<Track> changed;
  std::size_t before = 0;
  std::size_t after = 0;
  while (true) {
    const auto item = source->read();
    if (!item) break;
    if (const auto* news = std::get_if<TracksChanged>(&*item)) {
      REQUIRE(changed.empty());
      changed = news->tracks;
    } else {
      ++(changed.empty() ? before : after);
    }
  }
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].width == 96);
  CHECK(changed[0].height == 64);
  CHECK(changed[0].extradata != info->tracks[0].extradata);
  CHECK(before == 13);
  CHECK(after == 13);
}

TEST_CASE("pattern: the same number gives the same picture, another one another") {
  const auto draw = [](int width, int height, std::uint64_t number) {
    auto frame = detail::draw_pattern(width, height, number, at_us(1'700'000'000'000'000));
    REQUIRE(frame);
    CHECK(frame->view().validate());
    return *frame;
  };
  CHECK(same_pixels(draw(640, 480, 7), draw(640, 480, 7)));
  CHECK_FALSE(same_pixels(draw(640, 480, 7), draw(640, 480, 8)));
  for (const auto& [width, height] :
       {std::pair{1, 1}, {2, 2}, {17, 3}, {3, 17}, {639, 479}, {1920, 1080}}) {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{12345}, ~std::uint64_t{0}})
      draw(width, height, number);
  }
  CHECK_FALSE(detail::draw_pattern(0, 5, 0, {}));
}

TEST_CASE("pattern: size and fps are taken, frames are stamped by them") {
  Config config = config_for("pattern:");
  config.size = "64x48";
  config.fps = 500;
  const auto source = source_of(config);
  const auto info = source->open();
  REQUIRE(info);
  CHECK(info->live);
  CHECK(info->tracks.empty());
  Timestamp last{};
  for (int i = 0; i < 5; ++i) {
    const auto item = source->read();
    REQUIRE(item);
    const auto& frame = std::get<Frame>(*item);
    CHECK(frame.width() == 64);
    if (i > 0) CHECK((frame.timestamp() - last) % Duration(2000) == Duration(0));
    last = frame.timestamp();
  }
  source->cancel();
  CHECK(source->read().error().code == Errc::kCancelled);
  config.size = "64";
  CHECK(make_source(config).error().code == Errc::kInvalidArgument);
  config.size = "100000x100000";
  CHECK(make_source(config).error().code == Errc::kInvalidArgument);
}

TEST_CASE("pacer: on time, after a jump back, and after a hole") {
  using std::chrono::seconds;
  const detail::SteadyTime now{seconds(100)};
  detail::Pacer pacer(seconds(10));
  CHECK(pacer.due(seconds(5), now) == now);
  CHECK(pacer.due(seconds(6), now) == now + seconds(1));
  CHECK(pacer.due(seconds(7), now + seconds(4)) == now + seconds(2));  // late: at once
  CHECK(pacer.due(seconds(1), now + seconds(4)) == now + seconds(4));  // back: anew from here
  CHECK(pacer.due(seconds(3), now + seconds(4)) == now + seconds(6));
  CHECK(pacer.due(seconds(500), now + seconds(6)) == now + seconds(6));  // a hole is not waited for
}

TEST_CASE("rate meter: steady, bursts, silence") {
  using std::chrono::milliseconds;
  detail::RateMeter meter;
  CHECK(meter.per_second(milliseconds(1000)) == 0);
  for (int i = 0; i <= 100; ++i)
    meter.add(milliseconds(1000 + 40 * i));
  CHECK(meter.per_second(milliseconds(5000)) == doctest::Approx(25).epsilon(0.03));
  CHECK(meter.per_second(milliseconds(8000)) == 0);
  detail::RateMeter bursts;
  for (int second = 0; second < 6; ++second) {
    for (int i = 0; i < 25; ++i)
      bursts.add(milliseconds(1000 * second));
  }
  CHECK(bursts.per_second(milliseconds(5500)) == doctest::Approx(25).epsilon(0.03));
}

TEST_CASE("feed: which packets are kept as they are") {
  CHECK(detail::stores_as_is("auto", "hevc"));
  CHECK(detail::stores_as_is("copy", "vp9"));
  CHECK(detail::stores_as_is("jpeg", "mjpeg"));
  CHECK(detail::stores_as_is("h264", "h264"));
  CHECK(detail::stores_as_is("mpeg4", "mpeg4"));
  CHECK_FALSE(detail::stores_as_is("jpeg", "h264"));
  CHECK_FALSE(detail::stores_as_is("h264", "hevc"));
  CHECK_FALSE(detail::stores_as_is("raw", "h264"));
  CHECK_FALSE(detail::stores_as_is("no_such_encoder", "h264"));
}

}  // namespace clipbuf::test
