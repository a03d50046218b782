#!/bin/bash
# The main job, shown: keep a camera, and after 15 seconds save its last 10 as an exact clip.
#
#   examples/demo.sh [SOURCE]
#
# SOURCE is a webcam's number, an rtsp:// URL, a file ... Without one: the first webcam, or, where there is
# none, the street scene of tests/data played as a live camera. Sets up, builds, runs; the clip and a contact
# sheet of it lie in build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== set-up and build"
cmake/install-deps.sh build
cmake --preset release >/dev/null
cmake --build --preset release --target clipbuf_cli
clipbuf=build/release/bin/clipbuf
"$clipbuf" --version

source="${1:-}"
if [ -z "$source" ]; then
  for device in /dev/video*; do
    if [ -r "$device" ] && "$clipbuf" probe "$device" >/dev/null 2>&1; then
      source="$device"
      break
    fi
  done
fi
options=()
if [ -z "$source" ]; then
  echo "== no webcam here: the street scene is the camera"
  source=tests/data/street.mp4
fi
[ -f "$source" ] && options=(--realtime --loop)

folder="build/demo/$(date -u +%Y%m%dT%H%M%SZ)"
echo "== keeping it for 15 s; then the last 10 s are saved"
"$clipbuf" record "$source" ${options[@]+"${options[@]}"} --keep 5m --for 15s --last 10s --out "$folder"

clip="$(find "$folder" -name 'clip-*.mp4' | head -n 1)"
[ -n "$clip" ] || { echo "demo: no clip in $folder" >&2; exit 1; }
sheet="${clip%.mp4}.png"
# One picture a second, from the middle of the second.
ffmpeg -v error -nostdin -y -i "$clip" -an -frames:v 1 \
  -vf "fps=1:start_time=0:round=near,scale=320:-2,tile=5x2:padding=6:margin=6:color=0x202020" "$sheet"

echo "== the clip:          $PWD/$clip"
echo "== its contact sheet: $PWD/$sheet"
