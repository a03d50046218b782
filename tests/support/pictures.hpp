// Pictures to encode, and how to compare them with what came back.
#pragma once

#include <clipbuf/codec.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

namespace clipbuf::test {

inline constexpr std::array kAllFormats = {
    PixelFormat::kGray8,    PixelFormat::kBgr24,   PixelFormat::kRgb24,     PixelFormat::kBgra,
    PixelFormat::kRgba,     PixelFormat::kYuv420p, PixelFormat::kYuv422p,   PixelFormat::kYuv444p,
    PixelFormat::kNv12,     PixelFormat::kYuyv422, PixelFormat::kYuv420p10, PixelFormat::kYuv422p10,
    PixelFormat::kYuv444p10};

inline bool is_10_bit(PixelFormat format) {
  return format == PixelFormat::kYuv420p10 || format == PixelFormat::kYuv422p10 ||
         format == PixelFormat::kYuv444p10;
}

inline Timestamp at_us(std::int64_t us) {
  return Timestamp(Duration(us));
}

/// A smooth pattern within limited range that moves with `number`; no two numbers below 150 look
/// alike.
inline Frame picture(PixelFormat format, int width, int height, int number,
                     Timestamp timestamp = {}) {
  const PlaneLayout layout = plane_layout(format, width, height);
  auto pixels = std::make_shared<std::vector<std::byte>>(layout.total_bytes());
  FrameView view;
  view.format = format;
  view.width = width;
  view.height = height;
  view.timestamp = timestamp;
  std::byte* at = pixels->data();
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    view.planes[p] = at;
    view.strides[p] = static_cast<std::ptrdiff_t>(layout.row_bytes[p]);
    for (std::size_t y = 0; y < layout.rows[p]; ++y) {
      for (std::size_t x = 0; x < layout.row_bytes[p]; ++x) {
        const std::size_t sum = x + 2 * y + 3 * static_cast<std::size_t>(number) + 60 * p;
        const auto wave = static_cast<unsigned>(std::abs(static_cast<int>(sum % 360) - 180));
        const unsigned value = 30 + wave;
        if (!is_10_bit(format))
          *at++ = static_cast<std::byte>(value);
        else
          *at++ = static_cast<std::byte>(x % 2 == 0 ? (4 * value) & 0xff : (4 * 128) >> 8);
      }
    }
  }
  return Frame(view, pixels);
}

/// Every pixel the same; `values` by plane, or by component of a packed format.
inline Frame flat_picture(PixelFormat format, int width, int height, ColorRange range,
                          std::array<int, 4> values) {
  const Frame frame = picture(format, width, height, 0);
  FrameView view = frame.view();
  view.range = range;
  const PlaneLayout layout = plane_layout(format, width, height);
  const std::size_t components =
      layout.planes > 1 ? 1 : layout.row_bytes[0] / static_cast<std::size_t>(width);
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    auto* at = const_cast<std::byte*>(view.planes[p]);
    for (std::size_t i = 0; i < layout.row_bytes[p] * layout.rows[p]; ++i)
      at[i] = static_cast<std::byte>(values[layout.planes > 1 ? p : i % components]);
  }
  return Frame(view, std::make_shared<Frame>(frame));
}

/// The same picture with wide strides, or stored bottom-up.
inline Frame restrided(const Frame& frame, std::ptrdiff_t padding, bool bottom_up) {
  FrameView view = frame.view();
  const PlaneLayout layout = plane_layout(view.format, view.width, view.height);
  auto pixels = std::make_shared<std::vector<std::vector<std::byte>>>();
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p) {
    const std::size_t stride = layout.row_bytes[p] + static_cast<std::size_t>(padding);
    auto& plane = pixels->emplace_back(stride * layout.rows[p], std::byte{0xEE});
    for (std::size_t y = 0; y < layout.rows[p]; ++y) {
      const std::size_t row = bottom_up ? layout.rows[p] - 1 - y : y;
      std::memcpy(plane.data() + row * stride,
                  view.planes[p] + static_cast<std::ptrdiff_t>(y) * view.strides[p],
                  layout.row_bytes[p]);
    }
    view.strides[p] =
        bottom_up ? -static_cast<std::ptrdiff_t>(stride) : static_cast<std::ptrdiff_t>(stride);
    view.planes[p] = plane.data() + (bottom_up ? stride * (layout.rows[p] - 1) : 0);
  }
  return Frame(view, pixels);
}

/// Peak signal to noise ratio in dB over all samples; 999 where nothing differs, 0 where the
/// pictures are not of one kind.
inline double psnr(const FrameView& a, const FrameView& b) {
  if (a.format != b.format || a.width != b.width || a.height != b.height) return 0;
  const PlaneLayout layout = plane_layout(a.format, a.width, a.height);
  const bool wide = is_10_bit(a.format);
  double sum = 0;
  double count = 0;
  for (std::size_t p = 0; p < static_cast<std::size_t>(layout.planes); ++p)
    for (std::size_t y = 0; y < layout.rows[p]; ++y) {
      const std::byte* row_a = a.planes[p] + static_cast<std::ptrdiff_t>(y) * a.strides[p];
      const std::byte* row_b = b.planes[p] + static_cast<std::ptrdiff_t>(y) * b.strides[p];
      for (std::size_t x = 0; x < layout.row_bytes[p]; x += wide ? 2 : 1) {
        const auto sample = [&](const std::byte* row) {
          const int low = std::to_integer<int>(row[x]);
          return wide ? low + 256 * std::to_integer<int>(row[x + 1]) : low;
        };
        const double difference = sample(row_a) - sample(row_b);
        sum += difference * difference;
        ++count;
      }
    }
  const double peak = wide ? 1023 : 255;
  return sum == 0 ? 999 : 10 * std::log10(peak * peak * count / sum);
}

inline bool identical(const FrameView& a, const FrameView& b) {
  return psnr(a, b) == 999;
}

/// A packet that owns its bytes.
inline Packet owned(const Packet& packet) {
  auto bytes = std::make_shared<std::vector<std::byte>>(packet.data.begin(), packet.data.end());
  Packet copy = packet;
  copy.data = *bytes;
  copy.owner = bytes;
  return copy;
}

/// Collects packets.
struct PacketList {
  std::vector<Packet> packets;
  PacketSink sink() {
    return [this](const Packet& packet) -> Result<void> {
      packets.push_back(owned(packet));
      return {};
    };
  }
};

struct Picture {
  Frame frame;
  std::int64_t pts = kNoTicks;
};

/// Collects decoded pictures.
struct PictureList {
  std::vector<Picture> pictures;
  FrameSink sink() {
    return [this](const FrameView& view, std::int64_t pts) -> Result<void> {
      auto copy = Frame::copy_of(view);
      if (!copy) return std::move(copy).error();
      pictures.push_back({*std::move(copy), pts});
      return {};
    };
  }
};

/// All pictures of a stream; throws where decoding fails.
inline std::vector<Picture> decode_all(Decoder& decoder, std::span<const Packet> packets) {
  PictureList list;
  for (const Packet& packet : packets)
    decoder.decode(packet, list.sink()).value();
  decoder.flush(list.sink()).value();
  return list.pictures;
}

}  // namespace clipbuf::test
