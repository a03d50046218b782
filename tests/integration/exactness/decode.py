"""What ffmpeg presents of a file: times, hashes and small pictures of its frames, and its sound.

This is the independent decoder of the oracle; it shares no code with the project. Edit lists are
honoured, frames are neither dropped nor repeated, times are those of the file.
"""
import json
import subprocess
import tempfile
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

THUMB_SIZE = (80, 60)
THUMB_BYTES = THUMB_SIZE[0] * THUMB_SIZE[1] * 3 // 2
TAGS = ("color_range", "color_space", "color_transfer", "color_primaries")
TIMEOUT_S = 60


class DecodeError(Exception):
    pass


@dataclass
class Sound:
    """The PCM of one audio track (mono, 16 bit, `rate`) and where its pieces lie on the clock."""
    rate: int
    pcm: bytes
    times: list      # of each decoded piece: its time in seconds, a Fraction
    starts: list     # and the index of its first sample
    frame: int = 0   # samples of a coded frame, the coarsest thing a copied track can be cut to

    @property
    def samples(self):
        return len(self.pcm) // 2

    def time_of(self, sample):
        """The time at which `sample` sounds."""
        piece = max(bisect_right(self.starts, sample) - 1, 0)
        return self.times[piece] + Fraction(sample - self.starts[piece], self.rate)

    def sample_at(self, time):
        """The sample that sounds at `time`; outside the sound, where it would be."""
        piece = max(bisect_right(self.times, time) - 1, 0)
        return self.starts[piece] + round((time - self.times[piece]) * self.rate)


@dataclass
class Decoded:
    """A file as presented. `times` are Fractions of a second as the file says, not yet from zero."""
    tick: Fraction
    times: list
    hashes: list
    sounds: list = field(default_factory=list)
    tags: dict = field(default_factory=dict)
    rotation: float = 0
    thumbs: bytes = b""
    sizes: tuple = (0, 0)
    format: str = ""
    codec: str = ""
    complaints: str = ""

    @property
    def micros(self):
        """The time of each frame from the first presented one, to the nearest microsecond."""
        return [round((t - self.times[0]) * 1_000_000) for t in self.times]

    def thumb(self, index):
        return self.thumbs[index * THUMB_BYTES:(index + 1) * THUMB_BYTES]


def run(command, timeout=TIMEOUT_S):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=timeout)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def probe(path):
    """ffprobe's streams and format, as a dict."""
    code, out, err = run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", path])
    if code != 0:
        raise DecodeError(f"ffprobe: {err.strip()}")
    return json.loads(out)


def presented_frames(path):
    """(time or None, is key) of every frame as the decoder hands them out, not straightened by any muxer."""
    code, out, err = run(["ffprobe", "-v", "error", "-threads", "1", "-select_streams", "v:0", "-of", "json",
                          "-show_entries", "frame=best_effort_timestamp,key_frame:stream=time_base", path])
    if code != 0:
        raise DecodeError(f"ffprobe: {err.strip()}")
    found = json.loads(out)
    tick = Fraction(found["streams"][0]["time_base"])
    return [(int(f["best_effort_timestamp"]) * tick if "best_effort_timestamp" in f else None, bool(f["key_frame"]))
            for f in found["frames"]]


def read_hashes(path):
    """(tick, times, sizes, hashes) of the one stream of a framehash file."""
    tick, times, sizes, hashes = Fraction(1), [], [], []
    for line in Path(path).read_text().splitlines():
        if line.startswith("#tb"):
            tick = Fraction(line.split()[-1])
        elif not line.startswith("#"):
            part = [p.strip() for p in line.split(",")]
            times.append(int(part[2]) * tick)
            sizes.append(int(part[4]))
            hashes.append(part[5])
    return tick, times, sizes, hashes


def rotation_of(stream):
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            return float(side["rotation"]) % 360
    return 0.0


def decoder_for(video):
    """FFmpeg's wrapper of libdav1d (seen in 5.1) shows what an edit list hides; libaom's does not."""
    return ["-c:v", "libaom-av1"] if video["codec_name"] == "av1" else []


def command_for(path, tracks, rates, folder, options):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-copyts", "-noautorotate", *options,
               "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-enc_time_base:v", "-1",
               "-f", "framehash", "-hash", "md5", folder / "video"]
    scale = f"scale={THUMB_SIZE[0]}:{THUMB_SIZE[1]}:flags=area:out_range=tv,format=yuv420p"
    command += ["-map", "0:v:0", "-fps_mode", "passthrough", "-vf", scale, "-f", "rawvideo", folder / "thumbs"]
    for number in range(tracks):
        shape = ["-map", f"0:a:{number}", "-ac", "1", "-ar", rates[number], "-c:a", "pcm_s16le"]
        command += shape + ["-f", "framehash", folder / f"times{number}"]
        command += shape + ["-f", "s16le", folder / f"sound{number}"]
    return command


def read_sound(folder, number, stream, rate):
    tick, times, sizes, _ = read_hashes(folder / f"times{number}")
    starts, at = [], 0
    for size in sizes:
        starts.append(at)
        at += size // 2
    frame = {"aac": 1024, "opus": 960, "mp3": 1152}.get(stream["codec_name"], 1)
    frame = frame * rate // int(stream["sample_rate"]) + 1
    return Sound(rate, (folder / f"sound{number}").read_bytes(), times, starts, frame)


def decode(path, rates=None, options=()):
    """Decodes a whole file. `rates` are the sample rates wanted of its sounds (default: their own)."""
    found = probe(path)
    videos = [s for s in found["streams"] if s["codec_type"] == "video"]
    audios = [s for s in found["streams"] if s["codec_type"] == "audio"]
    if not videos:
        raise DecodeError("no video stream in the file")
    own = [int(a["sample_rate"]) for a in audios]
    rates = list(rates or [])[:len(own)] + own[len(rates or []):]
    with tempfile.TemporaryDirectory(prefix="clipbuf-oracle-") as name:
        folder = Path(name)
        code, _, err = run(command_for(path, len(audios), rates, folder,
                                       [*decoder_for(videos[0]), *options]))
        if code != 0:
            raise DecodeError(f"ffmpeg: {err.strip()}")
        tick, times, _, hashes = read_hashes(folder / "video")
        sounds = [read_sound(folder, n, a, rates[n]) for n, a in enumerate(audios)]
        thumbs = (folder / "thumbs").read_bytes()
    video = videos[0]
    return Decoded(tick, times, hashes, sounds, {t: video.get(t, "unknown") for t in TAGS}, rotation_of(video),
                   thumbs, (video["width"], video["height"]), found["format"]["format_name"], video["codec_name"],
                   err)
