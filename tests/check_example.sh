#!/bin/bash
# check_example.sh COMMAND...: runs an example in an empty folder; it must leave at least one clip there,
# and every clip must decode to pictures without a complaint.
set -euo pipefail
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
"$@"
clips=0
for clip in *.mp4; do
  [ -e "$clip" ] || break
  complaints="$(ffmpeg -v warning -nostdin -i "$clip" -f null - 2>&1)"
  frames="$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 "$clip")"
  if [ -n "$complaints" ] || [ "${frames:-0}" -lt 1 ]; then
    echo "$clip: ${frames:-0} frames; $complaints"
    exit 1
  fi
  echo "$clip: $frames frames"
  clips=$((clips + 1))
done
[ "$clips" -gt 0 ] || {
  echo "no clip was left"
  exit 1
}
