#!/bin/bash
# check_pair.sh FILE COMPILER [FLAG...]: the good half of FILE must build; the bad half must not, and
# the compiler must say what FILE's `// error:` line expects, lest it fail for another reason.
set -u
file="$1"
shift
expected="$(sed -n 's,^// error: ,,p' "$file")"
if [ -z "$expected" ]; then
  echo "$file has no '// error:' line"
  exit 1
fi
if ! "$@" "$file"; then
  echo "the good half does not build"
  exit 1
fi
if output="$("$@" -DCLIPBUF_BAD "$file" 2>&1)"; then
  echo "the bad half builds"
  exit 1
fi
if ! grep -qE "error: .*($expected)" <<<"$output"; then
  printf 'the bad half fails for another reason than /%s/:\n%s\n' "$expected" "$output"
  exit 1
fi
