// clipbuf::redact: takes what must not be shown out of URLs, also out of URLs inside longer texts.
#include <clipbuf/source.hpp>

#include <algorithm>
#include <array>

namespace clipbuf {
namespace {

constexpr std::string_view kHidden = "***";

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with_any_case(std::string_view text, std::string_view lowered) noexcept {
  return text.size() >= lowered.size() && std::equal(lowered.begin(), lowered.end(), text.begin(),
                                                     [](char a, char b) { return a == lower(b); });
}

/// The length of the first of `tokens` that stands at the start of `text`, 0 for none.
template <std::size_t N>
std::size_t match(std::string_view text, const std::array<std::string_view, N>& tokens) noexcept {
  for (const std::string_view token : tokens) {
    if (starts_with_any_case(text, token)) return token.size();
  }
  return 0;
}

constexpr std::array<std::string_view, 5> kSchemeEnds{"://", "%3a%2f%2f", "%253a%252f%252f",
                                                      ":\\/\\/", ":%2f%2f"};
constexpr std::array<std::string_view, 3> kAts{"@", "%40", "%2540"};
constexpr std::array<std::string_view, 8> kPathStarts{"/",   "?",   "#",     "\\/",
                                                      "%2f", "%3f", "%252f", "%253f"};
constexpr std::array<std::string_view, 4> kQueryStarts{"?", "#", "%3f", "%253f"};
constexpr std::array<std::string_view, 3> kEquals{"=", "%3d", "%253d"};
constexpr std::array<std::string_view, 5> kValueEnds{"&", ";", "#", "%26", "%2526"};

bool ends_token(char c) noexcept {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
         c == '`' || c == '|';
}

std::size_t token_end(std::string_view text, std::size_t from) noexcept {
  while (from < text.size() && !ends_token(text[from]))
    ++from;
  return from;
}

/// The end of the last @ in text[from, to), npos for none.
std::size_t after_last_at(std::string_view text, std::size_t from, std::size_t to) noexcept {
  std::size_t found = std::string_view::npos;
  for (std::size_t i = from; i < to; ++i) {
    const std::size_t length = match(text.substr(i, to - i), kAts);
    if (length != 0) found = i + length;
  }
  return found;
}

template <std::size_t N>
std::size_t find_any(std::string_view text, std::size_t from, std::size_t to,
                     const std::array<std::string_view, N>& tokens) noexcept {
  while (from < to && match(text.substr(from, to - from), tokens) == 0)
    ++from;
  return from;
}

/// Where the user's name and password that begin at `from` end, with their @; npos when there are
/// none. People put '/', '?' and '@' into passwords unescaped, so in doubt too much is taken as the
/// password.
std::size_t credentials_end(std::string_view text, std::size_t from) noexcept {
  const std::size_t end = token_end(text, from);
  const std::size_t authority_end = find_any(text, from, end, kPathStarts);
  const std::size_t query = find_any(text, from, end, kQueryStarts);
  const std::string_view authority = text.substr(from, authority_end - from);
  const bool at_in_authority = after_last_at(text, from, authority_end) != std::string_view::npos;
  const std::size_t colon = authority.find(':');
  const bool odd_port = colon != std::string_view::npos && colon + 1 < authority.size() &&
                        authority.find_first_not_of("0123456789", colon + 1) != authority.npos;
  const bool encoded_colon = authority.find("%3") != std::string_view::npos;
  if (!at_in_authority && colon == std::string_view::npos && !encoded_colon) return authority.npos;
  const std::size_t before_query = after_last_at(text, from, query);
  if (before_query != std::string_view::npos) return before_query;
  return odd_port || encoded_colon ? after_last_at(text, from, end) : std::string_view::npos;
}

bool is_key_char(char c) noexcept {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool is_secret_key(std::string_view key) noexcept {
  constexpr std::array<std::string_view, 9> kParts{
      "pass", "pwd", "token", "secret", "signature", "credential", "auth", "apikey", "session"};
  constexpr std::array<std::string_view, 6> kWhole{"key", "sig", "pw", "psw", "sid", "user"};
  constexpr std::array<std::string_view, 4> kEnds{"_key", "-key", ".key", "accesskeyid"};
  std::string name(key);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (name.rfind("x-amz-", 0) == 0) return true;
  for (const auto part : kParts) {
    if (name.find(part) != std::string::npos) return true;
  }
  for (const auto end : kEnds) {
    if (name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) {
      return true;
    }
  }
  return std::find(kWhole.begin(), kWhole.end(), name) != kWhole.end();
}

/// Takes user:password@ out of every URL.
std::string hide_credentials(std::string_view text) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t scheme_end = match(text.substr(i), kSchemeEnds);
    if (scheme_end == 0) {
      out += text[i++];
      continue;
    }
    out += text.substr(i, scheme_end);
    i += scheme_end;
    const std::size_t end = credentials_end(text, i);
    if (end == std::string_view::npos) continue;
    out += kHidden;
    out += '@';
    i = end;
  }
  return out;
}

/// Takes the values of secret keys out: key=value, at a key's start, up to the next separator.
std::string hide_values(std::string_view text) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    if (!is_key_char(text[i])) {
      out += text[i++];
      continue;
    }
    std::size_t key_end = i;
    while (key_end < text.size() && is_key_char(text[key_end]))
      ++key_end;
    const std::size_t equals = match(text.substr(key_end), kEquals);
    // "%26pwd%3D": the key's own text begins behind the escape's two digits, which the search for
    // whole words must not see.
    std::string_view key = text.substr(i, key_end - i);
    if (i > 0 && text[i - 1] == '%' && key.size() > 2) {
      key.remove_prefix(key.substr(0, 2) == "25" && key.size() > 4 ? 4 : 2);
    }
    out += text.substr(i, key_end - i);
    i = key_end;
    if (equals == 0) continue;
    out += text.substr(i, equals);
    i += equals;
    if (!is_secret_key(key)) continue;
    const std::size_t end = find_any(text, i, token_end(text, i), kValueEnds);
    if (end > i) out += kHidden;
    i = end;
  }
  return out;
}

}  // namespace

std::string redact(std::string_view url) {
  return hide_values(hide_credentials(url));
}

}  // namespace clipbuf
