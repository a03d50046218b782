#include "detail/cut_plan.hpp"

#include "support/segments.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace clipbuf;
using namespace clipbuf::detail;
using namespace std::chrono_literals;
using test::Gop;
using test::snapshot_of;

namespace {

constexpr Duration kFrame = 40ms;

std::vector<std::int64_t> shown_pts(const CutPlan& plan) {
  std::vector<std::int64_t> pts;
  for (const Sample& sample : plan.samples) {
    if (sample.stream == 0 && sample.shown) pts.push_back(sample.pts);
  }
  std::sort(pts.begin(), pts.end());
  return pts;
}

std::int64_t used(const CutPlan& plan) {
  return std::count_if(plan.samples.begin(), plan.samples.end(),
                       [](const Sample& s) { return s.stream == 0; });
}

Snapshot gops(const char* pattern, int count, TimeRange range) {
  Snapshot snapshot =
      snapshot_of(std::vector<Gop>(static_cast<std::size_t>(count), Gop{pattern, {}, 0}));
  snapshot.requested = range;
  return snapshot;
}

TimeRange frames(int from, int to) {
  return {Timestamp(from * kFrame), Timestamp(to * kFrame)};
}

}  // namespace

TEST_CASE("cut plan: a range inside a group starts at its key and hides the lead-in") {
  const auto plan = plan_cut(gops("IPPPP", 4, frames(7, 12)), {});
  REQUIRE(plan);
  CHECK(shown_pts(*plan) == std::vector<std::int64_t>{0, 40, 80, 120, 160});
  CHECK(used(*plan) == 7);  // from frame 5, the key
  CHECK(plan->lead_in == 2 * kFrame);
  CHECK(plan->hidden_head);
  CHECK_FALSE(plan->hidden_tail);
  CHECK(plan->delivered == frames(7, 12));
  CHECK(plan->streams[0].length == 200);
}

TEST_CASE("cut plan: a picture after the end that an earlier one refers to is kept and hidden") {
  // Shown I0 b1 b2 P3 b4 b5 P6; decoded I0 P3 b1 b2 P6 b4 b5.
  const auto plan = plan_cut(gops("IPbbPbb", 2, frames(0, 3)), {});
  REQUIRE(plan);
  CHECK(shown_pts(*plan) == std::vector<std::int64_t>{0, 40, 80});
  CHECK(used(*plan) == 4);
  CHECK(plan->hidden_tail);
  CHECK(plan->streams[0].length == 120);
}

TEST_CASE("cut plan: the leading pictures of an open group need the group before it") {
  // The second group is decoded I P with two pictures shown before its I.
  Snapshot snapshot = snapshot_of({{"IPPPP", {}, 0}, {"IllPP", {}, 0}});
  snapshot.requested = frames(5, 9);  // the leading pictures are frames 5 and 6, the key is 7
  const auto plan = plan_cut(snapshot, {});
  REQUIRE(plan);
  CHECK(shown_pts(*plan) == std::vector<std::int64_t>{0, 40, 80, 120});
  CHECK(plan->lead_in == 5 * kFrame);

  snapshot.requested = frames(7, 9);  // now the key itself is the first
  const auto later = plan_cut(snapshot, {});
  REQUIRE(later);
  CHECK(shown_pts(*later) == std::vector<std::int64_t>{0, 40});
  CHECK(later->lead_in == Duration{0});  // leading pictures can't be decoded: they are none
}

TEST_CASE("cut plan: an intra refresh is right only after the next whole one") {
  const Gop refresh{"IPPPP", {}, 3};
  Snapshot snapshot = snapshot_of({{"IPPPP", {}, 0}, refresh, refresh, refresh, refresh});
  snapshot.requested = frames(14, 16);  // started at frame 5 all is right from 13 on, at 10 from 18
  const auto plan = plan_cut(snapshot, {});
  REQUIRE(plan);
  CHECK(plan->lead_in == 9 * kFrame);
  const auto keys = std::count_if(plan->samples.begin(), plan->samples.end(),
                                  [](const Sample& s) { return s.stream == 0 && s.key; });
  CHECK(keys == 1);  // players start at the last key before the edit: there must be no other
}

