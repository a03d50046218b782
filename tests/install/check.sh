#!/bin/bash
# check.sh CMAKE BUILD_DIR COMPILER GENERATOR: installs the build, checks what landed in the prefix,
# builds the consumer against it with find_package, and runs it.
set -euo pipefail
cmake="$1" build="$2" compiler="$3" generator="$4"
here="$(cd "$(dirname "$0")" && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
prefix="$scratch/prefix"

"$cmake" --install "$build" --prefix "$prefix" >"$scratch/install.log" || {
  cat "$scratch/install.log"
  exit 1
}

# Every public header is installed, and only opencv.hpp shows a type of another library.
diff <(cd "$here/../../include" && find . -name '*.hpp' | sort) \
  <(cd "$prefix/include" && find . -name '*.hpp' | sort)
if grep -rnE --exclude=opencv.hpp \
  '#include *[<"](libav|libsw|turbojpeg|opencv|gsl|sqlite|hiredis|linux/|sys/|unistd|pthread)' \
  "$prefix/include"; then
  echo "a public header includes what it must not show"
  exit 1
fi

"$cmake" -S "$here/consumer" -B "$scratch/consumer" -G "$generator" \
  -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug
"$cmake" --build "$scratch/consumer"
"$scratch/consumer/consumer"
