#include "source/webcam.hpp"

namespace clipbuf::detail {

Result<std::unique_ptr<Source>> make_webcam(std::string path, const Config&) {
  return Error{Errc::kUnsupported, path + ": webcams are not built in yet"};
}

}  // namespace clipbuf::detail
