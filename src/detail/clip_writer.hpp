// From a snapshot to a file's bytes: decides what is copied and what is encoded, and does it.
#pragma once

#include "detail/cut_plan.hpp"
#include "detail/mux.hpp"

namespace clipbuf::detail {

/// Called now and then with 0..1; an error (kCancelled) ends the work.
using Step = std::function<Result<void>(double fraction)>;

/// Writes the clip into `target`. `container` is not kAuto. The report's path is left empty.
/// Errors: Clip::save's.
Result<ClipReport> write_clip(const Snapshot& snapshot, Container container,
                              const SaveOptions& options, ByteTarget& target, const Step& step);

/// The report of a plan: what it delivers, before a container has a say.
ClipReport report_of(const Snapshot& snapshot, const CutPlan& plan);

/// What write_clip would report, as far as the plan tells.
ClipReport preview_clip(const Snapshot& snapshot);

}  // namespace clipbuf::detail
