"""Which source frame is this? By hash where the coded frame was copied, by likeness where it was re-encoded."""
import math
import operator
from fractions import Fraction

PSNR_LIMIT_DB = 26.0
# Full range taken for limited, or the other way round, changes contrast by 16 %.
CONTRAST_LIMIT = 0.06
BRIGHTNESS_LIMIT = 4.0
LOOK_AROUND = 12


def psnr(a, b):
    """Peak signal to noise ratio of two thumbs, in dB; 99 when they are equal."""
    difference = list(map(operator.sub, a, b))
    error = sum(map(operator.mul, difference, difference))
    return 99.0 if error == 0 else 10 * math.log10(255 * 255 * len(a) / error)


def most_like(truth, thumb, near):
    """The source frame near `near` that is most like `thumb`."""
    first, last = max(near - LOOK_AROUND, 0), min(near + LOOK_AROUND + 1, len(truth.hashes))
    return max(range(first, last), key=lambda i: psnr(truth.thumb(i), thumb))


def spans(indices):
    """[3, 4, 5, 9] as '3..5 9'."""
    parts, begin = [], None
    for position, index in enumerate(indices):
        begin = index if begin is None else begin
        if position + 1 == len(indices) or indices[position + 1] != index + 1:
            parts.append(str(begin) if begin == index else f"{begin}..{index}")
            begin = None
    return " ".join(parts) or "none"


def describe(indices):
    strange = indices.count(-1)
    return spans([i for i in indices if i >= 0]) + (f" and {strange} unlike any" if strange else "")


def identify(truth, clip, expected):
    """The source index of each clip frame; -1 where none is like it."""
    by_hash = {h: i for i, h in enumerate(truth.hashes)}
    found = []
    for position, value in enumerate(clip.hashes):
        near = expected[min(position, len(expected) - 1)] if expected else 0
        if value in by_hash:
            found.append(by_hash[value])
            continue
        index = most_like(truth, clip.thumb(position), near)
        found.append(index if psnr(truth.thumb(index), clip.thumb(position)) >= PSNR_LIMIT_DB else -1)
    return found


def changed_frames(truth, clip, indices):
    """Positions in the clip whose picture is not bit-identical to the source's."""
    return [p for p, i in enumerate(indices) if clip.hashes[p] != truth.hashes[i]]


def check_levels(truth, clip, index, position):
    """Black must stay black, and white white: the straight line through the luma of source and clip."""
    count = len(truth.thumb(index)) * 2 // 3
    source, coded = truth.thumb(index)[:count], clip.thumb(position)[:count]
    mean_source, mean_coded = sum(source) / count, sum(coded) / count
    spread = sum(v * v for v in source) / count - mean_source ** 2
    joint = sum(map(operator.mul, source, coded)) / count - mean_source * mean_coded
    wrong = []
    if spread > 0 and abs(joint / spread - 1) > CONTRAST_LIMIT:
        wrong.append(f"frame {index}: contrast {joint / spread:.2f} of the source's")
    if abs(mean_coded - mean_source) > BRIGHTNESS_LIMIT:
        wrong.append(f"frame {index}: {mean_coded - mean_source:+.1f} levels brighter than the source")
    return wrong


def check_likeness(truth, clip, indices, positions):
    """Re-encoded frames must be like the right source frame, and less like its neighbours."""
    if positions:
        wrong = check_levels(truth, clip, indices[positions[0]], positions[0])
        if wrong:
            return wrong
    for position in positions:
        index, thumb = indices[position], clip.thumb(position)
        right = psnr(truth.thumb(index), thumb)
        if right < PSNR_LIMIT_DB:
            return [f"frame {index}: PSNR {right:.1f} dB, at least {PSNR_LIMIT_DB} due"]
        for other in (index - 1, index + 1):
            if 0 <= other < len(truth.hashes) and psnr(truth.thumb(other), thumb) >= right:
                return [f"frame {index} was expected, but it is more like frame {other}"]
    return []


def tolerance(source_tick, clip_tick):
    """0 where the clip's clock can say what the source's says, else a tick of the coarser one."""
    if (source_tick / clip_tick).denominator == 1:
        return Fraction(0)
    return max(source_tick, clip_tick)


def check_spacing(source, clip, indices, backward):
    """Times relative to the first frame must be those of the source. Two frames that the source puts at one
    instant may lie a tick apart; where its clock runs backward only steps forward can be compared."""
    allowed = tolerance(source.tick, clip.tick)
    tick = max(source.tick, clip.tick)
    twins = {i for i in range(1, len(source.times)) if source.times[i] == source.times[i - 1]}
    anchor = 0
    for position in range(1, len(indices)):
        index, before = indices[position], indices[position - 1]
        if backward and source.times[index] <= source.times[before]:
            anchor = position
            continue
        due = source.times[index] - source.times[indices[anchor]]
        got = clip.times[position] - clip.times[anchor]
        slack = max(allowed, tick) if twins.intersection((index, index + 1, indices[anchor])) else allowed
        if abs(got - due) > slack:
            return [f"frame {index} lies {float(got):.6f} s after frame {indices[anchor]}, {float(due):.6f} due"]
        if clip.times[position] < clip.times[position - 1]:
            return [f"frame {index} lies before frame {before}"]
    return []
