"""Makes the files of the exactness matrix with the ffmpeg command line.

A file is made once and kept: beside it lies the recipe that made it, and only another recipe (or
another ffmpeg) makes it again.

    media.py [--cache DIR] [KIND ...]
"""
import argparse
import fcntl
import hashlib
import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from kinds import KINDS

CACHE_VARIABLE = "CLIPBUF_MEDIA_CACHE"
PICTURE = ("testsrc2=s=160x120:r={rate}:d={seconds},noise=alls=14:allf=t:all_seed=5[card];"
           "color=black:s=160x8:r={rate}:d={seconds},format=yuv420p,"
           "geq=lum='16+219*mod(floor(N/pow(2,floor(X/10))),2)':cb=128:cr=128[number];"
           "[card][number]overlay=0:0:format=yuv420{filter},format={pixels}")
# Noise below 3 kHz: survives G.711 and AAC, and still matches itself at one position only.
NOISE = "anoisesrc=color=white:amplitude=0.7:seed={seed}:r={rate}:d={seconds},lowpass=f=3000"


class MediaError(Exception):
    pass


def default_cache():
    return Path(os.environ.get(CACHE_VARIABLE, "/tmp/clipbuf-media"))


def ffmpeg(*arguments):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise MediaError(f"{' '.join(command)}: {done.stderr.strip()}")


def encode_command(kind, out, filter_more=""):
    """The one ffmpeg command of a kind: picture, sounds, encoders, container."""
    chain = ",".join(f for f in (kind.filter, filter_more) if f)
    picture = PICTURE.format(rate=kind.rate, seconds=kind.seconds, pixels=kind.pixels,
                             filter="," + chain if chain else "")
    command = []
    if kind.audio_delay < 0:
        command += ["-itsoffset", str(-kind.audio_delay)]
    command += ["-f", "lavfi", "-i", picture]
    for track in range(kind.audio_tracks if kind.audio else 0):
        if kind.audio_delay > 0:
            command += ["-itsoffset", str(kind.audio_delay)]
        command += ["-f", "lavfi", "-i", NOISE.format(rate=kind.audio_rate, seed=11 + track, seconds=kind.seconds)]
    command += ["-map", "0:v"]
    for track in range(kind.audio_tracks if kind.audio else 0):
        command += ["-map", f"{track + 1}:a"]
    command += ["-fps_mode", "passthrough"]
    if "settb" in chain:
        command += ["-enc_time_base:v", "1/90000"]
    command += kind.video.split() + kind.audio.split() + ["-threads", "1"] + kind.mux.split() + [str(out)]
    return command


def encode(kind, out):
    ffmpeg(*encode_command(kind, out))


def hide_lead_in(kind, out):
    """A file that is itself a clip: its edit list hides all before 1.03 s."""
    whole = out.with_suffix(".whole" + out.suffix)
    encode(kind, whole)
    ffmpeg("-ss", "1.03", "-i", whole, "-c", "copy", out)
    whole.unlink()


def join(kind, out, offsets):
    """One transport stream of several pieces whose clocks start where `offsets` says."""
    with open(out, "wb") as joined:
        for number, offset in enumerate(offsets):
            piece = out.with_suffix(f".{number}.ts")
            picture = f"hue=h={40 * number}" if number else ""
            command = encode_command(kind, piece, picture)
            ffmpeg(*command[:-1], "-output_ts_offset", offset, "-mpegts_flags", "+initial_discontinuity", command[-1])
            joined.write(piece.read_bytes())
            piece.unlink()


def step_back(kind, out):
    join(kind, out, [0, kind.seconds - 0.2])


def restart(kind, out):
    join(kind, out, [0, 0])


def turn(kind, out):
    """A picture to be shown a quarter turned. ffmpeg 5.1 can't write that, so the matrix of the first track
    (the video) is put into its header here: the rows (0, 1, 0), (-1, 0, 0), (0, 0, 1)."""
    encode(kind, out)
    data = bytearray(out.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    struct.pack_into(">9i", data, matrix, 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    out.write_bytes(data)


RECIPES = {"encode": encode, "turn": turn, "hide_lead_in": hide_lead_in, "step_back": step_back, "restart": restart}


def fingerprint(kind):
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, timeout=20).stdout
    text = "\n".join([version.splitlines()[0], repr(kind), PICTURE, NOISE])
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def locked(kind, cache):
    """Two tests that share a cache make each file once."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f".{kind.file}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(kind, cache):
    """The path of the file of `kind`, made now unless it is there already."""
    with locked(kind, cache):
        return make_locked(kind, cache)


def make_locked(kind, cache):
    path = cache / kind.file
    note = cache / (kind.file + ".recipe")
    wanted = fingerprint(kind)
    if path.exists() and note.exists() and note.read_text() == wanted:
        return path
    for old in cache.glob(kind.file + ".*"):
        old.unlink()
    unfinished = cache / ("unfinished_" + kind.file)
    RECIPES[kind.recipe](kind, unfinished)
    os.replace(unfinished, path)
    note.write_text(wanted)
    return path


def make_all(kinds, cache, workers=2):
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(kinds, pool.map(lambda kind: make(kind, cache), kinds)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("kinds", nargs="*")
    options = parser.parse_args()
    chosen = [k for k in KINDS if not options.kinds or any(word in k.file for word in options.kinds)]
    for kind, path in make_all(chosen, options.cache).items():
        print(f"{kind.file:28} {path.stat().st_size:9} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
