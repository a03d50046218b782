#include <clipbuf/clip.hpp>

#include "detail/clip_writer.hpp"
#include "detail/container.hpp"
#include "detail/file.hpp"
#include "detail/try.hpp"

#include <algorithm>
#include <atomic>

namespace clipbuf {

struct Clip::Impl {
  std::shared_ptr<const detail::Snapshot> snapshot;
  std::atomic<std::uint64_t> cancels{0};

  // What a save asks now and then: has somebody cancelled since it began, and does the caller go
  // on?
  detail::Step step(const Progress& progress) const {
    return [this, begun = cancels.load(), &progress](double fraction) -> Result<void> {
      if (cancels.load() != begun || (progress && !progress(fraction))) {
        return Error{Errc::kCancelled, "saving was cancelled at " +
                                           std::to_string(static_cast<int>(fraction * 100)) + " %"};
      }
      return {};
    };
  }
};

namespace {

class FileTarget final : public detail::ByteTarget {
 public:
  explicit FileTarget(detail::AtomicFile file) : file_(std::move(file)) {}
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return file_.write_at(offset, bytes);
  }
  Result<void> commit(bool fsync) { return file_.commit(fsync); }

 private:
  detail::AtomicFile file_;
};

// For containers that are written from front to back.
class SinkTarget final : public detail::ByteTarget {
 public:
  explicit SinkTarget(const ByteSink& sink) : sink_(sink) {}
  Result<void> write_at(std::uint64_t, std::span<const std::byte> bytes) override {
    return sink_(bytes);
  }

 private:
  const ByteSink& sink_;
};

Result<Container> container_for(const std::string& path, const SaveOptions& options) {
  if (options.container != Container::kAuto) return options.container;
  const detail::ContainerInfo* info = detail::container_by_path(path);
  if (info != nullptr) return info->container;
  return Error{
      Errc::kInvalidArgument,
      path + ": no container by that ending; known: .mp4 .m4v .mov .mkv .ts .webm .gif .jpg"};
}

Container container_for(const SaveOptions& options) {
  return options.container == Container::kAuto ? Container::kMp4 : options.container;
}

}  // namespace

Clip::Clip(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Clip::~Clip() = default;

TimeRange Clip::requested() const noexcept {
  return impl_->snapshot->requested;
}

ClipReport Clip::preview() const {
  return detail::preview_clip(*impl_->snapshot);
}

Result<ClipReport> Clip::save(const std::string& path, const SaveOptions& options) const {
  CLIPBUF_TRY_SET(const Container container, container_for(path, options));
  CLIPBUF_TRY_SET(detail::AtomicFile file, detail::AtomicFile::create(path));
  FileTarget target(std::move(file));
  CLIPBUF_TRY_SET(ClipReport report, detail::write_clip(*impl_->snapshot, container, options,
                                                        target, impl_->step(options.progress)));
  CLIPBUF_TRY(target.commit(options.fsync));
  report.path = path;
  return report;
}

Result<ClipData> Clip::to_memory(const SaveOptions& options) const {
  detail::MemoryTarget target;
  CLIPBUF_TRY_SET(ClipReport report,
                  detail::write_clip(*impl_->snapshot, container_for(options), options, target,
                                     impl_->step(options.progress)));
  return ClipData{std::move(target).take(), std::move(report)};
}

Result<ClipReport> Clip::write(const ByteSink& sink, const SaveOptions& options) const {
  const detail::ContainerInfo* info = detail::container_info(container_for(options));
  if (info != nullptr && !info->seeks) {
    SinkTarget target(sink);
    return detail::write_clip(*impl_->snapshot, info->container, options, target,
                              impl_->step(options.progress));
  }
  CLIPBUF_TRY_SET(const ClipData clip, to_memory(options));
  constexpr std::size_t kPiece = 1 << 16;
  for (std::size_t at = 0; at < clip.data.size(); at += kPiece) {
    CLIPBUF_TRY(sink(std::span(clip.data).subspan(at, std::min(kPiece, clip.data.size() - at))));
  }
  return clip.report;
}

Result<ClipData> Clip::poster(int quality) const {
  SaveOptions options;
  options.container = Container::kJpeg;
  options.quality = quality;
  return to_memory(options);
}

Result<FrameReader> Clip::frames(PixelFormat format) const {
  return detail::read_frames(impl_->snapshot, impl_->snapshot->requested, format);
}

void Clip::cancel() const noexcept {
  ++impl_->cancels;
}

namespace detail {

Clip make_clip(Snapshot snapshot) {
  auto impl = std::make_shared<Clip::Impl>();
  impl->snapshot = std::make_shared<const Snapshot>(std::move(snapshot));
  return Clip(std::move(impl));
}

}  // namespace detail

}  // namespace clipbuf
