#include <clipbuf/time.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

namespace clipbuf {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};
// The order is that of parsing: "ms" before "m".
constexpr std::array<Unit, 6> kUnits{{{"us", 1},
                                      {"ms", 1'000},
                                      {"h", 3'600'000'000},
                                      {"m", 60'000'000},
                                      {"s", 1'000'000},
                                      {"d", 86'400'000'000}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes text apart from the front; the locale has no say in it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  /// Exactly `count` digits.
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  /// "12", "12.5" or ".5" of a unit, in microseconds, rounded to nearest; nothing when it is no
  /// number or too large.
  struct Number {
    std::int64_t whole = 0;
    std::int64_t billionths = 0;
    bool any = false;
    bool fits = true;
  };
  Number number() {
    Number number;
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) {
      number.any = true;
      number.fits =
          number.fits && number.whole <= std::numeric_limits<std::int64_t>::max() / 10 - 1;
      if (number.fits) number.whole = number.whole * 10 + (rest_.front() - '0');
    }
    if (take('.')) number.billionths = fraction(number.any);
    return number;
  }

  std::int64_t fraction(bool& any) {
    std::int64_t value = 0;
    std::int64_t place = 100'000'000;
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) {
      any = true;
      value += (rest_.front() - '0') * place;
      place /= 10;
    }
    return value;
  }

 private:
  std::string_view rest_;
};

// number * unit microseconds, or nothing when it doesn't fit.
std::optional<std::int64_t> scaled(const Scanner::Number& number, std::int64_t unit) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!number.fits || number.whole > kMost / unit - 1) return std::nullopt;
  // billionths * unit stays below 10^9 * 8.64 * 10^10, which is more than 63 bits: split it.
  const std::int64_t billion = 1'000'000'000;
  const std::int64_t part = unit >= billion ? number.billionths * (unit / 1'000'000) / 1'000
                                            : (number.billionths * unit + billion / 2) / billion;
  return number.whole * unit + part;
}

Error bad_duration(std::string_view text, const char* why) {
  return {Errc::kInvalidArgument,
          "\"" + std::string(text.substr(0, 64)) + "\" is no duration like 12.4s or 1m30s" + why};
}

Error bad_timestamp(std::string_view text) {
  return {Errc::kInvalidArgument,
          "\"" + std::string(text.substr(0, 64)) +
              "\" is no time like 2026-11-22T10:00:00.25Z or seconds since 1970"};
}

std::optional<Duration> zone(Scanner& scanner) {
  if (scanner.take('Z') || scanner.take('z')) return Duration{0};
  const bool east = scanner.take('+');
  if (!east && !scanner.take('-')) return std::nullopt;
  const auto hours = scanner.digits(2);
  if (!hours || *hours > 23 || !scanner.take(':')) return std::nullopt;
  const auto minutes = scanner.digits(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return east ? offset : -offset;
}

std::optional<Timestamp> rfc3339(std::string_view text) {
  Scanner scanner(text);
  const auto year = scanner.digits(4);
  if (!year || !scanner.take('-')) return std::nullopt;
  const auto month = scanner.digits(2);
  if (!month || !scanner.take('-')) return std::nullopt;
  const auto day = scanner.digits(2);
  if (!day || !(scanner.take('T') || scanner.take('t') || scanner.take(' '))) return std::nullopt;
  const auto hour = scanner.digits(2);
  if (!hour || *hour > 23 || !scanner.take(':')) return std::nullopt;
  const auto minute = scanner.digits(2);
  if (!minute || *minute > 59 || !scanner.take(':')) return std::nullopt;
  const auto second = scanner.digits(2);
  if (!second || *second > 60) return std::nullopt;
  std::int64_t billionths = 0;
  if (scanner.take('.')) {
    bool any = false;
    billionths = scanner.fraction(any);
    if (!any) return std::nullopt;
  }
  const auto offset = zone(scanner);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!offset || !scanner.done() || !date.ok()) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         Duration((billionths + 500) / 1000) - *offset;
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

// value / unit with just the decimals it needs; unit is a power of ten.
std::string decimal(std::int64_t value, std::int64_t unit) {
  std::string text = std::to_string(value / unit);
  if (value % unit == 0) return text;
  std::string places = std::to_string(value % unit + unit).substr(1);
  places.erase(places.find_last_not_of('0') + 1);
  return text + "." + places;
}

Timestamp wall_now() noexcept {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Duration steady_now() noexcept {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

const Clock& system_clock() noexcept {
  static constexpr Clock clock{&wall_now, &steady_now};
  return clock;
}

Result<Duration> parse_duration(std::string_view text) {
  Scanner scanner(text);
  const bool negative = scanner.take('-');
  std::int64_t total = 0;
  bool first = true;
  do {
    const Scanner::Number number = scanner.number();
    if (!number.any) return bad_duration(text, "");
    const Unit* unit = nullptr;
    for (const Unit& each : kUnits) {
      if (unit == nullptr && scanner.take(each.name)) unit = &each;
    }
    // Plain seconds only stand alone: "1m30" may mean anything.
    if (unit == nullptr && !(first && scanner.done())) return bad_duration(text, "");
    const auto part = scaled(number, unit == nullptr ? 1'000'000 : unit->microseconds);
    if (!part || *part > std::numeric_limits<std::int64_t>::max() - total) {
      return bad_duration(text, "; it is too long");
    }
    total += *part;
    first = false;
  } while (!scanner.done());
  return Duration(negative ? -total : total);
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  if (const auto time = rfc3339(text)) return *time;
  Scanner scanner(text);
  const bool negative = scanner.take('-');
  const Scanner::Number number = scanner.number();
  const auto part = number.any && scanner.done() ? scaled(number, 1'000'000) : std::nullopt;
  if (!part) return bad_timestamp(text);
  return Timestamp(Duration(negative ? -*part : *part));
}

std::string to_string(Duration duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  // The most negative number has no positive twin; nobody can mean it to the microsecond.
  std::int64_t left = count == std::numeric_limits<std::int64_t>::min()
                          ? std::numeric_limits<std::int64_t>::max()
                          : std::abs(count);
  std::string text = count < 0 ? "-" : "";
  if (left < 1'000) return text + std::to_string(left) + "us";
  if (left < 1'000'000) return text + decimal(left, 1'000) + "ms";
  for (const auto& [unit, size] :
       {std::pair{'h', std::int64_t{3'600'000'000}}, std::pair{'m', std::int64_t{60'000'000}}}) {
    if (left >= size) text += std::to_string(left / size) + unit;
    left %= size;
  }
  if (left > 0) text += decimal(left, 1'000'000) + "s";
  return text;
}

std::string to_string(Timestamp timestamp) {
  const auto day = std::chrono::floor<std::chrono::days>(timestamp);
  const std::chrono::year_month_day date(day);
  const std::int64_t rest = (timestamp - day).count();
  // std::chrono's years end at 32767; a time beyond is shown as what it is.
  if (timestamp - Timestamp{} > std::chrono::hours(24) * 365 * 7970 ||
      date.year() < std::chrono::year(0)) {
    return decimal(std::abs(timestamp.time_since_epoch().count()), 1'000'000)
        .insert(0, timestamp < Timestamp{} ? "-" : "");
  }
  const std::int64_t second = rest / 1'000'000;
  return padded(int{date.year()}, 4) + "-" + padded(unsigned{date.month()}, 2) + "-" +
         padded(unsigned{date.day()}, 2) + "T" + padded(second / 3600, 2) + ":" +
         padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2) + "." +
         padded(rest % 1'000'000, 6) + "Z";
}

}  // namespace clipbuf
