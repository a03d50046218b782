#!/bin/bash
# A webcam without a webcam: boots Debian's kernel in QEMU with the `vivid` module, whose virtual camera
# behaves as a V4L2 device does, and there captures, unplugs and replugs it while clipbuf records.
# Exit code 77, with the reason, where this machine can't run it. Ends within 5 minutes.
#
#   tests/vivid_qemu.sh [CLIPBUF]        default: $CLIPBUF_BIN, else build/release/bin/clipbuf
#
# Needs the packages of `cmake/install-deps.sh vivid`. The kernel is downloaded, not installed, and kept in
# ~/.cache/clipbuf; or set CLIPBUF_VIVID_KERNEL to a folder that holds boot/vmlinuz-* and lib/modules/*.
set -euo pipefail
cd "$(dirname "$0")/.."
clipbuf="${1:-${CLIPBUF_BIN:-build/release/bin/clipbuf}}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/clipbuf"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
export PATH="$PATH:/usr/sbin:/sbin"

skip() {
  echo "skipped: $*"
  exit 77
}

fail() {
  echo "FAILED: $*"
  exit 1
}

check_tools() {
  local tool
  [ "$(uname -m)" = x86_64 ] || skip "only written for x86_64, this is $(uname -m)"
  for tool in qemu-system-x86_64 busybox cpio depmod ffprobe ldd; do
    command -v "$tool" >/dev/null || skip "no $tool here; cmake/install-deps.sh build vivid installs it"
  done
  [ -x "$clipbuf" ] || fail "no program at $clipbuf"
  [ "$(stat -c %s "$(command -v busybox)")" -gt 1000000 ] || skip "busybox is not the static one"
}

# fetch_kernel FOLDER: the newest kernel package, unpacked, under a name that is there only when whole.
fetch_kernel() {
  local meta=linux-image-amd64 package
  [ "$(. /etc/os-release && echo "$ID")" = debian ] ||
    skip "set CLIPBUF_VIVID_KERNEL: a kernel with vivid is downloaded on Debian only"
  package="$(apt-cache depends "$meta" 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')"
  if [ -z "$package" ]; then
    [ "$(id -u)" -eq 0 ] && apt-get update -q >/dev/null 2>&1
    package="$(apt-cache depends "$meta" 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')"
  fi
  [ -n "$package" ] || skip "apt knows no $meta; run apt-get update"
  echo "downloading $package"
  mkdir -p "$scratch/kernel" "$(dirname "$1")"
  (cd "$scratch" && apt-get download -q "$package" >apt.log 2>&1) ||
    skip "can't download $package: $(tail -n 1 "$scratch/apt.log")"
  dpkg-deb --fsys-tarfile "$scratch/$package"_*.deb |
    tar -x -C "$scratch/kernel" --wildcards './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/media/*' './lib/modules/*/modules.*'
  depmod -b "$scratch/kernel" "$(ls "$scratch/kernel/lib/modules")"
  cp -r "$scratch/kernel" "$1.$$"
  mv -T "$1.$$" "$1" 2>/dev/null || rm -rf "$1.$$"
}

# copy_program FILE NAME: a program and the libraries it is linked with.
copy_program() {
  local library
  cp -L "$1" "$root/bin/$2"
  while read -r library; do
    [ -e "$root$library" ] && continue
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done < <(ldd "$1" | grep -oE '/[^ ]+')
}

# copy_modules: vivid and what it depends on, in the order in which they must be loaded.
copy_modules() {
  local modules="$kernel/lib/modules/$version" line file
  line="$(grep -E '/vivid\.ko[^:]*:' "$modules/modules.dep")" || skip "kernel $version has no vivid module"
  mkdir "$root/modules"
  for file in $(tr -d ':' <<<"$line" | tr ' ' '\n' | tac); do
    cp "$modules/$file" "$root/modules/"
    basename "$file" >>"$root/modules/order"
  done
}

