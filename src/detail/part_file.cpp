#include "detail/part_file.hpp"

#include "detail/av.hpp"
#include "detail/bitstream.hpp"
#include "detail/try.hpp"

namespace clipbuf::detail {
namespace {

Result<AvInputPtr> open_file(const std::string& path) {
  AVDictionary* options = nullptr;
  av_dict_set(&options, "format_whitelist", "mov", 0);
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  AVFormatContext* context = nullptr;
  const std::string url = "file:" + path;
  int code = avformat_open_input(&context, url.c_str(), nullptr, &options);
  av_dict_free(&options);
  if (code < 0) return av_error(code, path, Errc::kStorageFailed);
  AvInputPtr input(context);
  code = avformat_find_stream_info(context, nullptr);
  if (code < 0) return av_error(code, path, Errc::kCorruptData);
  return input;
}

class FileReader final : public PacketReader {
 public:
  explicit FileReader(AvInputPtr input) : input_(std::move(input)), packet_(av_packet_alloc()) {
    for (unsigned i = 0; i < input_->nb_streams; ++i) {
      streams_.emplace_back(
          track_from(*input_->streams[i]->codecpar, input_->streams[i]->time_base));
    }
  }

  Result<const Packet*> next() override {
    av_packet_unref(packet_.get());
    const int code = av_read_frame(input_.get(), packet_.get());
    if (code == AVERROR_EOF) return nullptr;
    if (code < 0) return av_error(code, "reading a recording back", Errc::kStorageFailed);
    view_.track = static_cast<TrackId>(packet_->stream_index);
    view_.key = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
    view_.pts = packet_->pts;
    view_.dts = packet_->dts;
    view_.duration = packet_->duration;
    view_.data = {reinterpret_cast<const std::byte*>(packet_->data),
                  static_cast<std::size_t>(packet_->size)};
    // The container keeps the key flag, not how many pictures an intra refresh needs.
    view_.recovery =
        view_.key ? streams_[view_.track].start_point(view_.data).recovery : std::uint16_t{0};
    return &view_;
  }

 private:
  AvInputPtr input_;
  std::vector<Bitstream> streams_;
  AvPacketPtr packet_;
  Packet view_;
};

class FileSegment final : public StoredSegment {
 public:
  explicit FileSegment(std::string path) : path_(std::move(path)) {}
  Result<std::unique_ptr<PacketReader>> read() const override {
    CLIPBUF_TRY_SET(AvInputPtr input, open_file(path_));
    return std::unique_ptr<PacketReader>(std::make_unique<FileReader>(std::move(input)));
  }

 private:
  std::string path_;
};

}  // namespace

Result<std::vector<Track>> tracks_of_file(const std::string& path) {
  CLIPBUF_TRY_SET(const AvInputPtr input, open_file(path));
  std::vector<Track> tracks;
  for (unsigned i = 0; i < input->nb_streams; ++i) {
    tracks.push_back(track_from(*input->streams[i]->codecpar, input->streams[i]->time_base));
  }
  return tracks;
}

SegmentPtr segment_of_file(std::string path) {
  return std::make_shared<const FileSegment>(std::move(path));
}

}  // namespace clipbuf::detail
