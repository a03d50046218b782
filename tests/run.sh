#!/bin/bash
# Set-up and every test, in every configuration: release, sanitizers, Clang, format, install,
# examples. A step that fails does not stop the ones after it; the exit code is non-zero if any did.
# CLIPBUF_ADVISORY: an extended regular expression; a step whose name matches it is run and its result
# shown, but does not count.
set -u
cd "$(dirname "$0")/.." || exit 1
export CTEST_OUTPUT_ON_FAILURE=1 PYTHONDONTWRITEBYTECODE=1
jobs="$(nproc)"
names=() seconds=() results=()
failures=0
advisory=0
declare -A broken=()
log="$(mktemp)"
trap 'rm -f "$log"' EXIT

# step NAME COMMAND...: runs it under a heading and remembers how it went.
step() {
  local name="$1" start="$SECONDS" result=passed
  shift
  echo "== $name"
  "$@" || {
    result=FAILED
    if [ -n "${CLIPBUF_ADVISORY:-}" ] && [[ "$name" =~ $CLIPBUF_ADVISORY ]]; then
      result=advisory
      advisory=$((advisory + 1))
    else
      failures=$((failures + 1))
    fi
    echo "== $name: FAILED"
  }
  names+=("$name") seconds+=($((SECONDS - start))) results+=("$result")
}

# build PRESET [TARGET...]: configures and builds it; all targets when none is named.
build() {
  local preset="$1"
  shift
  broken[$preset]=yes
  cmake --preset "$preset" >"$log" 2>&1 || {
    cat "$log"
    return 1
  }
  cmake --build --preset "$preset" --parallel "$jobs" ${@+--target "$@"} || return 1
  unset "broken[$preset]"
}

# run_tests PRESET LABELS JOBS: an expression that selects no test is a failure, and so is a test that
# is skipped: what it needs was installed above. Only QEMU may be impossible on a machine.
run_tests() {
  local plain=() status=0
  if [ -n "${broken[$1]:-}" ]; then
    echo "not run: the $1 build failed"
    return 1
  fi
  # GCC's thread sanitizer gives up where addresses are as random as newer kernels make them.
  [ "$1" = tsan ] && setarch -R true 2>/dev/null && plain=(setarch -R)
  ${plain[@]+"${plain[@]}"} ctest --preset "$1" -L "$2" -j "$3" --no-tests=error 2>&1 | tee "$log"
  status="${PIPESTATUS[0]}"
  if [ "$2" != '^vivid$' ] && grep -q '\*\*\*Skipped' "$log"; then
    echo "a test was skipped that must run here"
    status=1
  fi
  return "$status"
}

check_format() {
  git ls-files '*.cpp' '*.hpp' | xargs clang-format-14 --dry-run -Werror
}

step "set-up" cmake/install-deps.sh build test vivid
[ "$failures" -eq 0 ] || exit 1

step "release: build" build release
step "release: headers stand alone" \
  cmake --build --preset release --parallel "$jobs" --target all_verify_interface_header_sets
step "release: unit, conformance, compile, install, bench" \
  run_tests release '^(unit|conformance|compile|install|bench)$' "$jobs"
step "release: examples" run_tests release '^example$' 1
# One label at a time: the tests of live sources are not to be slowed down by others.
for label in cli exactness disk load faults rtsp vivid; do
  step "release: $label" run_tests release "^$label\$" 1
done

step "asan: build" build asan clipbuf_unit clipbuf_conformance clipbuf_cli
step "asan: unit, conformance, exactness, cli" \
  run_tests asan '^(unit|conformance|exactness|cli)$' "$jobs"

step "tsan: build" build tsan clipbuf_unit clipbuf_conformance
step "tsan: unit, conformance" run_tests tsan '^(unit|conformance)$' 1

step "clang: build the library with thread-safety analysis" build clang clipbuf
step "format" check_format
step "sizes" tests/check_sizes.sh build/clang

echo "== summary"
for i in "${!names[@]}"; do
  printf '%-8s %5d s  %s\n' "${results[$i]}" "${seconds[$i]}" "${names[$i]}"
done
echo "run.sh: $((${#names[@]} - failures - advisory)) steps passed, $failures failed," \
  "$advisory failed that do not count, $((SECONDS / 60)) min $((SECONDS % 60)) s"
[ "$failures" -eq 0 ]
