"""The truth about a source file: decoded once, kept beside it."""
import hashlib
import pickle
from dataclasses import dataclass
from fractions import Fraction

import decode
import media


@dataclass
class Truth:
    """A source as presented. `micros[i]` lists the times frame i may be said to have: one, unless the
    file's clock runs backward, where the stored time, the held time and the carried-on time all count."""
    kind: object
    path: object
    decoded: decode.Decoded
    keys: list
    micros: list
    end_us: int

    @property
    def starts(self):
        """One time for each frame: the earliest it may have."""
        return [min(times) for times in self.micros]

    def surely_in(self, begin, end):
        return [i for i, times in enumerate(self.micros) if all(begin <= t < end for t in times)]

    def possibly_in(self, begin, end):
        return [i for i, times in enumerate(self.micros) if any(begin <= t < end for t in times)]


def nominal_times(kind, count):
    """A file without presentation times: its frames in presentation order, at the nominal rate.

    ffmpeg's own guess for such files is the same grid, with an offset that depends on the decoder's delay.
    """
    step = 1 / Fraction(kind.rate)
    return [i * step for i in range(count)]


def admissible(times):
    """For each time (seconds from the first): the microseconds a reader may honestly give it."""
    result, held, carried, shift = [], 0, 0, 0
    previous, step = None, 0
    for time in times:
        us = round(time * 1_000_000)
        if previous is not None and us < previous:
            shift = carried + step - us
        elif previous is not None:
            step = us - previous
        held = max(held, us)
        carried = us + shift
        previous = us
        result.append(sorted({us, held, carried}))
    return result


def measure(kind, path):
    found = decode.decode(path)
    frames = decode.presented_frames(path)
    if len(frames) != len(found.hashes):
        raise decode.DecodeError(f"{path.name}: ffprobe shows {len(frames)} frames, ffmpeg {len(found.hashes)}")
    if len(set(found.hashes)) != len(found.hashes):
        raise decode.DecodeError(f"{path.name}: two frames look the same; the hashes can't tell them apart")
    found.times = [t for t, _ in frames] if kind.timed else nominal_times(kind, len(frames))
    if not kind.timed:
        found.tick = Fraction(1, 1_000_000)
    zero = found.times[0]
    if kind.backward:
        micros = admissible([t - zero for t in found.times])
    else:
        micros = [[us] for us in found.micros]
    last = max(micros[-1])
    end = last + max(last - max(micros[-2]), 1000)
    return Truth(kind, path, found, [i for i, (_, key) in enumerate(frames) if key], micros, end)


def of(kind, cache):
    """The truth about the file of `kind`, which is made if need be."""
    with media.locked(kind, cache):
        return of_locked(kind, cache)


def of_locked(kind, cache):
    path = media.make_locked(kind, cache)
    kept = cache / (kind.file + ".truth")
    stamp = (media.fingerprint(kind), path.stat().st_mtime_ns, code_stamp())
    if kept.exists():
        old_stamp, truth = pickle.loads(kept.read_bytes())
        if old_stamp == stamp:
            return truth
    truth = measure(kind, path)
    kept.write_bytes(pickle.dumps((stamp, truth)))
    return truth


def code_stamp():
    """Changes with the code that decodes and judges times, so that no stale truth is used."""
    return tuple(hash_of(module) for module in (decode.__file__, __file__))


def hash_of(name):
    with open(name, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
