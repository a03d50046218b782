// What each container can do: one row each.
#pragma once

#include <clipbuf/clip.hpp>

#include <string>
#include <string_view>

namespace clipbuf::detail {

struct ContainerInfo {
  Container container;
  std::string_view name;        // as reports and the command line call it
  std::string_view endings;     // space separated, with the dot
  std::string_view muxer;       // libavformat's name; empty: not written by a muxer
  bool edit_lists;              // a lead-in can be hidden
  bool seeks;                   // the writer goes back: no streaming
  std::string_view copy_video;  // codecs that players of it play, space separated; "*": any
  std::string_view can_video;   // codecs it can hold if the caller insists
  std::string_view copy_audio;
  std::string_view encode_video;  // what VideoCodec is asked for when nothing else is said
  std::string_view encode_audio;  // audio encoder for what can't be copied
};

/// The row of a container; never null for a Container but kAuto.
const ContainerInfo* container_info(Container container) noexcept;

/// The row by the path's ending, or by a name such as "mp4"; null when there is none.
const ContainerInfo* container_by_path(std::string_view path) noexcept;

/// Whether the space-separated list holds the word (or is "*").
bool lists(std::string_view list, std::string_view word) noexcept;

}  // namespace clipbuf::detail
