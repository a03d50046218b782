// The store against a model of it that is slow and obvious, over random operations.
#include "detail/store_core.hpp"
#include "support/store.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

using namespace clipbuf;
using namespace clipbuf::test;
using namespace std::chrono_literals;

namespace {

struct ModelPacket {
  TrackId track = 0;
  bool key = false;
  std::int64_t pts = 0;  // milliseconds; of audio too
  std::int64_t dts = 0;
  std::uint64_t number = 0;
};

struct ModelSegment {
  int run = 0;
  RunReason reason = RunReason::kStart;
  std::vector<ModelPacket> packets;
  Duration to_wall{0};

  std::int64_t first_dts() const { return packets.front().dts; }
  Timestamp begin() const {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (const auto& each : packets)
      if (each.track == 0) least = std::min(least, each.pts);
    return media(least) + to_wall;
  }
};

constexpr std::int64_t kFrame = 40;

// All that was ever stored, in segments; what the ring holds is `held` onwards.
struct Model {
  std::vector<ModelSegment> segments;
  std::size_t held = 0;
  int run = 0;
  bool run_open = false;
  RunReason reason = RunReason::kStart;
  Duration to_wall{0};
  std::uint64_t dropped = 0;
  std::vector<std::pair<int, Duration>> unbelieved;
  int followers = 0;
  std::vector<ModelPacket> waiting;  // sound before the first key

  void push(const ModelPacket& packet) {
    if (!run_open && !(packet.track == 0 && packet.key)) {
      if (packet.track == 0) ++dropped;
      if (packet.track == 1) waiting.push_back(packet);
      return;
    }
    const bool starts = packet.track == 0 && packet.key;
    if (!run_open || (starts && packet.dts - segments.back().first_dts() >= 1000)) {
      if (!run_open) ++run;
      segments.push_back({run, reason, {}, to_wall});
      run_open = true;
    }
    if (packet.track == 0) note_leap(packet);
    segments.back().packets.push_back(packet);
    // Sound that came before the first picture and is heard with it follows it.
    for (const ModelPacket& each : std::exchange(waiting, {})) {
      if (each.pts + kFrame > packet.pts - 100) {  // and 100 ms of pre-roll
        segments.back().packets.push_back(each);
      } else {
        ++dropped;
      }
    }
  }

  void begin_run(RunReason why) {
    dropped += std::exchange(waiting, {}).size();
    run_open = false;
    reason = why;
  }

  // The newest dts of the main track, in ms on the axis on which runs lie as in wall time.
  Timestamp newest_dts() const {
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment)
      for (auto each = segment->packets.rbegin(); each != segment->packets.rend(); ++each)
        if (each->track == 0) return media(each->dts) + segment->to_wall;
    return {};
  }

  // A leap of more than 5 s does not make anything older until three packets have followed it.
  void note_leap(const ModelPacket& packet) {
    const Timestamp before = newest_dts();
    const Timestamp now = media(packet.dts);
    if (before != Timestamp{} && now - before > 5s) {
      unbelieved.push_back({run, now - before});
      followers = 0;
    } else if (++followers >= 3) {
      unbelieved.clear();
    }
  }

  void evict(Duration keep) {
    while (held + 1 < segments.size()) {
      Timestamp oldest = newest_dts() - keep;
      for (const auto& [leap_run, by] : unbelieved)
        if (leap_run > segments[held + 1].run) oldest -= by;
      if (segments[held + 1].begin() > oldest) return;
      ++held;
    }
  }

  std::uint64_t evicted() const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < held; ++i)
      count += segments[i].packets.size();
    return count;
  }

  // End of the last frame that no other can come before. A run that has ended is complete.
  Timestamp end_of(int which) const {
    std::int64_t newest = std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = held; i < segments.size(); ++i)
      for (const auto& each : segments[i].packets)
        if (segments[i].run == which && each.track == 0) newest = std::max(newest, each.dts);
    Timestamp end{};
    for (std::size_t i = held; i < segments.size(); ++i)
      for (const auto& each : segments[i].packets)
        if (segments[i].run == which && each.track == 0 &&
            (each.pts <= newest || !(run_open && which == run)))
          end = std::max(end, media(each.pts + kFrame) + segments[i].to_wall);
    return end;
  }

  // Every missing frame time of the range, found by looking at each run.
  std::vector<Gap> gaps(TimeRange range) const {
    std::vector<Gap> found;
    const auto add = [&](Timestamp begin, Timestamp end, GapReason why) {
      begin = std::max(begin, range.begin);
      end = std::min(end, range.end);
      if (begin < end) found.push_back({{begin, end}, why});
    };
    Timestamp covered{};
    int last = 0;
    for (std::size_t i = held; i < segments.size(); ++i) {
      if (segments[i].run == last) continue;
      const Timestamp begin = segments[i].begin();
      const Timestamp end = end_of(segments[i].run);
      if (end <= begin) continue;
      if (last == 0 && begin - range.begin > kFrame * 1ms) {
        const Timestamp first = held == 0 ? begin : segments[0].begin();
        add(range.begin, first, GapReason::kNotRecorded);
        add(first, begin, GapReason::kEvicted);
      } else if (last != 0 && begin - covered > kFrame * 500us) {
        add(covered, begin, GapReason::kSourceLost);
      }
      covered = end;
      last = segments[i].run;
    }
    if (last == 0) {
      add(range.begin, range.end, held == 0 ? GapReason::kNotRecorded : GapReason::kEvicted);
    } else if (range.end - covered > kFrame * 1ms) {
      add(covered, range.end, GapReason::kNotRecordedYet);
    }
    return found;
  }
};

