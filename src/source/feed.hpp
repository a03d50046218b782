// Feed: puts a source's items into a buffer, as they are or decoded for another codec.
#pragma once

#include <clipbuf/buffer.hpp>
#include <clipbuf/source.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace clipbuf::detail {

/// The writer of a camera's buffer. Thread word: bound.
class Feed {
 public:
  Feed(Buffer buffer, const Config& config) : buffer_(std::move(buffer)), config_(config) {}

  /// A new run with these tracks; none: frames will come. Errors: kInvalidArgument (codec=copy for
  /// frames), kUnsupported (no decoder for what would have to be re-encoded), the buffer's.
  Result<void> begin(const SourceInfo& info, RunReason reason);

  /// Errors: the buffer's and the decoder's; the feed stays usable.
  Result<void> push(const SourceItem& item);

  /// Nothing will come for now: what is held back becomes visible.
  Result<void> finish();

  /// Whether the item is a picture: a frame, or a packet of the video track.
  bool is_picture(const SourceItem& item) const noexcept;

  /// What the user should know of how it is stored; one line, mostly empty.
  const std::string& note() const noexcept { return note_; }

 private:
  Result<void> begin_copy();
  Result<void> begin_decoding();
  Result<void> decode(const Packet& packet);
  Result<void> flush_decoder();
  Result<void> store(const FrameView& frame, std::int64_t pts);
  void anchor(const Packet& packet);

  Buffer buffer_;
  const Config config_;
  bool live_ = false;
  std::string note_;
  std::vector<Track> tracks_;
  std::vector<TrackId> ids_;          // in the buffer, by the source's index
  std::optional<std::size_t> video_;  // the source's index
  std::unique_ptr<Decoder> decoder_;  // null: packets are stored as they are
  std::optional<Duration> to_wall_;   // of decoded frames
  std::optional<Timestamp> newest_;   // of decoded frames
  std::set<std::int64_t> hidden_;     // pts of pictures in the decoder that are not shown
};

/// Whether packets of `codec` are what the option asks for: "auto" and "copy" take any.
bool stores_as_is(const std::string& option, const std::string& codec);

}  // namespace clipbuf::detail
