// FrameStore<Codec, Storage>: a Buffer whose codec and storage are known when it is compiled.
#pragma once

#include <clipbuf/buffer.hpp>

namespace clipbuf {

namespace detail {

/// A codec and a storage behind one table of functions: the store's logic is compiled once, for all
/// of them. Costs one indirect call per packet.
class CLIPBUF_API StoreModel {
 public:
  virtual ~StoreModel() = default;
  virtual Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink) = 0;
  virtual Result<void> flush(const PacketSink& sink) = 0;
  virtual const Track& track() const = 0;
  virtual Result<std::unique_ptr<Decoder>> decoder(const Track& track) const = 0;
  virtual Result<void> limit(const Limits& limits) = 0;
  virtual Result<void> append(const Packet& packet) = 0;
  virtual Result<SegmentPtr> seal() = 0;
  virtual void discard() = 0;
  virtual void release(const SegmentPtr& segment) = 0;
  virtual SegmentPtr peek() const = 0;
  virtual std::size_t bytes_held() const = 0;
};

template <Codec C, Storage S>
class StoreModelOf final : public StoreModel {
 public:
  StoreModelOf(C codec, S storage) : codec_(std::move(codec)), storage_(std::move(storage)) {}

  Result<void> encode(const FrameView& frame, EncodeHint hint, const PacketSink& sink) override {
    return codec_.encode(frame, hint, sink);
  }
  Result<void> flush(const PacketSink& sink) override { return codec_.flush(sink); }
  const Track& track() const override { return codec_.track(); }
  Result<std::unique_ptr<Decoder>> decoder(const Track& track) const override {
    return codec_.decoder(track);
  }
  Result<void> limit(const Limits& limits) override { return storage_.limit(limits); }
  Result<void> append(const Packet& packet) override { return storage_.append(packet); }
  Result<SegmentPtr> seal() override { return storage_.seal(); }
  void discard() override { storage_.discard(); }
  void release(const SegmentPtr& segment) override { storage_.release(segment); }
  SegmentPtr peek() const override { return storage_.peek(); }
  std::size_t bytes_held() const override { return storage_.bytes_held(); }

 private:
  C codec_;
  S storage_;
};

CLIPBUF_API std::shared_ptr<StoreCore> make_store(std::unique_ptr<StoreModel> model,
                                                  const Limits& limits,
                                                  const StoreOptions& options);

}  // namespace detail

/// The circular store over one codec and one storage; everything it can do is Buffer's.
///
///     FrameStore<JpegCodec, MemoryStorage> store{{.quality = 85}, {}, {.keep = 5min}};
///
/// Limits that the storage can't take show as kInvalidArgument at the first push.
template <Codec C, Storage S>
class FrameStore : public Buffer {
 public:
  using CodecOptions = typename C::Options;
  using StorageOptions = typename S::Options;

  explicit FrameStore(CodecOptions codec = {}, StorageOptions storage = {}, Limits limits = {},
                      StoreOptions options = {})
      : FrameStore(C(std::move(codec)), S(std::move(storage)), limits, options) {}

  template <std::same_as<C> Own>  // so that {} always means options
  FrameStore(Own codec, S storage, Limits limits, StoreOptions options = {})
      : Buffer(detail::make_store(
            std::make_unique<detail::StoreModelOf<C, S>>(std::move(codec), std::move(storage)),
            limits, options)) {}
};

}  // namespace clipbuf
