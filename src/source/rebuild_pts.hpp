// PtsRebuilder: presentation times for packets that come without them.
#pragma once

#include "detail/av_ptr.hpp"

#include <clipbuf/packet.hpp>

#include <cstdint>
#include <deque>
#include <optional>

namespace clipbuf::detail {

/// How a codec tells the order of its pictures.
enum class PictureOrder : std::int32_t {
  kNone = 0,     ///< decoding order is presentation order
  kByCount = 1,  ///< each picture carries its rank (H.264, HEVC)
  kByType = 2,   ///< B-pictures come right after the anchor they are shown before (MPEG-1, -2, -4)
};
PictureOrder picture_order_of(AVCodecID codec) noexcept;

/// Gives every packet a pts by its picture's rank in presentation order, and a dts that leads it by
/// the depth of the reordering. The first picture shown gets the first packet's time. Packets leave
/// in the order they came in; none is lost. Thread word: bound.
class PtsRebuilder {
 public:
  struct Picture {
    int count = 0;  ///< kByCount: its rank within the coded video sequence
    bool starts_sequence = false;
    bool b = false;  ///< kByType: a B-picture
  };

  /// `depth`: how deep libavformat thinks the reordering is; deeper is found out. `step`: ticks
  /// from one picture to the next, where packets have no dts.
  PtsRebuilder(PictureOrder order, int depth, std::int64_t step);

  void push(AvPacketPtr packet, const Picture& picture);
  void finish();
  AvPacketPtr pop();  ///< null when none is ready

 private:
  struct Pending {
    AvPacketPtr packet;
    int count = 0;
    std::optional<std::uint64_t> rank;
  };

  void place_next(Pending& pending) { pending.rank = ranks_++; }
  void place_lowest();
  void place_all();
  void by_type(std::size_t newest, bool b);
  void measure_depth();
  std::int64_t slot(std::int64_t index) const;

  const PictureOrder order_;
  const std::int64_t step_;
  std::int64_t depth_;
  bool measured_ = false;
  std::deque<Pending> pending_;  // in decoding order, from the oldest one not given out
  std::size_t unplaced_ = 0;
  std::optional<std::uint64_t> held_;  // kByType: decoding index of the anchor not shown yet
  std::uint64_t pushed_ = 0;
  std::uint64_t popped_ = 0;
  std::uint64_t ranks_ = 0;
  std::deque<std::int64_t>
      slots_;  // the time of each packet in decoding order, from first_slot_ on
  std::uint64_t first_slot_ = 0;
};

/// Reads with a parser of libavcodec's what PtsRebuilder must know of a packet.
class PictureReader {
 public:
  /// Null where there is no parser for the codec, or no memory.
  static std::unique_ptr<PictureReader> make(const AVCodecParameters& parameters);
  PtsRebuilder::Picture read(const AVPacket& packet, int length_size);

  const AVCodecParserContext& parser() const noexcept { return *parser_; }
  const AVCodecContext& codec() const noexcept { return *codec_; }

 private:
  PictureReader(AvParserPtr parser, AvCodecContextPtr codec);
  AvParserPtr parser_;
  AvCodecContextPtr codec_;
};

}  // namespace clipbuf::detail