# The first program in the machine: everything the test does is here.
write_init() {
  cat >"$root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin HOME=/ LC_ALL=C.UTF-8
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /tmp /clips
stty -F /dev/console -opost 2>/dev/null
driver=/sys/bus/platform/drivers/vivid

finish() {
  [ "$1" = passed ] || { echo "-- stdout"; cat /out.json; echo "-- stderr"; cat /err.txt; dmesg | tail -n 20; }
  echo "vivid-result: $*"
  poweroff -f
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  left=$(($1 * 5))
  shift
  while ! "$@"; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.2
  done
}

# frames FILE: how many pictures a decoder gets.
frames() {
  ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 "$1"
}

# check NAME: the clip of that recording decodes.
check() {
  clip="$(find /clips -name '*.mp4' | head -n 1)"
  [ -n "$clip" ] || finish "$1: no clip"
  count="$(frames "$clip")"
  [ "${count:-0}" -gt 0 ] || finish "$1: no frames in $clip"
  echo "$1: $count frames in $(basename "$clip")"
  rm -f /clips/*
}

while read -r module; do
  insmod "/modules/$module" $([ "$module" = vivid.ko ] && echo n_devs=1 node_types=0x1 num_inputs=1 input_types=0)
done </modules/order
wait_for 10 test -c /dev/video0 || finish "no /dev/video0"
echo "camera: $(cat /sys/class/video4linux/video0/name)"

clipbuf record 0 --for 5s --last 3s --out /clips --json >/out.json 2>/err.txt || finish "record ends with $?"
check "capture"

# said COUNT STATE: the recorder has been in that state so many times.
said() {
  [ "$(grep -c "\"state\":\"$2\"" /out.json)" -ge "$1" ]
}

# let_go: the recorder holds the old device no longer; until then the new one would get another number.
let_go() {
  ! ls -l /proc/$recorder/fd | grep -q /dev/video
}

clipbuf record 0 --for 50s --last 3s --out /clips --json >/out.json 2>/err.txt &
recorder=$!
wait_for 60 said 1 running || finish "the camera was not opened a second time"
sleep 3
echo vivid.0 >$driver/unbind
echo "unplugged"
wait_for 5 test ! -e /dev/video0 || finish "/dev/video0 stays after the unplug"
wait_for 20 said 1 reconnecting || finish "the unplug was not noticed"
wait_for 15 let_go || finish "the unplugged camera is still held open"
echo vivid.0 >$driver/bind
wait_for 5 test -c /dev/video0 || finish "no /dev/video0 after the replug: $(ls /dev/video*)"
echo "replugged"
wait_for 40 said 2 running || finish "the replug was not noticed"
echo "reconnected"
wait $recorder || finish "record ends with $? after the replug"
grep -qE '"reconnects": ?[1-9]' /out.json || finish "no reconnect in the status"
check "replug"
finish passed
INIT
  chmod +x "$root/init"
}

boot() {
  # Emulated on purpose: /dev/kvm inside another virtual machine often starts and then hangs.
  timeout --kill-after=5 270 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -smp 2 -m 2048 \
    -nographic -nodefaults -serial stdio -monitor none -no-reboot -net none \
    -kernel "$kernel/boot/vmlinuz-$version" -initrd "$scratch/initrd" \
    -append "console=ttyS0 quiet panic=-1 rdinit=/init" </dev/null >"$scratch/console" 2>"$scratch/qemu.log"
}

check_tools
kernel="${CLIPBUF_VIVID_KERNEL:-$cache/vivid-kernel}"
[ -d "$kernel/lib/modules" ] || [ -n "${CLIPBUF_VIVID_KERNEL:-}" ] || fetch_kernel "$kernel"
[ -d "$kernel/lib/modules" ] || skip "no lib/modules in $kernel"
version="$(ls "$kernel/lib/modules" | head -n 1)"
[ -e "$kernel/boot/vmlinuz-$version" ] || skip "no vmlinuz-$version in $kernel/boot"

root="$scratch/root"
mkdir -p "$root"/{bin,proc,sys,dev}
cp "$(command -v busybox)" "$root/bin/busybox"
copy_program "$clipbuf" clipbuf
copy_program "$(command -v ffprobe)" ffprobe
copy_modules
write_init
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$scratch/initrd"
echo "booting Linux $version with $(du -m "$scratch/initrd" | cut -f1) MB of programs"

status=0
boot || status=$?
result="$(tr -d '\r' <"$scratch/console" | sed -n 's/.*vivid-result: //p' | tail -n 1)"
tr -d '\r' <"$scratch/console" | tail -n 60
case "$result" in
  passed) echo "vivid: passed" ;;
  '')
    [ "$status" -eq 124 ] && fail "the machine did not end in 270 s"
    [ -s "$scratch/console" ] || skip "QEMU can't run here (exit code $status): $(tail -n 1 "$scratch/qemu.log")"
    fail "the machine ended without a result (exit code $status)"
    ;;
  *) fail "$result" ;;
esac
