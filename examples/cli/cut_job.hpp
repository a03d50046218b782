// CutJob: a file through the store as fast as it can, and a clip out of it.
#pragma once

#include <clipbuf/buffer.hpp>
#include <clipbuf/source.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cli {

struct CutRequest {
  clipbuf::Config config;     ///< source, limits
  clipbuf::Duration from{0};  ///< from the first presented video frame
  clipbuf::Duration to{0};
  std::string output;
  std::string poster;  ///< a JPEG of the first frame, too; may be empty
  bool placeholder = false;
  clipbuf::SaveOptions save;
};

/// What came of it. A report may come with a warning: the file could not be read to the end.
struct CutOutcome {
  clipbuf::ClipReport report;
  std::optional<clipbuf::Error> warning;
};

/// Reads no further than it must, and holds no more than the range, the key frame before it, and a
/// margin. Thread word: run() is bound; cancel(), stage() and fraction() are thread-safe.
class CutJob {
 public:
  explicit CutJob(CutRequest request);

  /// The whole job. `exit` is the exit code that an error means.
  clipbuf::Result<CutOutcome> run();
  int exit_for_error() const noexcept { return exit_; }

  void cancel() noexcept;
  const char* stage() const noexcept { return saving_ ? "saving" : "reading"; }
  double fraction() const noexcept { return fraction_; }

 private:
  clipbuf::Result<clipbuf::SourceInfo> open();
  clipbuf::Result<void> set_tracks(clipbuf::Buffer& buffer,
                                   const std::vector<clipbuf::Track>& tracks);
  clipbuf::Result<void> fill(clipbuf::Buffer& buffer);
  clipbuf::Result<void> push(clipbuf::Buffer& buffer, const clipbuf::SourceItem& item);
  bool past_end(const clipbuf::Buffer& buffer, const clipbuf::SourceItem& item);
  void look(const clipbuf::Buffer& buffer);
  clipbuf::Result<CutOutcome> save(const clipbuf::Buffer& buffer);
  clipbuf::Result<void> check_held(const clipbuf::Clip& clip) const;

  CutRequest request_;
  std::shared_ptr<clipbuf::Source> source_;  // guarded by mutex_ for cancel()
  std::mutex mutex_;
  std::optional<clipbuf::Clip> clip_;  // guarded by mutex_
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> saving_{false};
  std::atomic<double> fraction_{0};
  int exit_ = 1;

  std::vector<clipbuf::Track> tracks_;
  std::vector<clipbuf::TrackId> ids_;
  std::vector<bool> track_past_;  // video and audio tracks that have passed the range's end
  std::uint64_t items_ = 0;
  std::optional<clipbuf::Timestamp> first_;  // of the first presented frame
  bool first_is_final_ = false;
  std::optional<clipbuf::Timestamp> first_shown_;  // not hidden by the file's own edit list
  bool hides_ = false;
  clipbuf::Timestamp newest_{};
  std::optional<clipbuf::Error> read_error_;
  std::optional<clipbuf::Error> push_error_;
};

}  // namespace cli
