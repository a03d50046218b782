// How figures read for people.
#pragma once

#include <clipbuf/buffer.hpp>

#include <string>
#include <vector>

namespace cli {

/// "12.4 MB": decimal units, one digit after the point from kB on.
std::string bytes_text(std::uint64_t bytes);

/// "4m59.9s": rounded to a tenth of a second from a second on.
std::string duration_text(clipbuf::Duration duration);

/// "29.97" with `digits` after the point.
std::string number_text(double value, int digits);

/// Packets dropped for whatever reason.
std::uint64_t dropped_packets(const clipbuf::DropCounts& dropped);

/// The report in some lines: what was saved, and every way in which it is not what was asked for.
std::vector<std::string> report_text(const clipbuf::ClipReport& report);

}  // namespace cli
