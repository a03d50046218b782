// CLIPBUF_TRY: returns the error of a failed Result from the function it stands in.
#pragma once

#include <clipbuf/error.hpp>

#define CLIPBUF_CAT_(a, b) a##b
#define CLIPBUF_CAT(a, b) CLIPBUF_CAT_(a, b)

/// CLIPBUF_TRY(expression): for Result<void>.
#define CLIPBUF_TRY(expression)                              \
  do {                                                       \
    if (auto clipbuf_result = (expression); !clipbuf_result) \
      return std::move(clipbuf_result).error();              \
  } while (false)

/// CLIPBUF_TRY_SET(auto x, expression): x is the value of a Result<T>.
#define CLIPBUF_TRY_SET(target, expression) \
  CLIPBUF_TRY_SET_(CLIPBUF_CAT(clipbuf_result_, __LINE__), target, expression)
#define CLIPBUF_TRY_SET_(result, target, expression) \
  auto result = (expression);                        \
  if (!result) return std::move(result).error();     \
  target = *std::move(result)
