#include "detail/mp4_patch.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace clipbuf;
using namespace clipbuf::detail;

namespace {

using Bytes = std::vector<std::byte>;

void put(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = size; i-- > 0;)
    bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

Bytes box(const std::string& type, const Bytes& body) {
  Bytes bytes;
  put(bytes, body.size() + 8, 4);
  for (const char c : type)
    bytes.push_back(static_cast<std::byte>(c));
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes fields(std::initializer_list<std::pair<std::uint64_t, int>> list) {
  Bytes bytes;
  for (const auto& [value, size] : list)
    put(bytes, value, size);
  return bytes;
}

// version 0: flags 0, creation, modification, timescale, duration
Bytes header(std::uint64_t timescale, std::uint64_t duration) {
  return fields({{0, 4}, {0, 4}, {0, 4}, {timescale, 4}, {duration, 4}});
}

Bytes movie(std::uint64_t edit_length, bool two_edits) {
  const Bytes tkhd = box("tkhd", fields({{0, 4}, {0, 4}, {0, 4}, {1, 4}, {0, 4}, {9999, 4}}));
  Bytes entries = two_edits ? fields({{100, 4}, {0xffffffff, 4}, {0x10000, 4}}) : Bytes{};
  const Bytes media = fields({{edit_length, 4}, {512, 4}, {0x10000, 4}});
  entries.insert(entries.end(), media.begin(), media.end());
  const Bytes elst = box("elst", join({fields({{0, 4}, {two_edits ? 2u : 1u, 4}}), entries}));
  const Bytes mdia = box("mdia", box("mdhd", header(12800, 9999)));
  const Bytes trak = box("trak", join({tkhd, box("edts", elst), mdia}));
  return join({box("ftyp", Bytes(8)), box("moov", join({box("mvhd", header(1000, 9999)), trak}))});
}

std::uint64_t read(const Bytes& bytes, const std::string& type, std::size_t at) {
  for (std::size_t i = 4; i + 4 < bytes.size(); ++i) {
    if (std::string(reinterpret_cast<const char*>(&bytes[i]), 4) != type) continue;
    std::uint64_t value = 0;
    for (std::size_t b = 0; b < 4; ++b)
      value = value << 8 | std::to_integer<std::uint64_t>(bytes[i + 4 + at + b]);
    return value;
  }
  return 0;
}

}  // namespace

TEST_CASE("mp4 patch: edit, track and movie get the length that is shown") {
  Bytes file = movie(9999, false);
  const Mp4Edit edit{6400};  // half a second of 12800
  REQUIRE(patch_edits(file, {&edit, 1}));
  CHECK(read(file, "elst", 8) == 500);
  CHECK(read(file, "elst", 12) == 512);  // where it begins is the muxer's business
  CHECK(read(file, "tkhd", 20) == 500);
  CHECK(read(file, "mvhd", 16) == 500);
}

TEST_CASE("mp4 patch: an empty edit before it adds to the track's length") {
  Bytes file = movie(9999, true);
  const Mp4Edit edit{12800};
  REQUIRE(patch_edits(file, {&edit, 1}));
  CHECK(read(file, "elst", 8) == 100);
  CHECK(read(file, "elst", 20) == 1000);
  CHECK(read(file, "tkhd", 20) == 1100);
  CHECK(read(file, "mvhd", 16) == 1100);
}

TEST_CASE("mp4 patch: broken boxes are an error, wherever they are cut") {
  const Bytes whole = movie(9999, true);
  const Mp4Edit edit{12800};
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto patched = patch_edits(cut, {&edit, 1});
    REQUIRE_FALSE(patched);
    CHECK(patched.error().code == Errc::kInternal);
  }
}

TEST_CASE("mp4 patch: fewer tracks than edits is an error") {
  Bytes file = movie(9999, false);
  const Mp4Edit edits[]{{1}, {1}};
  CHECK_FALSE(patch_edits(file, edits));
}
