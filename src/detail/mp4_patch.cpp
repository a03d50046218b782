#include "detail/mp4_patch.hpp"

#include "detail/try.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace clipbuf::detail {
namespace {

using Bytes = std::span<std::byte>;

std::uint64_t read_be(Bytes bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
  return value;
}

void write_be(Bytes bytes, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = size; i-- > 0; value >>= 8)
    bytes[at + i] = static_cast<std::byte>(value & 0xff);
}

// Calls `visit(type, body)` for each box in `bytes`; stops at the first one that doesn't fit.
template <class Visit>
void for_each_box(Bytes bytes, Visit&& visit) {
  while (bytes.size() >= 8) {
    std::uint64_t size = read_be(bytes, 0, 4);
    std::size_t header = 8;
    if (size == 1 && bytes.size() >= 16) {
      size = read_be(bytes, 8, 8);
      header = 16;
    }
    if (size < header || size > bytes.size()) return;
    const std::string_view type(reinterpret_cast<const char*>(bytes.data()) + 4, 4);
    visit(type, bytes.subspan(header, size - header));
    bytes = bytes.subspan(size);
  }
}

std::optional<Bytes> find_box(Bytes parent, std::string_view wanted) {
  std::optional<Bytes> found;
  for_each_box(parent, [&](std::string_view type, Bytes body) {
    if (type == wanted && !found) found = body;
  });
  return found;
}

// A number whose place depends on the box's version: 32 bits at `at0` in version 0, 64 bits at
// `at1` in 1.
Result<void> set_versioned(Bytes box, std::size_t at0, std::size_t at1, std::uint64_t value) {
  const bool wide = !box.empty() && box[0] == std::byte{1};
  const std::size_t at = wide ? at1 : at0;
  const std::size_t size = wide ? 8 : 4;
  if (box.size() < at + size || (!wide && value > std::numeric_limits<std::uint32_t>::max())) {
    return Error{Errc::kInternal,
                 "mp4: duration " + std::to_string(value) + " does not fit its box"};
  }
  write_be(box, at, size, value);
  return {};
}

Result<std::uint64_t> timescale_of(Bytes box) {  // of mvhd and mdhd alike
  const std::size_t at = !box.empty() && box[0] == std::byte{1} ? 20 : 12;
  if (box.size() < at + 4 || read_be(box, at, 4) == 0)
    return Error{Errc::kInternal, "mp4: no timescale"};
  return read_be(box, at, 4);
}

struct MovieScale {
  std::uint64_t movie = 0;  // ticks per second of mvhd, elst and tkhd durations
  std::uint64_t track = 0;  // ticks per second of one track's media
};

std::uint64_t to_movie(std::int64_t ticks, MovieScale scale) {
  __extension__ using Wide = unsigned __int128;  // ticks of a day at 10 MHz times a scale of 2^31
  return static_cast<std::uint64_t>(
      (Wide(std::max<std::int64_t>(ticks, 0)) * scale.movie + scale.track / 2) / scale.track);
}

// Returns the track's whole duration in movie ticks: its empty edit, if any, and the media edit.
Result<std::uint64_t> patch_elst(Bytes elst, std::uint64_t media_length) {
  if (elst.size() < 8) return Error{Errc::kInternal, "mp4: short elst"};
  const bool wide = elst[0] == std::byte{1};
  const std::size_t entry = wide ? 20 : 12;
  const std::size_t field = wide ? 8 : 4;
  const std::uint64_t count = read_be(elst, 4, 4);
  if (count == 0 || elst.size() < 8 + count * entry)
    return Error{Errc::kInternal, "mp4: short elst"};
  const std::size_t last = 8 + (count - 1) * entry;
  if (!wide && media_length > std::numeric_limits<std::uint32_t>::max()) {
    return Error{Errc::kInternal, "mp4: edit too long"};
  }
  write_be(elst, last, field, media_length);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i)
    total += read_be(elst, 8 + i * entry, field);
  return total;
}

Result<std::uint64_t> patch_track(Bytes trak, const Mp4Edit& edit, std::uint64_t movie_scale) {
  const auto tkhd = find_box(trak, "tkhd");
  const auto mdia = find_box(trak, "mdia");
  const auto edts = find_box(trak, "edts");
  const auto mdhd = mdia ? find_box(*mdia, "mdhd") : std::nullopt;
  const auto elst = edts ? find_box(*edts, "elst") : std::nullopt;
  if (!tkhd || !mdhd || !elst)
    return Error{Errc::kInternal, "mp4: a track without tkhd, mdhd or elst"};
  CLIPBUF_TRY_SET(const std::uint64_t track_scale, timescale_of(*mdhd));
  CLIPBUF_TRY_SET(const std::uint64_t length,
                  patch_elst(*elst, to_movie(edit.length, {movie_scale, track_scale})));
  CLIPBUF_TRY(set_versioned(*tkhd, 20, 28, length));
  return length;
}

}  // namespace

Result<void> patch_edits(std::span<std::byte> head, std::span<const Mp4Edit> edits) {
  const auto moov = find_box(head, "moov");
  const auto mvhd = moov ? find_box(*moov, "mvhd") : std::nullopt;
  if (!mvhd) return Error{Errc::kInternal, "mp4: no moov before mdat"};
  CLIPBUF_TRY_SET(const std::uint64_t movie_scale, timescale_of(*mvhd));
  std::uint64_t longest = 0;
  std::size_t track = 0;
  Result<void> outcome;
  for_each_box(*moov, [&](std::string_view type, Bytes body) {
    if (type != "trak" || !outcome) return;
    if (track == edits.size()) return;  // a track of the muxer's own, such as timecode
    auto length = patch_track(body, edits[track++], movie_scale);
    if (!length) {
      outcome = std::move(length).error();
    } else {
      longest = std::max(longest, *length);
    }
  });
  CLIPBUF_TRY(std::move(outcome));
  if (track != edits.size()) return Error{Errc::kInternal, "mp4: fewer tracks than expected"};
  return set_versioned(*mvhd, 16, 24, longest);
}

}  // namespace clipbuf::detail
