# Everything the library itself needs. All of it is private: no public header shows any of it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Microsoft.GSL 4 CONFIG REQUIRED)
find_package(TurboJPEG REQUIRED)

# 5.1 is libavformat 59.27; the other libraries of that release are tied to it.
pkg_check_modules(CLIPBUF_FFMPEG REQUIRED IMPORTED_TARGET
  libavformat>=59.27 libavcodec libavutil libswscale libswresample)

set(CLIPBUF_HAS_OPENCV FALSE)
if(NOT CLIPBUF_WITH_OPENCV STREQUAL "OFF")
  if(CLIPBUF_WITH_OPENCV STREQUAL "AUTO")
    find_package(OpenCV 4.6 QUIET COMPONENTS core imgproc videoio)
  else()
    find_package(OpenCV 4.6 REQUIRED COMPONENTS core imgproc videoio)
  endif()
  set(CLIPBUF_HAS_OPENCV ${OpenCV_FOUND})
endif()
if(CLIPBUF_HAS_OPENCV)
  message(STATUS "clipbuf: OpenCV ${OpenCV_VERSION} found, the opencv: source is built")
else()
  message(STATUS "clipbuf: built without OpenCV (CLIPBUF_WITH_OPENCV=${CLIPBUF_WITH_OPENCV}): no opencv: source")
endif()

set(CLIPBUF_PRIVATE_LIBRARIES
  PkgConfig::CLIPBUF_FFMPEG TurboJPEG::TurboJPEG Microsoft.GSL::GSL Threads::Threads)
if(CLIPBUF_HAS_OPENCV)
  list(APPEND CLIPBUF_PRIVATE_LIBRARIES opencv_core opencv_imgproc opencv_videoio)
endif()