TEST_CASE("cut plan: keyframe mode shows the lead-in") {
  const auto plan = plan_cut(gops("IPPPP", 4, frames(7, 12)), {CutMode::kKeyframe});
  REQUIRE(plan);
  CHECK(plan->frames == 7);
  CHECK(plan->delivered == frames(5, 12));
  CHECK(plan->lead_in == 2 * kFrame);
  CHECK_FALSE(plan->hidden_head);
}

TEST_CASE("cut plan: without hiding, the pictures that would be missing in between are shown too") {
  CutRequest request{CutMode::kKeyframe};
  request.hide_video = false;
  const auto plan = plan_cut(gops("IPbbPbb", 2, frames(0, 2)), request);
  REQUIRE(plan);
  CHECK(shown_pts(*plan) == std::vector<std::int64_t>{0, 40, 80, 120});
  CHECK_FALSE(plan->hidden_tail);
}

TEST_CASE("cut plan: two runs follow each other by the wall clock, or at once") {
  Snapshot snapshot = snapshot_of({{"IPPPP", {}, 0}});
  test::add_run(snapshot, {{"IPPPP", {}, 0}}, Duration(3s));
  snapshot.requested = {Timestamp(0s), Timestamp(10s)};
  const auto hold = plan_cut(snapshot, {});
  REQUIRE(hold);
  CHECK(hold->frames == 10);
  CHECK(shown_pts(*hold)[5] == 3000);
  CutRequest request;
  request.gaps = GapPolicy::kCollapse;
  const auto collapse = plan_cut(snapshot, request);
  REQUIRE(collapse);
  CHECK(shown_pts(*collapse)[5] == 200);
}

TEST_CASE("cut plan: a clock step between two runs takes no time in the file") {
  Snapshot snapshot = snapshot_of({{"IPPPP", {}, 0}});
  test::add_run(snapshot, {{"IPPPP", {}, 0}}, Duration(3600s));
  snapshot.requested = {Timestamp(0s), Timestamp(7200s)};
  snapshot.gaps = {{{Timestamp(200ms), Timestamp(3600s)}, GapReason::kClockStep}};
  const auto plan = plan_cut(snapshot, {});
  REQUIRE(plan);
  CHECK(shown_pts(*plan)[5] == 200);
}

TEST_CASE("cut plan: an empty range says so") {
  const auto plan = plan_cut(gops("IPPPP", 2, {Timestamp(100s), Timestamp(200s)}), {});
  REQUIRE_FALSE(plan);
  CHECK(plan.error().code == Errc::kNothingInRange);
}

TEST_CASE("cut plan: a picture is left out while one shown before it can still come") {
  Snapshot snapshot = gops("IPPPP", 2, frames(0, 100));
  snapshot.segments.back().final = false;
  snapshot.segments.back().end = 8 * kFrame;
  const auto plan = plan_cut(snapshot, {});
  REQUIRE(plan);
  CHECK(plan->frames == 8);
}

TEST_CASE("copy span: whole groups in range need not be encoded") {
  const auto plan = plan_cut(gops("IPPPP", 6, frames(7, 28)), {});
  REQUIRE(plan);
  const auto span = copy_span(*plan);
  REQUIRE(span);
  CHECK(span->begin == 10);  // the test's tracks are of a codec whose keys are clean
  CHECK(span->end == 30);    // the last group ends in range: nothing of it is hidden
}

TEST_CASE("copy span: a group with pictures past the end is encoded") {
  const auto plan = plan_cut(gops("IPbbPbb", 4, frames(2, 24)), {});
  REQUIRE(plan);
  const auto span = copy_span(*plan);
  REQUIRE(span);
  CHECK(span->begin == 7);
  CHECK(span->end == 21);
}
