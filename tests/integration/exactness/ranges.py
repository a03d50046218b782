"""Which ranges of a source are cut: the awkward ones first, then random ones without end."""
from oracle import Range

MILLION = 1_000_000


def pauses(truth):
    """(begin, end) of each stretch of over a second in which nothing new is shown."""
    starts = truth.starts
    return [(a, b) for a, b in zip(starts, starts[1:]) if b - a > MILLION]


def random_span(truth, rng, longest=3.0):
    """Any two instants; one time in three they lie on frames, to the microsecond, or just beside them."""
    length = int(rng.uniform(0.05, longest) * MILLION)
    begin = rng.randrange(0, max(truth.end_us - length, 1))
    end = min(begin + length, truth.end_us)
    if rng.random() < 1 / 3:
        starts = truth.starts + [truth.end_us]
        first = min(range(len(starts) - 1), key=lambda i: abs(starts[i] - begin))
        last = max(min(range(len(starts)), key=lambda i: abs(starts[i] - end)), first + 1)
        begin = max(starts[first] + rng.choice((-1, 0, 0, 1)), 0)
        end = starts[last] + rng.choice((-1, 0, 0, 1))
    if not truth.surely_in(begin, end):
        return random_span(truth, rng, longest)
    return begin, end


def awkward(truth, rng):
    """The ranges that break cutters, in the order of how much they tell."""
    starts = truth.starts + [truth.end_us]
    count = len(starts) - 1
    one = rng.randrange(count // 4, count)
    if truth.kind.backward:  # one frame of an ambiguous time can't be asked for
        one = rng.randrange(3, count // 4)
    key = truth.keys[len(truth.keys) // 2]
    until = min(key + rng.randrange(5, 40), count)
    yield Range(starts[one], max(starts[one + 1], starts[one] + 1), label="one frame")
    yield Range(starts[key], max(starts[until], starts[key] + 1), label="from a key frame on")
    yield Range(0, starts[-1], label="the whole file")
    yield Range(max(starts[key] - 1, 0), starts[until] + 1, label="a microsecond more at both ends")
    yield Range(starts[count - 20], truth.end_us + 4 * MILLION, label="beyond the end")
    yield Range(starts[one], starts[one] + 1, label="one microsecond")
    yield Range(truth.end_us + MILLION, truth.end_us + 2 * MILLION, label="nothing there")
    for begin, end in pauses(truth)[:1]:
        middle = (begin + end) // 2
        yield Range(max(begin - MILLION, 0), middle, label="into a pause")
        yield Range(middle, end + MILLION, label="out of a pause")
        yield Range(max(begin - MILLION // 2, 0), end + MILLION // 2, label="across a pause")
        yield Range(middle - 200_000, middle + 200_000, label="within a pause")
    yield Range(-MILLION, starts[min(30, count)], label="before the start")


def others(truth, rng):
    """One random range for each other mode and container."""
    # Which key frame comes before a time that comes twice is anybody's guess.
    for mode in ("reencode",) if truth.kind.backward else ("reencode", "keyframe"):
        yield Range(*random_span(truth, rng, 1.5), mode=mode)
    for container in truth.kind.clips:
        yield Range(*random_span(truth, rng, 1.5), container=container)
    yield Range(*random_span(truth, rng, 1.5), mode="reencode", container=truth.kind.clips[-1])


def plan(truth, rng, count):
    """Random and awkward ranges in turn, then `count` random ones in exact mode."""
    listed = [Range(*random_span(truth, rng)) for _ in range(2)]
    fixed, more = list(awkward(truth, rng)), list(others(truth, rng))
    while fixed or more:
        listed += fixed[:1] + more[:1]
        fixed, more = fixed[1:], more[1:]
    listed += [Range(*random_span(truth, rng)) for _ in range(count)]
    return listed
