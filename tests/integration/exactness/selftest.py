"""Shows that the oracle can fail: clips made wrong on purpose with ffmpeg, each must be found out.

    selftest.py [--cache DIR]
"""
import argparse
import copy
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import kinds
import media
import oracle
import truth

CUT = oracle.Range(1_040_000, 3_000_000, "reencode", "mov", "self-test")


def kind_of(file):
    return next(k for k in kinds.KINDS if k.file == file)


def honest_report(source, cut, path):
    frames = source.surely_in(cut.begin_us, cut.end_us)
    after = (source.starts + [source.end_us])[frames[-1] + 1]
    return {"requested": {"begin_us": cut.begin_us, "end_us": cut.end_us},
            "delivered": {"begin_us": source.starts[frames[0]], "end_us": min(after, cut.end_us)},
            "frames": len(frames), "bytes": path.stat().st_size, "mode": cut.mode, "lead_in_us": 0,
            "reencoded_frames": len(frames), "gaps": [], "complete": True, "placeholder": False, "path": str(path)}


def reference_clip(source, cut, path, *, frames=0, extra=0, picture="", times="round(PTS-{zero}/TB)", sound=0.0,
                   longer=0.0, select="", video="-c:v libx264 -preset ultrafast -qp 0", audio="-c:a pcm_s16le",
                   other_sound=False):
    """Cuts by decoding the whole source and keeping what is in range; each argument bends one thing:
    `frames` moves the selection, `extra` lengthens it, `sound` delays the sound, `longer` adds to its end."""
    held = source.surely_in(cut.begin_us, cut.end_us)
    first, last = held[0] + frames, held[-1] + frames + extra
    begin = float(source.decoded.times[0]) + cut.begin_us / 1e6
    zero = min(begin, float(source.decoded.times[first]))
    keep = select.format(first=first, last=last) or f"between(n,{first},{last})"
    chain = ",".join(f for f in (f"select='{keep}'", picture, f"setpts='{times.format(zero=zero)}'") if f)
    end = begin + (cut.end_us - cut.begin_us) / 1e6 + longer
    command = ["-copyts", "-noautorotate", "-i", source.path, "-map", "0:v:0", "-vf", chain, "-fps_mode", "passthrough",
               "-enc_time_base:v", "1/12800", "-video_track_timescale", "12800", *video.split()]
    if source.decoded.sounds:
        if other_sound:
            command += ["-f", "lavfi", "-i", media.NOISE.format(rate=48000, seed=99, seconds=8)]
        trim = f"atrim=start={begin}:end={end},asetpts=PTS-({zero}-{sound})/TB"
        command += ["-map", "0:a:0", "-af", trim, *audio.split()]
    if other_sound:
        command = swap_sound(command)
    media.ffmpeg(*command, path)
    return honest_report(source, cut, path)


def swap_sound(command):
    """The same command with the second input as the sound."""
    at = command.index("-f")
    extra_input = command[at:at + 4]
    rest = ["1:a:0" if word == "0:a:0" else word for word in command[:at] + command[at + 4:]]
    after_first_input = rest.index("-i") + 2
    return rest[:after_first_input] + extra_input + rest[after_first_input:]


# name, what to bend, a word that the oracle's complaint must hold ("" for a clip that is right)
CLIPS = [
    ("right", {}, ""),
    ("right, coded with losses", {"video": "-c:v libx264 -preset veryfast -crf 23"}, ""),
    ("right, sound coded with losses", {"audio": "-c:a aac -b:a 128k"}, ""),
    ("one frame early", {"frames": -1}, "frames"),
    ("one frame late", {"frames": 1}, "frames"),
    ("one frame late, coded with losses", {"frames": 1, "video": "-c:v libx264 -preset veryfast -crf 30"}, "frames"),
    ("one frame too many", {"extra": 1}, "frames"),
    ("one frame too few", {"extra": -1}, "frames"),
    ("a frame left out", {"select": "between(n,{first},{last})*not(eq(n,{first}+20))"}, "frames"),
    ("a repeated frame", {"picture": "loop=loop=1:size=1:start=10", "times": "N/25/TB"}, "frames"),
    ("too fast by 1 %", {"times": "(PTS-{zero}/TB)*0.99"}, "lies"),
    ("one frame 5 ms late", {"times": "round(PTS-{zero}/TB+0.005*eq(N,7)/TB)"}, "lies"),
    ("the last frame a tick late", {"times": "round(PTS-{zero}/TB)+eq(N,48)"}, "lies"),
    ("sound 5 ms late", {"sound": 0.005}, "out of sync"),
    ("sound 5 ms early", {"sound": -0.005}, "out of sync"),
    ("sound 2 ms late", {"sound": 0.002}, "out of sync"),
    ("sound half a second late", {"sound": 0.5}, "sound"),
    ("sound 100 ms too long", {"longer": 0.1}, "ends"),
    ("sound 100 ms too short", {"longer": -0.1}, "ends"),
    ("another sound", {"other_sound": True}, "not the source's"),
    ("no sound", {"audio": "-an"}, "sound tracks"),
    ("washed out", {"picture": "lutyuv=y=16+val*219/255"}, "contrast"),
    ("too bright", {"picture": "lutyuv=y=val+8"}, "bright"),
    ("blurred", {"picture": "gblur=sigma=6"}, "frames"),
    ("unlike", {"picture": "negate"}, "unlike any"),
]

