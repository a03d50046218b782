// A bare number is no point in time: nobody could tell seconds from microseconds.
// error: (could not convert|no viable conversion|conversion from|no matching)
#include <clipbuf/time.hpp>

#if defined(CLIPBUF_BAD)
clipbuf::Timestamp when = 1'700'000'000;
#else
clipbuf::Timestamp when{std::chrono::seconds(1'700'000'000)};
#endif
