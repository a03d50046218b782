// A storage whose open segment can't be read is refused where the store is named.
// error: constraint
#include <clipbuf/codec/raw.hpp>
#include <clipbuf/frame_store.hpp>

namespace {

class OwnStorage {
 public:
  struct Options {};
  explicit OwnStorage(Options) {}
  clipbuf::Result<void> limit(const clipbuf::Limits&) { return {}; }
  clipbuf::Result<void> append(const clipbuf::Packet&) { return {}; }
  clipbuf::Result<clipbuf::SegmentPtr> seal() { return clipbuf::SegmentPtr{}; }
  void discard() {}
  void release(const clipbuf::SegmentPtr&) {}
#if !defined(CLIPBUF_BAD)
  clipbuf::SegmentPtr peek() const {
    return {};
  }
#endif
  std::size_t bytes_held() const {
    return 0;
  }
};

}  // namespace

using Store = clipbuf::FrameStore<clipbuf::RawCodec, OwnStorage>;
static_assert(sizeof(Store) > 0);
