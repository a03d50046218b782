#!/bin/bash
# The one list of packages, for Debian 12 and Ubuntu 24.04: every name below is in both.
# Installs only what is missing, so that a second run takes no time and needs no network.
#
#   cmake/install-deps.sh [build] [test] [vivid] [footage]        without a group: build
#
# build: all that the presets build. test: what the tests need beside. vivid: the virtual webcam in
# QEMU. footage: what tests/data was made from.
set -euo pipefail

build=(
  build-essential
  ca-certificates
  ccache
  cmake
  doctest-dev
  ffmpeg
  git
  libavcodec-dev
  libavformat-dev
  libavutil-dev
  libcli11-dev
  libmsgsl-dev
  libopencv-dev
  libswresample-dev
  libswscale-dev
  libturbojpeg0-dev
  ninja-build
  nlohmann-json3-dev
  pkg-config
)

# clang-format is pinned: another version would lay the same code out in another way.
test=(
  clang
  clang-format-14
  clang-tidy
  gir1.2-gst-plugins-base-1.0
  gir1.2-gst-rtsp-server-1.0
  gstreamer1.0-libav
  gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good
  gstreamer1.0-plugins-ugly
  gstreamer1.0-tools
  libclang-rt-dev
  procps
  python3
  python3-gi
  python3-numpy
)

vivid=(
  busybox-static
  cpio
  kmod
  qemu-system-x86
)

footage=(
  ffmpeg
  opencv-doc
)

fail() {
  echo "install-deps: $*" >&2
  exit 1
}


collect() {
  local group
  for group in "$@"; do
    case "$group" in
      build) printf '%s\n' "${build[@]}" ;;
      test) printf '%s\n' "${test[@]}" ;;
      vivid) printf '%s\n' "${vivid[@]}" ;;
      footage) printf '%s\n' "${footage[@]}" ;;
      *) return 1 ;;
    esac
  done
}

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

command -v dpkg-query >/dev/null || fail "this system has no dpkg; install by hand: ${build[*]}"
[ $# -gt 0 ] || set -- build
wanted="$(collect "$@")" || fail "unknown group in '$*'; known: build test vivid footage"

missing=()
for package in $wanted; do
  installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "missing: ${missing[*]}; run it as root, or install sudo"
  as_root=(sudo)
fi
echo "install-deps: installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -q --no-install-recommends "${missing[@]}"
