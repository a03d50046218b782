#if defined(CLIPBUF_HAS_OPENCV)

#include <clipbuf/opencv.hpp>

#include <doctest/doctest.h>

#include <opencv2/core.hpp>

using namespace clipbuf;

TEST_CASE("opencv: a Mat and a frame look at the same pixels") {
  cv::Mat mat(6, 8, CV_8UC3, cv::Scalar(1, 2, 3));
  const FrameView view = view_of(mat, Timestamp(std::chrono::seconds(7)));
  REQUIRE(view.validate());
  CHECK(view.format == PixelFormat::kBgr24);
  CHECK(view.timestamp == Timestamp(std::chrono::seconds(7)));
  CHECK(view.planes[0] == reinterpret_cast<const std::byte*>(mat.data));
  const auto frame = Frame::copy_of(view);
  REQUIRE(frame);
  const cv::Mat back = mat_of(*frame);
  CHECK(cv::norm(back, mat, cv::NORM_INF) == 0);
}

TEST_CASE("opencv: part of a Mat keeps the stride of the whole") {
  cv::Mat mat(16, 16, CV_8UC1, cv::Scalar(0));
  mat(cv::Rect(4, 4, 8, 8)).setTo(9);
  const auto frame = Frame::copy_of(view_of(mat(cv::Rect(4, 4, 8, 8)), {}));
  REQUIRE(frame);
  CHECK(cv::norm(mat_of(*frame), cv::Mat(8, 8, CV_8UC1, cv::Scalar(9)), cv::NORM_INF) == 0);
}

TEST_CASE("opencv: a Mat of another type is refused") {
  const cv::Mat mat(4, 4, CV_32FC1, cv::Scalar(0));
  CHECK(view_of(mat, {}).validate().error().code == Errc::kInvalidArgument);
}

#endif
