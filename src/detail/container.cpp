#include "detail/container.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace clipbuf::detail {
namespace {

// MJPEG and raw video fit into some of these, but browsers and most players don't play them there:
// they are in can_video, for callers who insist. PCM in MP4 needs FFmpeg 6.1 and few players know
// it.
constexpr std::string_view kBrowserVideo = "h264 hevc av1 vp9 mpeg4";
constexpr std::array<ContainerInfo, 8> kContainers{{
    {Container::kMp4, "mp4", ".mp4 .m4v", "mp4", true, true, kBrowserVideo,
     "h264 hevc av1 vp9 mpeg4 mjpeg mpeg2video mpeg1video", "aac opus mp3 ac3 eac3 alac flac",
     "h264", "aac"},
    {Container::kMov, "mov", ".mov", "mov", true, true, "h264 hevc mpeg4 prores mjpeg",
     "h264 hevc mpeg4 prores mjpeg rawvideo dnxhd",
     "aac mp3 ac3 eac3 alac pcm_s16le pcm_s16be pcm_s24le pcm_s32le pcm_f32le pcm_u8 pcm_alaw "
     "pcm_mulaw",
     "h264", "aac"},
    {Container::kMkv, "mkv", ".mkv", "matroska", false, true,
     "h264 hevc av1 vp8 vp9 mpeg4 mjpeg ffv1 mpeg2video",
     "h264 hevc av1 vp8 vp9 mpeg4 mjpeg ffv1 mpeg2video rawvideo",
     "aac opus mp3 ac3 eac3 flac vorbis pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_u8 pcm_alaw "
     "pcm_mulaw",
     "h264", "aac"},
    {Container::kMpegTs, "mpegts", ".ts", "mpegts", false, false, "h264 hevc mpeg4 mpeg2video",
     "h264 hevc mpeg4 mpeg2video", "aac mp3 ac3 eac3 opus", "h264", "aac"},
    {Container::kFragmentedMp4, "fmp4", "", "mp4", false, false, kBrowserVideo, kBrowserVideo,
     "aac opus mp3 ac3 eac3 flac", "h264", "aac"},
    {Container::kWebm, "webm", ".webm", "webm", false, true, "vp8 vp9 av1", "vp8 vp9 av1",
     "opus vorbis", "vp9", "libopus"},
    {Container::kGif, "gif", ".gif", "", false, false, "", "", "", "", ""},
    {Container::kJpeg, "jpeg", ".jpg .jpeg", "", false, false, "", "", "", "", ""},
}};

}  // namespace

const ContainerInfo* container_info(Container container) noexcept {
  for (const ContainerInfo& row : kContainers) {
    if (row.container == container) return &row;
  }
  return nullptr;
}

const ContainerInfo* container_by_path(std::string_view path) noexcept {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos)
    return nullptr;
  std::string ending(path.substr(dot));
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const ContainerInfo& row : kContainers) {
    if (lists(row.endings, ending)) return &row;
  }
  return nullptr;
}

bool lists(std::string_view list, std::string_view word) noexcept {
  if (list == "*") return true;
  while (!list.empty() && !word.empty()) {
    const std::size_t space = std::min(list.find(' '), list.size());
    if (list.substr(0, space) == word) return true;
    list.remove_prefix(std::min(space + 1, list.size()));
  }
  return false;
}

}  // namespace clipbuf::detail
