// "Keep 300" does not say 300 of what.
// error: (could not convert|no viable conversion|conversion from|no matching)
#include <clipbuf/storage.hpp>

#if defined(CLIPBUF_BAD)
clipbuf::Limits limits{.keep = 300};
#else
clipbuf::Limits limits{.keep = std::chrono::seconds(300)};
#endif
