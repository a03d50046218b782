#include "detail/cut_plan.hpp"

#include <algorithm>

namespace clipbuf::detail {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// The main stream's samples, with the order in which they are shown at each place summed up.
struct Order {
  std::vector<std::size_t> samples;         // indices, in decoding order
  std::vector<std::int64_t> newest_before;  // largest pts before each place
  std::vector<std::int64_t> oldest_from;    // smallest pts at and after each place

  explicit Order(const CutPlan& plan) {
    for (std::size_t i = 0; i < plan.samples.size(); ++i) {
      if (plan.samples[i].stream == 0) samples.push_back(i);
    }
    newest_before.assign(samples.size() + 1, -kNever);
    oldest_from.assign(samples.size() + 1, kNever);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      newest_before[i + 1] = std::max(newest_before[i], plan.samples[samples[i]].pts);
    }
    for (std::size_t i = samples.size(); i-- > 0;) {
      oldest_from[i] = std::min(oldest_from[i + 1], plan.samples[samples[i]].pts);
    }
  }

  // Nothing decoded before this place is shown after anything decoded from it on.
  bool parts_at(std::size_t place) const { return newest_before[place] < oldest_from[place]; }
};

}  // namespace

std::optional<CopySpan> copy_span(const CutPlan& plan) {
  const Order order(plan);
  const auto clean = [&](std::size_t place) {
    return place < order.samples.size() && plan.samples[order.samples[place]].clean &&
           order.parts_at(place);
  };
  std::size_t first = 0;
  while (first < order.samples.size() &&
         !(clean(first) && plan.samples[order.samples[first]].pts >= 0)) {
    ++first;
  }
  std::size_t last = order.samples.size();
  // Pictures past the end can't be left out of a group: the group that has them is encoded.
  while (last > first && !((last == order.samples.size() || clean(last)) &&
                           order.newest_before[last] < plan.streams[0].length)) {
    --last;
  }
  if (first >= last) return std::nullopt;
  const Sample& key = plan.samples[order.samples[first]];
  return CopySpan{order.samples[first],
                  last < order.samples.size() ? order.samples[last] : plan.samples.size(),
                  key.pts - key.dts};
}

}  // namespace clipbuf::detail