// One random life of a store, and the model's beside it.
class Life {
 public:
  explicit Life(unsigned seed)
      : random_(seed),
        keep_(Duration(1s) * pick(1, 20)),
        store_({}, {.block_bytes = 4096}, {.keep = keep_}, {.clock = &kFakeClock}) {
    declare();
  }

  void live(int operations) {
    for (int i = 0; i < operations; ++i) {
      switch (pick(0, 19)) {
        case 0:
          reconnect();
          break;
        case 1:
        case 2:
          check_clip();
          break;
        case 3:
          if (!pins_.empty()) pins_.pop_back();
          break;
        default:
          push_gop();
      }
      check_status();
    }
    for (const auto& [snapshot, numbers] : pins_)
      CHECK(numbers_of(snapshot) == numbers);
  }

 private:
  int pick(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

  void declare() {
    REQUIRE(store_.add_track(video_track()));
    Track sound = audio_track();
    sound.time_base = {1, 1000};
    REQUIRE(store_.add_track(sound));
  }

  void reconnect() {
    REQUIRE(store_.begin_run(RunReason::kReconnect));
    model_.begin_run(RunReason::kReconnect);
    declare();
    time_ += pick(0, 8) * 1000;
    lost_key_ = pick(0, 3) == 0;
  }

  void push(TrackId track, std::int64_t pts, std::int64_t dts, bool key) {
    Packet next = packet(track, pts, key, static_cast<std::size_t>(pick(20, 3000)), 0);
    next.dts = dts;
    next.duration = kFrame;
    auto bytes = std::make_shared<std::vector<std::byte>>(next.data.begin(), next.data.end());
    ++number_;
    std::memcpy(bytes->data(), &number_, sizeof number_);
    next.data = *bytes;
    REQUIRE(store_.push(next));
    model_.push({track, key, pts, dts, number_});
    model_.evict(keep_);
  }

  // A group of pictures, perhaps with B pictures, perhaps cut short of its key; sound beside it.
  void push_gop() {
    const int frames = pick(1, 5) == 1 ? pick(50, 150) : pick(1, 30);
    const bool b_pictures = pick(0, 1) == 1;
    const std::int64_t delay = 2 * kFrame;
    for (int i = 0; i < frames; ++i) {
      std::int64_t shown = i;
      // I0 P2 b1 P4 b3: pairs swapped behind the key; the last one of an even group is left as it
      // is.
      if (b_pictures && i > 0 && !(i % 2 == 1 && i + 1 == frames))
        shown = i % 2 == 1 ? i + 1 : i - 1;
      const bool key = i == 0 && !lost_key_;
      push(0, time_ + shown * kFrame + delay, time_ + i * kFrame, key);
      if (pick(0, 2) == 0) push(1, time_ + i * kFrame + delay, time_ + i * kFrame + delay, true);
    }
    lost_key_ = false;
    time_ += frames * kFrame;
  }

  static std::string text_of(const std::vector<Gap>& gaps) {
    std::string text;
    for (const Gap& each : gaps)
      text += std::string(gap_reason_name(each.reason)) + " " + to_string(each.range.begin) +
              " to " + to_string(each.range.end) + "; ";
    return text;
  }

  static std::vector<std::uint64_t> numbers_of(const std::vector<detail::SegmentEntry>& entries) {
    std::vector<std::uint64_t> numbers;
    for (const auto& entry : entries)
      for (const Packet& each : packets_of(*entry.segment)) {
        numbers.emplace_back();
        std::memcpy(&numbers.back(), each.data.data(), sizeof numbers.back());
      }
    return numbers;
  }

  void check_status() {
    const BufferStatus status = store_.status();
    CHECK(balanced(status));
    CHECK(status.in.packets == number_ - model_.waiting.size());
    CHECK(status.dropped.no_key_frame.packets == model_.dropped);
    CHECK(status.evicted.packets == model_.evicted());
    CHECK(status.segments == model_.segments.size() - model_.held);
    std::vector<std::uint64_t> expected;
    for (std::size_t i = model_.held; i < model_.segments.size(); ++i)
      for (const auto& each : model_.segments[i].packets)
        expected.push_back(each.number);
    REQUIRE(numbers_of(store_.core()->segments_from(0)) == expected);
  }

  void check_clip() {
    if (model_.segments.empty()) return;
    const std::int64_t begin = time_ - pick(0, 40'000);
    const TimeRange range{media(begin), media(begin + pick(1, 20'000))};
    CAPTURE(to_string(range.begin));
    CAPTURE(to_string(range.end));
    const auto snapshot =
        store_.core()->snapshot({.begin = range.begin, .end = range.end, .placeholder = true});
    REQUIRE(snapshot);
    CHECK(text_of(snapshot->gaps) == text_of(model_.gaps(range)));
    const auto numbers = numbers_of(snapshot->segments);
    // Each frame in range is there, and so is the key that it needs.
    for (std::size_t i = model_.held; i < model_.segments.size(); ++i) {
      const auto& packets = model_.segments[i].packets;
      const bool wanted = std::any_of(packets.begin(), packets.end(), [&](const auto& each) {
        return each.track == 0 && range.contains(media(each.pts));
      });
      const auto first = std::find(numbers.begin(), numbers.end(), packets.front().number);
      if (wanted && !snapshot->segments.empty()) CHECK(first != numbers.end());
    }
    // No more than the range, 200 ms and a neighbour on either side.
    if (snapshot->segments.size() > 4) {
      CHECK(snapshot->segments[2].wall(snapshot->segments[2].all_end) > range.begin - 200ms);
      const auto& near_end = snapshot->segments[snapshot->segments.size() - 2];
      CHECK(near_end.wall(near_end.all_begin) < range.end + 200ms);
    }
    pins_.emplace_back(snapshot->segments, numbers);
    if (pins_.size() > 5) pins_.erase(pins_.begin());
  }

  std::mt19937 random_;
  Duration keep_;
  CopyStore store_;
  Model model_;
  std::int64_t time_ = 100'000;
  std::uint64_t number_ = 0;
  bool lost_key_ = false;
  std::vector<std::pair<std::vector<detail::SegmentEntry>, std::vector<std::uint64_t>>> pins_;
};

unsigned rounds() {
  const char* more = std::getenv("CLIPBUF_MODEL_ROUNDS");
  return more == nullptr ? 50 : static_cast<unsigned>(std::atoi(more));
}

}  // namespace

TEST_CASE("store model: random lives of a store are those of the model") {
  for (unsigned seed = 1; seed <= rounds(); ++seed) {
    CAPTURE(seed);
    Life(seed).live(60);
  }
}

TEST_CASE("store model: with tiny limits the books balance and no limit is exceeded") {
  for (unsigned seed = 1; seed <= rounds(); ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::size_t limit = 32 * 1024 + random() % (256 * 1024);
    FakeClock::reset();
    CopyStore store{{},
                    {},
                    {.keep = Duration(1s) * (random() % 20), .max_bytes = limit},
                    {.clock = &kFakeClock}};
    REQUIRE(store.add_track(video_track()));
    std::vector<detail::Snapshot> pins;
    std::uint64_t pushed = 0;
    for (int n = 0; n < 1500; ++n) {
      if (random() % 200 == 0) FakeClock::step_wall(Duration(static_cast<std::int64_t>(random())));
      FakeClock::advance(40ms);
      Packet next = frame_packet(n, 1 + static_cast<int>(random() % 30), random() % 6000);
      if (random() % 100 == 0) next.pts = next.dts = static_cast<std::int64_t>(random());
      if (seed % 2 == 0) next.arrival = FakeClock::steady();
      (void)store.push(next);
      ++pushed;
      const BufferStatus status = store.status();
      REQUIRE(balanced(status));
      REQUIRE(status.in.packets == pushed);
      REQUIRE(status.bytes_held <= limit);
      if (random() % 50 == 0)
        if (auto snapshot = store.core()->snapshot({.last = 5s}))
          pins.push_back(*std::move(snapshot));
      if (random() % 60 == 0) pins.clear();
    }
    // What is in the ring can be read, in order of decoding within each run.
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    std::uint64_t run = 0;
    std::uint64_t packets = 0;
    for (const auto& entry : store.core()->segments_from(0)) {
      if (entry.run->id != run) last = std::numeric_limits<std::int64_t>::min();
      run = entry.run->id;
      for (const Packet& each : packets_of(*entry.segment)) {
        REQUIRE(each.dts > last);
        last = each.dts;
        ++packets;
      }
    }
    REQUIRE(packets == store.status().stored.packets);
  }
}
