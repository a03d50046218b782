"""Judges a clip: does it hold what was asked of the source, and does its report tell the truth?

A range is [begin, end) in microseconds from the first presented frame of the source. What the source
presents is what ffmpeg decodes of it (truth.py); files without presentation times count at their nominal
rate. judge() returns all that is wrong, as lines; an exact clip gives none.
"""
from dataclasses import dataclass
from fractions import Fraction

import boxes
import decode
import picture
import sound

MILLION = 1_000_000
WITH_EDIT_LISTS = ("mp4", "mov")


@dataclass(frozen=True)
class Range:
    begin_us: int
    end_us: int
    mode: str = "exact"
    container: str = "mp4"
    label: str = "random"

    def __str__(self):
        return (f"{self.label} [{self.begin_us / MILLION:.6f}, {self.end_us / MILLION:.6f}) "
                f"{self.mode} {self.container}")


def expected_frames(truth, cut, found):
    """The source frames the clip must hold. In keyframe mode the first is where the clip says, see check_start."""
    sure = truth.surely_in(cut.begin_us, cut.end_us)
    possible = truth.possibly_in(cut.begin_us, cut.end_us)
    if cut.mode == "keyframe" and found and sure and found[0] < sure[0]:
        return list(range(found[0], sure[0])) + sure
    if sure == possible:
        return sure
    held = set(found) & set(possible)
    return [i for i in possible if i in held or i in sure]


def check_start(truth, cut, indices):
    """A keyframe clip starts at a key frame at or before the range, and not more than one too early."""
    due = truth.surely_in(cut.begin_us, cut.end_us)[0]
    keys = [k for k in truth.keys if k <= due]
    if indices[0] in truth.keys or len(keys) < 2 or indices[0] == 0:
        earliest = keys[-2] if len(keys) > 1 else 0
        if earliest <= indices[0] <= due:
            return []
    return [f"starts at frame {indices[0]}, the range at {due}, key frames before it {picture.spans(keys[-3:])}"]


def check_frames(truth, cut, clip, report):
    """(what is wrong, the source index of each frame)."""
    sure = truth.surely_in(cut.begin_us, cut.end_us)
    found = picture.identify(truth.decoded, clip, sure)
    due = expected_frames(truth, cut, found)
    if found != due:
        return [f"frames {picture.spans(due)} due, got {picture.describe(found)}"], found
    wrong = check_start(truth, cut, found) if cut.mode == "keyframe" and found else []
    changed = picture.changed_frames(truth.decoded, clip, found)
    claimed = report.get("reencoded_frames", 0)
    if len(changed) > claimed:
        wrong.append(f"{len(changed)} frames are not bit-identical, reencoded_frames says {claimed}")
    wrong += picture.check_likeness(truth.decoded, clip, found, changed)
    wrong += picture.check_spacing(truth.decoded, clip, found, truth.kind.backward)
    return wrong, found


def check_copied(truth, cut, report):
    """What can be copied must have been copied."""
    copied = report.get("reencoded_frames", 0) == 0
    if cut.container in WITH_EDIT_LISTS and cut.mode != "reencode" and truth.kind.copies and not copied:
        return [f"{report['reencoded_frames']} frames re-encoded, none had to be"]
    return []


def check_tags(truth, clip, report):
    """Colour tags and rotation of the source are the clip's. A re-encoded picture may change its range, if tagged."""
    wrong = []
    for name, value in truth.decoded.tags.items():
        if value == "unknown" or (name == "color_range" and report.get("reencoded_frames", 0)):
            continue
        if clip.tags[name] != value:
            wrong.append(f"{name} is {clip.tags[name]}, the source's {value}")
    if clip.rotation != truth.decoded.rotation:
        wrong.append(f"rotated by {clip.rotation}, the source by {truth.decoded.rotation}")
    return wrong


