// Includes all of clipbuf but opencv.hpp. Declares only the version.
#pragma once

#include <clipbuf/buffer.hpp>
#include <clipbuf/camera.hpp>
#include <clipbuf/clip.hpp>
#include <clipbuf/codec.hpp>
#include <clipbuf/codec/copy.hpp>
#include <clipbuf/codec/jpeg.hpp>
#include <clipbuf/codec/raw.hpp>
#include <clipbuf/codec/video.hpp>
#include <clipbuf/config.hpp>
#include <clipbuf/error.hpp>
#include <clipbuf/frame.hpp>
#include <clipbuf/frame_store.hpp>
#include <clipbuf/log.hpp>
#include <clipbuf/packet.hpp>
#include <clipbuf/recording.hpp>
#include <clipbuf/source.hpp>
#include <clipbuf/storage.hpp>
#include <clipbuf/storage/memory.hpp>
#include <clipbuf/time.hpp>
#include <clipbuf/version.hpp>
