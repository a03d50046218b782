// Errors: a stable code, one line of text, and Result<T> that holds a value or an error.
#pragma once

#include <clipbuf/export.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace clipbuf {

/// Why something failed. The numbers are part of the interface: never renumbered, never reused.
enum class Errc : std::int32_t {
  kInvalidArgument = -1,    ///< the caller's words make no sense; the message says which and why
  kInvalidState = -2,       ///< right words, wrong moment (closed, finished, moved from)
  kOutOfMemory = -3,        ///< the allocator said no
  kUnsupported = -4,        ///< not built in, or not possible for this codec or container
  kNothingInRange = -5,     ///< the range holds no frame
  kCorruptData = -6,        ///< stored or received bytes that are not what they claim to be
  kCodecFailed = -7,        ///< an encoder or decoder gave up
  kSourceUnavailable = -8,  ///< a source can't be opened
  kSourceLost = -9,         ///< a source that was open stopped answering
  kEndOfStream = -10,       ///< a finite source has delivered everything
  kTimedOut = -11,          ///< a deadline passed
  kCancelled = -12,         ///< somebody asked for it to stop
  kStorageFull = -13,       ///< no room: on the disk, or within max_bytes
  kStorageFailed = -14,     ///< the disk or server failed otherwise
  kInternal = -15,          ///< a bug of this library
};

/// The code's name, such as "nothing_in_range"; never empty, static storage.
CLIPBUF_API std::string_view errc_name(Errc code) noexcept;

/// What went wrong: a code for programs and one line, with the numbers, for people.
/// The message never holds a password: URLs are redacted before they get here.
struct Error {
  Errc code = Errc::kInternal;
  std::string message;
};

/// Thrown only by Result's accessors when the caller takes a value that isn't there.
class BadResultAccess : public std::exception {
 public:
  explicit BadResultAccess(Error error)
      : error_(std::move(error)),
        text_(std::string(errc_name(error_.code)) + ": " + error_.message) {}
  const char* what() const noexcept override { return text_.c_str(); }
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
  std::string text_;
};

/// A value or an Error; the interface of C++23's std::expected, which C++20 lacks. Every failure
/// at run time comes back this way. Taking the value of a failed Result (value(), *, ->) throws
/// BadResultAccess with the error's text, so an unchecked one-liner fails loudly, never oddly.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

  template <class U>
  T value_or(U&& fallback) && {
    return has_value() ? std::move(checked()) : static_cast<T>(std::forward<U>(fallback));
  }

  /// Requires: !has_value().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  T& checked() {
    if (!has_value()) throw BadResultAccess(std::get<1>(state_));
    return std::get<0>(state_);
  }
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() noexcept = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return !failed_; }
  void value() const {
    if (failed_) throw BadResultAccess(error_);
  }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace clipbuf
