// A failure that nobody looks at is a mistake of the caller's, told at compile time.
// error: (nodiscard|unused-result)
#include <clipbuf/buffer.hpp>

bool push(clipbuf::Buffer& buffer, const clipbuf::FrameView& frame) {
#if defined(CLIPBUF_BAD)
  buffer.push(frame);
  return true;
#else
  return buffer.push(frame).has_value();
#endif
}
