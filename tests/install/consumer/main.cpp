// A stranger's first program: it sees only what was installed.
#include <clipbuf/clipbuf.hpp>

#include <array>
#include <iostream>

int main() {
  clipbuf::FrameStore<clipbuf::RawCodec, clipbuf::MemoryStorage> store;
  const std::array<std::byte, 4> pixels{};
  clipbuf::FrameView frame;
  frame.format = clipbuf::PixelFormat::kGray8;
  frame.width = 2;
  frame.height = 2;
  frame.planes[0] = pixels.data();
  frame.strides[0] = 2;
  frame.timestamp = clipbuf::Timestamp(std::chrono::seconds(1'700'000'000));
  if (auto pushed = store.push(frame); !pushed) {
    std::cerr << pushed.error().message << '\n';
    return 1;
  }
  std::cout << "clipbuf " << clipbuf::version() << ", packets: " << store.status().in.packets
            << '\n';
  return store.status().in.packets == 1 ? 0 : 1;
}
