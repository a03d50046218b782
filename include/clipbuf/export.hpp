// Marks what the shared library shows. Everything else is hidden.
#pragma once

#if defined(CLIPBUF_STATIC)
#define CLIPBUF_API
#else
#define CLIPBUF_API __attribute__((visibility("default")))
#endif