REPORTS = [
    ("one frame too many", {"frames": 51}, "report says 51 frames"),
    ("copied, it says", {"reencoded_frames": 0}, "bit-identical"),
    ("another mode", {"mode": "exact"}, "mode"),
    ("delivered from too early", {"delivered": {"begin_us": 1_000_000, "end_us": 3_000_000}}, "delivered from"),
    ("delivered to too late", {"delivered": {"begin_us": 1_040_000, "end_us": 3_100_000}}, "delivered to"),
    ("a lead-in that is not there", {"lead_in_us": 500_000}, "lead_in_us"),
    ("incomplete", {"complete": False}, "complete"),
    ("too small", {"bytes": 1}, "bytes"),
    ("a placeholder", {"placeholder": True}, "placeholder"),
]


class Score:
    def __init__(self):
        self.passed = self.failed = 0

    def note(self, name, wrong, word):
        caught = any(word in line for line in wrong) if word else not wrong
        self.passed += caught
        self.failed += not caught
        if not caught:
            due = f"a complaint about {word!r}" if word else "no complaint"
            print(f"FAILED {name}: {due} was due, got {wrong}")


def bent_clips(source, folder, score):
    for name, bend, word in CLIPS:
        path = folder / "clip.mov"
        report = reference_clip(source, CUT, path, **bend)
        score.note(name, oracle.judge(source, CUT, path, report), word)


def bent_reports(source, folder, score):
    path = folder / "clip.mov"
    lossy = reference_clip(source, CUT, path, video="-c:v libx264 -preset veryfast -crf 23")
    for name, lie, word in REPORTS:
        report = copy.deepcopy(lossy)
        report.update(lie)
        score.note("report: " + name, oracle.judge(source, CUT, path, report), word)


def lost_tags(cache, folder, score):
    path = folder / "clip.mp4"
    # A transport stream can't say how a picture is turned, so the way through one loses it.
    for file, encoder, detour, word in (
            ("h264_rotated.mp4", "-c copy", "", ""),
            ("h264_rotated.mp4", "-c copy", "clip.ts", "rotated"),
            ("h264_bt709_full.mp4", "-c copy", "", ""),
            ("h264_bt709_full.mp4", "-c:a copy -c:v libx264 -qp 0 -color_primaries bt470bg", "", "color_primaries")):
        source = truth.of(kind_of(file), cache)
        whole = oracle.Range(0, source.end_us, "reencode", "mp4", "self-test")
        origin = source.path
        if detour:
            media.ffmpeg("-i", origin, "-c", "copy", folder / detour)
            origin = folder / detour
        media.ffmpeg("-noautorotate", "-i", origin, *encoder.split(), path)
        report = honest_report(source, whole, path)
        report["reencoded_frames"] = 0 if encoder == "-c copy" else len(source.starts)
        score.note(f"{file} {encoder} {detour}", oracle.judge(source, whole, path, report), word)


def hidden_lead_in(cache, folder, score):
    """A copy from the key frame with an edit list: right to the frame, and its lead-in is measured."""
    source = truth.of(kind_of("h264_p.mp4"), cache)
    begin = source.starts[40]
    cut = oracle.Range(begin, source.end_us, "exact", "mp4", "self-test")
    path = folder / "clip.mp4"
    media.ffmpeg("-ss", f"{begin / 1e6:.6f}", "-i", source.path, "-c", "copy", path)
    report = honest_report(source, cut, path)
    report.update(reencoded_frames=0, lead_in_us=begin - source.starts[30])
    score.note("an edit list", oracle.judge(source, cut, path, report), "")
    report["lead_in_us"] = 0
    score.note("a lead-in not told of", oracle.judge(source, cut, path, report), "lead_in_us")
    media.ffmpeg("-ss", f"{begin / 1e6:.6f}", "-i", source.path, "-c", "copy", "-use_editlist", "0", path)
    report = honest_report(source, cut, path)
    report["reencoded_frames"] = 0
    score.note("a lead-in that shows", oracle.judge(source, cut, path, report), "frames")
    path.write_bytes(path.read_bytes()[:-5000])
    score.note("a torn file", oracle.judge(source, cut, path, report), "can't be decoded")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=media.default_cache())
    options = parser.parse_args()
    score = Score()
    source = truth.of(kind_of("h264_pyramid.mov"), options.cache)
    with tempfile.TemporaryDirectory(prefix="clipbuf-selftest-") as name:
        folder = Path(name)
        bent_clips(source, folder, score)
        bent_reports(source, folder, score)
        lost_tags(options.cache, folder, score)
        hidden_lead_in(options.cache, folder, score)
    print(f"{score.passed} passed, {score.failed} failed")
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
