// The owning pointer of libavformat's growing block of memory.
#pragma once

extern "C" {
#include <libavformat/avio.h>
#include <libavutil/mem.h>
}

#include <memory>

namespace clipbuf::detail {

struct AvDynamicIoDeleter {
  void operator()(AVIOContext* p) const noexcept {
    std::uint8_t* bytes = nullptr;
    avio_close_dyn_buf(p, &bytes);
    av_free(bytes);
  }
};
using AvDynamicIoPtr = std::unique_ptr<AVIOContext, AvDynamicIoDeleter>;

}  // namespace clipbuf::detail
