// A JSON writer: just enough for reports. It can't write a document that a parser refuses, whatever
// bytes its strings hold.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace clipbuf::detail {

/// `text` as a JSON string, quotes included. Bytes that are no UTF-8 (a path may hold any) become
/// U+FFFD.
std::string json_quote(std::string_view text);

/// Writes one document on one line. Commas and colons are its business; that begin and end match,
/// and that each value in an object has a key before it, is the caller's.
///
///     JsonWriter json;
///     json.begin_object().key("frames").value(60).end_object();
///     std::string text = std::move(json).take();   // {"frames":60}
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) {
    return value(std::string_view(text));
  }  // else it would be a bool
  JsonWriter& value(bool flag);
  JsonWriter& value(double number);  // JSON has no infinity and no NaN: they become null
  template <std::signed_integral T>
  JsonWriter& value(T number) {
    return raw(std::to_string(static_cast<std::int64_t>(number)));
  }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) JsonWriter& value(T number) {
    return raw(std::to_string(static_cast<std::uint64_t>(number)));
  }

  /// key() and value() in one.
  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  std::string take() && { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& raw(std::string_view token);
  void separate();

  std::string text_;
  bool comma_ = false;  // something stands before, on this level
};

}  // namespace clipbuf::detail
