#include "source/webcam.hpp"

#include "detail/abandonable.hpp"
#include "detail/try.hpp"
#include "detail/v4l2_device.hpp"
#include "source/av_tracks.hpp"
#include "source/jpeg_tables.hpp"
#include "source/nal.hpp"

#include <cmath>
#include <optional>
#include <utility>

namespace clipbuf::detail {
namespace {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// What an opened camera consists of.
struct Opened {
  std::unique_ptr<V4l2Device> device;
  WebcamMode mode;
};

struct Picture {
  SharedBytes bytes;
  Duration captured{0};
};

/// Whether an H.264 access unit starts a coded video sequence; its parameter sets go into `sets`.
bool read_h264(std::span<const std::byte> bytes, std::vector<std::byte>& sets) {
  constexpr std::array kStartCode{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
  bool idr = false;
  for_each_nal(bytes, 0, [&](Bytes nal) {
    const NalKind kind = nal_kind(AV_CODEC_ID_H264, nal);
    if (is_set(kind)) {
      sets.insert(sets.end(), kStartCode.begin(), kStartCode.end());
      sets.insert(sets.end(), nal.begin(), nal.end());
    }
    idr = kind == NalKind::kIdrSlice;
    return !is_slice(kind);
  });
  return idr;
}

class Webcam final : public Source {
 public:
  Webcam(std::string path, const Config& config, WebcamWish wish)
      : path_(std::move(path)), config_(config), wish_(std::move(wish)) {}

  Result<SourceInfo> open() override;
  Result<SourceItem> read() override;
  void cancel() noexcept override { interrupt_->cancel(); }

 private:
  Result<void> open_device();
  Result<Picture> next_picture();
  Result<void> copy_out(std::span<const std::byte> data, Picture& picture) const;
  Result<void> first_packet();
  std::optional<Track> track_of(const Picture& picture) const;
  Result<SourceItem> as_item(Picture picture);
  Result<SourceItem> as_frame(const Picture& picture) const;
  bool is_packet() const { return is_packet_format(mode_.format); }

  const std::string path_;
  const Config config_;
  const WebcamWish wish_;
  const std::shared_ptr<Interrupt> interrupt_ = std::make_shared<Interrupt>();
  std::unique_ptr<V4l2Device> device_;
  WebcamMode mode_;
  Track track_;
  std::optional<Picture>
      first_;  // read to find out about the track, or held back for TracksChanged
};

Result<void> Webcam::open_device() {
  // A driver may hang in an ioctl for as long as its device does not answer.
  auto opened =
      run_abandonable<Opened>(interrupt_, [path = path_, wish = wish_]() -> Result<Opened> {
        Opened out;
        CLIPBUF_TRY_SET(out.device, V4l2Device::open(path));
        CLIPBUF_TRY_SET(const WebcamMode chosen, choose_mode(out.device->modes(wish), wish));
        CLIPBUF_TRY_SET(out.mode, out.device->start(chosen));
        return out;
      });
  if (!opened) {
    Error error = std::move(opened).error();
    if (error.message.find(path_) == std::string::npos)
      error.message = path_ + ": " + error.message;
    return error;
  }
  device_ = std::move(opened->device);
  mode_ = std::move(opened->mode);
  return {};
}

Result<SourceInfo> Webcam::open() {
  interrupt_->arm(config_.open_timeout);
  CLIPBUF_TRY(open_device());
  SourceInfo info;
  info.live = true;
  info.description = path_ + " (" + device_->card() + "): ";
  if (is_packet()) {
    CLIPBUF_TRY(first_packet());
    info.tracks = {track_};
    info.description += describe(info.tracks);
  } else {
    info.description +=
        mode_.format + " " + std::to_string(mode_.width) + "x" + std::to_string(mode_.height);
    if (mode_.fps > 0) info.description += " " + std::to_string(std::lround(mode_.fps)) + " fps";
  }
  return info;
}

/// A picture's bytes, copied out of the driver's buffer.
Result<Picture> Webcam::next_picture() {
  Picture picture;
  CLIPBUF_TRY(device_->read(*interrupt_, [&](const V4l2Buffer& buffer) {
    picture.captured = buffer.captured;
    return copy_out(buffer.data, picture);
  }));
  return picture;
}

Result<void> Webcam::copy_out(std::span<const std::byte> data, Picture& picture) const {
  if (data.size() > config_.max_packet_bytes) {
    return Error{Errc::kCorruptData, path_ + ": a picture of " + std::to_string(data.size()) +
                                         " bytes, max_packet_bytes is " +
                                         std::to_string(config_.max_packet_bytes)};
  }
  std::optional<std::vector<std::byte>> mended;
  if (mode_.format == "mjpeg") mended = with_huffman_tables(data);
  picture.bytes = std::make_shared<const std::vector<std::byte>>(
      mended ? *std::move(mended) : std::vector(data.begin(), data.end()));
  return {};
}

/// What the packet says of its track; nothing where it can't start one.
std::optional<Track> Webcam::track_of(const Picture& picture) const {
  Track track;
  track.codec = mode_.format;
  track.width = mode_.width;
  track.height = mode_.height;
  track.frame_rate = {std::lround(mode_.fps * 1000), 1000};
  if (mode_.format == "h264") {
    const bool starts = read_h264(*picture.bytes, track.extradata);
    return starts && !track.extradata.empty() ? std::optional(track) : std::nullopt;
  }
  const auto header = read_jpeg_header(*picture.bytes);
  if (!header) return std::nullopt;
  track.width = header->width;
  if (header->height > 0) track.height = header->height;
  track.pixel_format = header->pixel_format;
  track.color_range = ColorRange::kFull;
  track.color_matrix = 5;  // JFIF's: ITU-R BT.601, 625 lines
  return track;
}

/// Waits for the first packet that decoding can start at: it holds what the track is.
Result<void> Webcam::first_packet() {
  while (true) {
    CLIPBUF_TRY_SET(Picture picture, next_picture());
    auto track = track_of(picture);
    if (!track) continue;
    track_ = *std::move(track);
    first_ = std::move(picture);
    return {};
  }
}

Result<SourceItem> Webcam::read() {
  if (device_ == nullptr) return Error{Errc::kInvalidState, path_ + ": not open"};
  interrupt_->arm(config_.read_timeout);
  while (true) {
    if (first_) return as_item(*std::exchange(first_, std::nullopt));
    CLIPBUF_TRY_SET(Picture picture, next_picture());
    if (!is_packet()) {
      auto frame = as_frame(picture);
      if (!frame && frame.error().code == Errc::kCorruptData)
        continue;  // cut off: the next is better
      return frame;
    }
    if (mode_.format == "mjpeg" && !read_jpeg_header(*picture.bytes)) continue;
    const auto track = track_of(picture);
    if (!track || *track == track_) return as_item(std::move(picture));
    track_ = *track;
    first_ = std::move(picture);
    return SourceItem(TracksChanged{{track_}});
  }
}

Result<SourceItem> Webcam::as_item(Picture picture) {
  Packet packet;
  std::vector<std::byte> sets;
  packet.key = mode_.format == "mjpeg" || read_h264(*picture.bytes, sets);
  packet.pts = packet.dts = picture.captured.count();
  packet.arrival = picture.captured;
  packet.data = *picture.bytes;
  packet.owner = std::move(picture.bytes);
  return SourceItem(std::move(packet));
}

Result<SourceItem> Webcam::as_frame(const Picture& picture) const {
  CLIPBUF_TRY_SET(FrameView view, view_of_raw(mode_, device_->row_bytes(), *picture.bytes));
  view.range = device_->full_range() ? ColorRange::kFull : ColorRange::kUnspecified;
  const Clock& clock = system_clock();
  view.timestamp = clock.wall() - (clock.steady() - picture.captured);
  return SourceItem(Frame(view, picture.bytes));
}

}  // namespace

Result<std::unique_ptr<Source>> make_webcam(std::string path, const Config& config) {
  CLIPBUF_TRY_SET(WebcamWish wish, webcam_wish(config));
  return std::unique_ptr<Source>(
      std::make_unique<Webcam>(std::move(path), config, std::move(wish)));
}

}  // namespace clipbuf::detail
