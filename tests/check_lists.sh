#!/bin/bash
# Every source file is named in its CMake list: a file left out would silently not be built or tested.
set -u
cd "$(dirname "$0")/.." || exit 1
missing=0

# check FOLDER LIST-FILE PATTERN [PREFIX]: each file below FOLDER is named in LIST-FILE, after PREFIX.
check() {
  local file
  while IFS= read -r file; do
    if ! grep -qE "(^|[[:space:]/])${file//./\\.}([[:space:])]|\$)" "$2"; then
      echo "$1/$file is not in $2"
      missing=1
    fi
  done < <(cd "$1" && find . -name "$3" -printf '%P\n' | sort)
}

check src src/CMakeLists.txt '*.cpp'
check include/clipbuf src/CMakeLists.txt '*.hpp'
check tests/unit tests/unit/CMakeLists.txt '*.cpp'
check tests/conformance tests/conformance/CMakeLists.txt '*.cpp'
check tests/bench tests/bench/CMakeLists.txt '*.cpp'
check examples examples/CMakeLists.txt '*.cpp'
exit $missing
