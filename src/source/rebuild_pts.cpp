#include "source/rebuild_pts.hpp"

#include "source/nal.hpp"

#include <algorithm>
#include <vector>

namespace clipbuf::detail {
namespace {

// No codec here reorders by more than 16 pictures: of so many that wait, the lowest is the next
// shown.
constexpr std::size_t kWindow = 34;

Bytes bytes_of(const AVPacket& packet) {
  return std::as_bytes(std::span(packet.data, static_cast<std::size_t>(packet.size)));
}

}  // namespace

PictureOrder picture_order_of(AVCodecID codec) noexcept {
  switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
      return PictureOrder::kByCount;
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
      return PictureOrder::kByType;
    default:
      return PictureOrder::kNone;
  }
}

PtsRebuilder::PtsRebuilder(PictureOrder order, int depth, std::int64_t step)
    : order_(order), step_(std::max<std::int64_t>(step, 1)), depth_(std::max(depth, 0)) {}

void PtsRebuilder::push(AvPacketPtr packet, const Picture& picture) {
  if (order_ == PictureOrder::kByCount && picture.starts_sequence) place_all();
  std::int64_t time = packet->dts;
  const bool rises = slots_.empty() || time > slots_.back();
  if (time == AV_NOPTS_VALUE || !rises) time = slots_.empty() ? 0 : slots_.back() + step_;
  slots_.push_back(time);
  pending_.push_back({std::move(packet), picture.count, std::nullopt});
  ++pushed_;
  ++unplaced_;
  if (order_ == PictureOrder::kByType) {
    by_type(pending_.size() - 1, picture.b);
  } else if (order_ == PictureOrder::kNone) {
    place_all();
  } else if (unplaced_ > kWindow) {
    measure_depth();
    place_lowest();
  }
}

/// A B-picture is shown at once; an anchor when the next one comes.
void PtsRebuilder::by_type(std::size_t newest, bool b) {
  if (b) {
    place_next(pending_[newest]);
    --unplaced_;
    return;
  }
  if (held_) {
    place_next(pending_[static_cast<std::size_t>(*held_ - popped_)]);
    --unplaced_;
  }
  held_ = popped_ + newest;
}

void PtsRebuilder::place_lowest() {
  Pending* lowest = nullptr;
  for (Pending& pending : pending_) {
    if (!pending.rank && (lowest == nullptr || pending.count < lowest->count)) lowest = &pending;
  }
  if (lowest == nullptr) return;
  place_next(*lowest);
  --unplaced_;
}

void PtsRebuilder::place_all() {
  measure_depth();
  while (unplaced_ > 0)
    place_lowest();
}

/// The first pictures show how deep the reordering is; it must be known before the first dts
/// leaves.
void PtsRebuilder::measure_depth() {
  if (measured_ || pending_.empty() || order_ != PictureOrder::kByCount) return;
  measured_ = true;
  std::vector<std::size_t> shown(pending_.size());
  for (std::size_t i = 0; i < shown.size(); ++i)
    shown[i] = i;
  std::stable_sort(shown.begin(), shown.end(), [this](std::size_t a, std::size_t b) {
    return pending_[a].count < pending_[b].count;
  });
  for (std::size_t rank = 0; rank < shown.size(); ++rank) {
    const auto late = static_cast<std::int64_t>(shown[rank]) - static_cast<std::int64_t>(rank);
    depth_ = std::max(depth_, late);
  }
}

void PtsRebuilder::finish() {
  if (order_ == PictureOrder::kByType && held_) {
    place_next(pending_[static_cast<std::size_t>(*held_ - popped_)]);
    --unplaced_;
    held_.reset();
  }
  place_all();
}

/// The time of the packet with that index; before the first one as well.
std::int64_t PtsRebuilder::slot(std::int64_t index) const {
  const std::int64_t i = index - static_cast<std::int64_t>(first_slot_);
  if (i < 0) return slots_.front() + i * step_;
  return slots_[std::min(static_cast<std::size_t>(i), slots_.size() - 1)];
}

AvPacketPtr PtsRebuilder::pop() {
  if (pending_.empty() || !pending_.front().rank) return nullptr;
  const auto index = static_cast<std::int64_t>(popped_);
  AvPacketPtr packet = std::move(pending_.front().packet);
  packet->pts = slot(static_cast<std::int64_t>(*pending_.front().rank));
  packet->dts = std::min(slot(index - depth_), packet->pts);
  if (packet->duration <= 0) packet->duration = step_;
  pending_.pop_front();
  ++popped_;
  // Kept: what a dts or a rank may still point at.
  const auto needed = static_cast<std::int64_t>(std::min(popped_, ranks_)) - depth_ - 1;
  while (static_cast<std::int64_t>(first_slot_) < needed && slots_.size() > 1) {
    slots_.pop_front();
    ++first_slot_;
  }
  return packet;
}

PictureReader::PictureReader(AvParserPtr parser, AvCodecContextPtr codec)
    : parser_(std::move(parser)), codec_(std::move(codec)) {}

std::unique_ptr<PictureReader> PictureReader::make(const AVCodecParameters& parameters) {
  AvParserPtr parser(av_parser_init(parameters.codec_id));
  AvCodecContextPtr codec(avcodec_alloc_context3(nullptr));
  if (parser == nullptr || codec == nullptr) return nullptr;
  if (avcodec_parameters_to_context(codec.get(), &parameters) < 0) return nullptr;
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  return std::unique_ptr<PictureReader>(new PictureReader(std::move(parser), std::move(codec)));
}

PtsRebuilder::Picture PictureReader::read(const AVPacket& packet, int length_size) {
  std::uint8_t* out = nullptr;
  int size = 0;
  av_parser_parse2(parser_.get(), codec_.get(), &out, &size, packet.data, packet.size, packet.pts,
                   packet.dts, packet.pos);
  PtsRebuilder::Picture picture;
  picture.count = parser_->output_picture_number;
  picture.b = parser_->pict_type == AV_PICTURE_TYPE_B;
  for_each_nal(bytes_of(packet), length_size, [&](Bytes nal) {
    const NalKind kind = nal_kind(codec_->codec_id, nal);
    if (kind == NalKind::kIdrSlice) picture.starts_sequence = true;
    return !is_slice(kind);
  });
  return picture;
}

}  // namespace clipbuf::detail