def check_sound(truth, cut, clip, report, indices):
    """Sound goes with the pictures: from the first one shown to the end of the last one."""
    source = truth.decoded
    zero = source.times[0]
    shift = source.times[indices[0]] - clip.times[0]
    origin = report["requested"]["begin_us"] - cut.begin_us
    begin, end = (zero + Fraction(report["delivered"][k] - origin, MILLION) for k in ("begin_us", "end_us"))
    return sound.check(source, clip, lambda t: t + shift, begin, end)


def check_report(truth, cut, clip, report, indices):
    """The report against the file: frames, delivered range, lead-in, completeness, mode, size."""
    wrong = []
    if report["frames"] != len(indices):
        wrong.append(f"report says {report['frames']} frames, the file has {len(indices)}")
    if report["mode"] != cut.mode:
        wrong.append(f"report says mode {report['mode']}")
    if report.get("placeholder"):
        wrong.append("report says placeholder")
    if truth.kind.backward:
        return wrong
    starts = truth.starts + [truth.end_us]
    origin = report["requested"]["begin_us"] - cut.begin_us
    begin, end = (report["delivered"][k] - origin for k in ("begin_us", "end_us"))
    first, last, after = starts[indices[0]], starts[indices[-1]], starts[indices[-1] + 1]
    if abs(begin - first) > 1:
        wrong.append(f"report says delivered from {begin} us, the first frame is at {first}")
    # Of the last frame of all only a guess tells how long it lasts; a frame may also be cut short by `end`.
    latest = after + 200_000 if indices[-1] + 1 == len(truth.starts) else after + 1
    if not (min(last + 1, cut.end_us) <= end <= max(latest, last + 1)):
        wrong.append(f"report says delivered to {end} us, the last frame is at {last}, the next at {after}")
    whole = cut.end_us <= last
    beyond = cut.end_us > truth.end_us + 250_000
    holed = any(g["reason"] for g in report["gaps"])
    if report["complete"] == holed:
        wrong.append(f"report says complete={report['complete']} with {len(report['gaps'])} gaps")
    if beyond and report["complete"]:
        wrong.append("report says complete, but the range reaches beyond the file")
    if whole and not report["complete"] and not has_pause(truth, cut):
        wrong.append(f"report says incomplete: {report['gaps']}")
    return wrong


def has_pause(truth, cut):
    """Whether the source shows nothing new for over a second somewhere in the range."""
    times = [t for t in truth.starts if cut.begin_us - 3 * MILLION <= t <= cut.end_us + 3 * MILLION]
    return any(b - a > MILLION for a, b in zip(times, times[1:]))


def check_lead_in(truth, cut, path, report, indices):
    """The lead-in told of is the one in the file: what the edit list hides, or what is seen before the range."""
    told = report["lead_in_us"]
    starts = truth.starts
    frame = max(b - a for a, b in zip(starts, starts[1:]))
    if cut.mode == "keyframe":
        seen = max(cut.begin_us - starts[indices[0]], 0)
        return [] if abs(told - seen) <= frame else [f"lead_in_us is {told}, {seen} us are seen before the range"]
    if cut.container not in WITH_EDIT_LISTS or truth.kind.backward:
        return []
    hidden = boxes.hidden_before(path) * MILLION
    if abs(told - hidden) > frame + 1:
        return [f"lead_in_us is {told}, the file hides {float(hidden):.0f} us"]
    return []


def judge(truth, cut, path, report):
    """Everything that is wrong with the clip at `path`, one line each."""
    try:
        clip = decode.decode(path, [s.rate for s in truth.decoded.sounds])
    except (decode.DecodeError, OSError) as error:
        return [f"can't be decoded: {error}"]
    wrong, indices = check_frames(truth, cut, clip, report)
    if not indices or -1 in indices:
        return wrong or ["no frames"]
    wrong += check_copied(truth, cut, report)
    wrong += check_tags(truth, clip, report)
    wrong += check_sound(truth, cut, clip, report, indices)
    wrong += check_report(truth, cut, clip, report, indices)
    wrong += check_lead_in(truth, cut, path, report, indices)
    if report["bytes"] != path.stat().st_size:
        wrong.append(f"report says {report['bytes']} bytes, the file has {path.stat().st_size}")
    return wrong
