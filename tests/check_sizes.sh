#!/bin/bash
# check_sizes.sh BUILD_DIR: the hard limits of size: 500 lines a file; functions as .clang-tidy says.
# The build folder must be configured: its compile_commands.json says how each file is compiled.
set -u
cd "$(dirname "$0")/.." || exit 1
build="$1"
status=0

while IFS= read -r file; do
  lines="$(wc -l <"$file")"
  if [ "$lines" -gt 500 ]; then
    echo "$file has $lines lines; at most 500"
    status=1
  fi
done < <(git ls-files '*.cpp' '*.hpp' '*.py' '*.sh' 'CMakeLists.txt' '*.cmake')

git ls-files 'src/*.cpp' 'examples/*.cpp' 'tests/*.cpp' | grep -v '^tests/\(compile\|install\)/' |
  xargs -P "$(nproc)" -n 8 clang-tidy -p "$build" --quiet --checks='-*,readability-function-size' \
    --warnings-as-errors="*" 2>/dev/null || status=1
exit $status
