// Pictures that end where their memory ends: as a webcam's mapped buffers do.
#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>
#include <clipbuf/frame.hpp>

#include <cstdint>
#include <vector>

using namespace clipbuf;

namespace {

/// Memory whose last byte is followed by a page that may not be read.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t size)
      : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        length_((size + page_ - 1) / page_ * page_ + page_),
        base_(
            ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(base_ != MAP_FAILED);
    REQUIRE(::mprotect(static_cast<std::byte*>(base_) + length_ - page_, page_, PROT_NONE) == 0);
    begin_ = static_cast<std::byte*>(base_) + length_ - page_ - size;
  }
  ~GuardedBytes() { ::munmap(base_, length_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  const std::byte* begin() const { return begin_; }

 private:
  std::size_t page_;
  std::size_t length_;
  void* base_;
  std::byte* begin_ = nullptr;
};

void convert_to_all(PixelFormat format, int width, int height) {
  const PlaneLayout layout = plane_layout(format, width, height);
  FrameView view;
  view.format = format;
  view.width = width;
  view.height = height;
  std::vector<std::unique_ptr<GuardedBytes>> planes;
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    planes.push_back(std::make_unique<GuardedBytes>(layout.row_bytes[p] * layout.rows[p]));
    view.planes[p] = planes.back()->begin();
    view.strides[p] = static_cast<std::ptrdiff_t>(layout.row_bytes[p]);
  }
  const Frame frame(view, std::make_shared<int>(0));
  for (int to = 1; to <= static_cast<int>(PixelFormat::kYuv444p10); ++to)
    CHECK(frame.converted(static_cast<PixelFormat>(to)));
}

}  // namespace

TEST_CASE("scale: no byte beyond a picture is read") {
  for (int format = 1; format <= static_cast<int>(PixelFormat::kYuv444p10); ++format) {
    CAPTURE(format);
    convert_to_all(static_cast<PixelFormat>(format), 640, 480);
    convert_to_all(static_cast<PixelFormat>(format), 64, 64);
    convert_to_all(static_cast<PixelFormat>(format), 100, 20);
  }
}
