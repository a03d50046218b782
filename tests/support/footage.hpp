// Buffers with a little real footage in them, and a place to save clips.
#pragma once

#include <clipbuf/codec/jpeg.hpp>
#include <clipbuf/codec/video.hpp>
#include <clipbuf/frame_store.hpp>
#include <clipbuf/storage/memory.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include <stdlib.h>

namespace clipbuf::test {

inline constexpr Duration kFrameTime = std::chrono::milliseconds(40);
inline constexpr Timestamp kEpoch{std::chrono::seconds(1'700'000'000)};

inline Timestamp at_frame(int n) {
  return kEpoch + n * kFrameTime;
}

/// Pushes gray pictures, no two alike, of frames [from, to) at 25 fps.
inline void push_frames(Buffer& buffer, int from, int to) {
  constexpr int kWidth = 64;
  constexpr int kHeight = 48;
  std::vector<std::byte> pixels(std::size_t{kWidth} * kHeight);
  for (int n = from; n < to; ++n) {
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::byte>((i / 8 + std::size_t(n) * 7) & 0xff);
    FrameView view;
    view.format = PixelFormat::kGray8;
    view.width = kWidth;
    view.height = kHeight;
    view.planes[0] = pixels.data();
    view.strides[0] = kWidth;
    view.timestamp = at_frame(n);
    REQUIRE(buffer.push(view));
  }
}

/// H.264, 25 fps, a key every 25 frames, everything visible.
inline Buffer footage(int frames) {
  VideoCodec::Options codec;
  codec.encoder = "libx264";
  codec.preset = "ultrafast";
  codec.frame_rate = {25, 1};
  FrameStore<VideoCodec, MemoryStorage> store{codec, {}, {.keep = std::chrono::hours(1)}};
  push_frames(store, 0, frames);
  REQUIRE(store.finish());
  return store;
}

/// Removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "clipbuf-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

}  // namespace clipbuf::test
