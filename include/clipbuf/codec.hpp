// The concept Codec: turns frames into packets and back. Models: codec/{raw,jpeg,video,copy}.hpp.
#pragma once

#include <clipbuf/packet.hpp>

#include <concepts>
#include <functional>
#include <memory>

namespace clipbuf {

/// Takes packets as an encoder makes them; the bytes are valid for the call only.
using PacketSink = std::function<Result<void>(const Packet&)>;

/// Takes decoded pictures in presentation order; `pts` in ticks of the track. The view is valid for
/// the call only; its timestamp is not set.
using FrameSink = std::function<Result<void>(const FrameView&, std::int64_t pts)>;

/// Turns one track's packets back into pictures. Thread word: bound to one thread at a time.
class CLIPBUF_API Decoder {
 public:
  virtual ~Decoder() = default;

  /// Decodes one packet; calls `sink` for each picture that has become complete, in presentation
  /// order. A packet that can't be decoded is kCorruptData and the decoder stays usable.
  virtual Result<void> decode(const Packet& packet, const FrameSink& sink) = 0;

  /// Delivers what is still held back. After it, decoding may start again at a key packet.
  virtual Result<void> flush(const FrameSink& sink) = 0;
};

/// A decoder of FFmpeg's for `track`, for any codec it knows.
/// Errors: kUnsupported (no such decoder, or the picture is larger than max_pixels), kOutOfMemory.
CLIPBUF_API Result<std::unique_ptr<Decoder>> make_decoder(const Track& track);

/// What the store asks of an encoder for one frame.
struct EncodeHint {
  bool key = false;  ///< make this one a key packet (a new run begins here)
};

/// Turns frames into packets and back. What the compiler can't check, and every model must keep:
///
/// - *Calls.* encode() and flush() come from one thread at a time, decoder() from any thread at any
///   time: it must not touch what encode() changes.
/// - *Packets* leave in decoding order with a strictly rising dts, in ticks of track().time_base,
///   and dts <= pts. pts is the frame's `timestamp` as ticks since the epoch: it is passed through,
///   never made up. The first packet is a key. `Packet::track` is ignored.
/// - *Delay* is allowed: encode() may emit nothing and later several; flush() emits the rest and
///   leaves the codec ready for a new first frame.
/// - *Format changes.* When size or pixel format changes, encode() flushes by itself, track()
///   changes, and the next packet is a key.
/// - *track()* is right from the first packet that encode() emits, and complete: a decoder made of
/// it
///   alone decodes every packet from a key on.
/// - *Failure.* A frame that can't be encoded is an error, emits nothing, and harms no other frame.
template <class C>
concept Codec = std::movable<C> &&
    requires(C codec, const C& frozen, const FrameView& frame, EncodeHint hint,
             const PacketSink& sink, const Track& track) {
  { codec.encode(frame, hint, sink) } -> std::same_as<Result<void>>;
  { codec.flush(sink) } -> std::same_as<Result<void>>;
  { frozen.track() } -> std::convertible_to<const Track&>;
  { frozen.decoder(track) } -> std::same_as<Result<std::unique_ptr<Decoder>>>;
};

}  // namespace clipbuf
