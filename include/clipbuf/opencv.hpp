// Adapters between cv::Mat and FrameView / Frame; the only header here that includes OpenCV.
#pragma once

#include <clipbuf/frame.hpp>

#include <opencv2/core/mat.hpp>

namespace clipbuf {

/// Looks at a Mat's pixels; valid while the Mat is, and unchanged. CV_8UC3 is taken as BGR, CV_8UC4
/// as BGRA, CV_8UC1 as gray; other types give PixelFormat::kUnknown, which every push refuses.
inline FrameView view_of(const cv::Mat& mat, Timestamp timestamp) {
  FrameView view;
  view.format = mat.type() == CV_8UC3   ? PixelFormat::kBgr24
                : mat.type() == CV_8UC4 ? PixelFormat::kBgra
                : mat.type() == CV_8UC1 ? PixelFormat::kGray8
                                        : PixelFormat::kUnknown;
  view.width = mat.cols;
  view.height = mat.rows;
  view.range = ColorRange::kFull;
  view.planes[0] = reinterpret_cast<const std::byte*>(mat.data);
  view.strides[0] = static_cast<std::ptrdiff_t>(mat.step[0]);
  view.timestamp = timestamp;
  return view;
}

/// A Mat over the frame's own pixels, not copied: it must not be written, and not outlive the
/// frame. Empty unless the format is kBgr24, kBgra or kGray8.
inline cv::Mat mat_of(const Frame& frame) {
  const FrameView& view = frame.view();
  const int type = view.format == PixelFormat::kBgr24   ? CV_8UC3
                   : view.format == PixelFormat::kBgra  ? CV_8UC4
                   : view.format == PixelFormat::kGray8 ? CV_8UC1
                                                        : -1;
  if (type < 0) return {};
  return cv::Mat(view.height, view.width, type, const_cast<std::byte*>(view.planes[0]),
                 static_cast<std::size_t>(view.strides[0]));
}

}  // namespace clipbuf
