# What every target of this project has in common. Nothing here is global: a project that adds this
# one as a subdirectory keeps its own flags.

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
  find_program(CLIPBUF_CCACHE ccache)
  mark_as_advanced(CLIPBUF_CCACHE)
  if(CLIPBUF_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CLIPBUF_CCACHE}")
  endif()
endif()

set(CLIPBUF_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough -Wextra-semi
    # {.last = 30s} is how options are passed here; what is not named has its default.
    -Wno-missing-field-initializers
    $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>  # a constructor may name its parameters as the members
    $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wthread-safety>)

# Warnings, language level, visibility and instrumentation; all of it private to the target.
function(clipbuf_configure_target target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE ${CLIPBUF_WARNINGS})
  if(CLIPBUF_SANITIZE)
    string(REPLACE ";" "," kinds "${CLIPBUF_SANITIZE}")
    target_compile_options(${target} PRIVATE -fsanitize=${kinds} -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${kinds})
  endif()
  if(CLIPBUF_WITH_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PRIVATE --coverage)
  endif()
endfunction()

