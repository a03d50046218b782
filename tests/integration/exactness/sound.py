"""Is the sound of a clip the source's sound, at the right time, from the right begin to the right end?"""
import operator
from fractions import Fraction

SYNC_LIMIT_S = 0.001
SEARCH_S = 0.008          # farther off than this, sound does not count as found at all
PROBE_SAMPLES = 512
MATCH_LIMIT = 0.7         # normalised correlation; copied sound has 1, AAC made of G.711 still over 0.9
EDGE_SLACK_S = 0.002


def dot(a, b):
    return sum(map(operator.mul, a, b))


def window(sound, first, count):
    """`count` samples from `first`, as integers; None where the sound does not reach."""
    if first < 0 or first + count > sound.samples:
        return None
    return memoryview(sound.pcm)[2 * first:2 * (first + count)].cast("h")


def best_lag(source, expected, probe):
    """(lag, match): by how many samples `probe` lies after `expected` in the source, and how well it fits."""
    reach = int(SEARCH_S * source.rate)
    first = max(expected - reach, 0)
    last = min(expected + reach, source.samples - len(probe))
    if last < first:
        return 0, None
    exact = source.pcm.find(bytes(probe), 2 * first, 2 * (last + len(probe)))
    if exact >= 0 and exact % 2 == 0:
        return exact // 2 - expected, 1.0
    energy = dot(probe, probe)
    best = (0, -1.0)
    for at in range(first, last + 1):
        piece = window(source, at, len(probe))
        fit = dot(piece, probe) / max((energy * dot(piece, piece)) ** 0.5, 1.0)
        if fit > best[1]:
            best = (at - expected, fit)
    return best


def probe_positions(clip, to_source_time, begin, end):
    """Sample numbers to look at: the very start, a third, two thirds, and the end of what is in range (a coder
    pads beyond it)."""
    shift = to_source_time(0)
    first = max(clip.sample_at(begin - shift), 0)
    room = min(clip.sample_at(end - shift), clip.samples) - PROBE_SAMPLES - first
    return sorted({first, first + room // 3, first + 2 * room // 3, first + room}) if room >= 0 else []


def sync_limit(*ticks):
    """A file whose times are rounded to milliseconds can itself say no better than to half of one where a
    sound lies."""
    return SYNC_LIMIT_S + sum(0.0005 for tick in ticks if tick == Fraction(1, 1000))


def check_content(name, source, clip, to_source_time, begin, end, limit):
    """Each probe of the clip's sound must be in the source where its time says."""
    wrong = []
    for at in probe_positions(clip, to_source_time, begin, end):
        expected = source.sample_at(to_source_time(clip.time_of(at)))
        probe = window(clip, at, PROBE_SAMPLES)
        if expected < 0 or expected + PROBE_SAMPLES > source.samples:
            continue  # padding of the coder, before or after the source's sound
        lag, match = best_lag(source, expected, probe)
        if match is None:
            continue
        if match < MATCH_LIMIT:
            wrong.append(f"{name}: at sample {at} the sound is not the source's (match {match:.2f})")
        elif abs(lag) > limit * source.rate:
            wrong.append(f"{name}: at sample {at} out of sync by {-1000 * lag / source.rate:+.2f} ms")
    return wrong


def check_holes(name, clip, limit):
    for before, time in enumerate(clip.times[1:]):
        hole = time - clip.times[before] - Fraction(clip.starts[before + 1] - clip.starts[before], clip.rate)
        if abs(hole) > limit:
            return [f"{name}: a hole of {float(hole) * 1000:.2f} ms in the clip's sound"]
    return []


def edge_slack(*sounds):
    """How far off the begin and end of a cut may be: one audio frame."""
    return max(Fraction(s.frame, s.rate) for s in sounds) + Fraction(EDGE_SLACK_S)


def check_edges(name, source, clip, to_source_time, begin, end):
    """Cut to the sample, or at most one audio frame more or less at each side."""
    reach_begin = max(begin, source.times[0])
    reach_end = min(end, source.time_of(source.samples))
    slack = edge_slack(source, clip)
    allowed = f"(allowed {float(slack) * 1000:.1f})"
    wrong = []
    if clip.samples == 0:
        if reach_end - reach_begin > slack:
            wrong.append(f"{name}: no sound, {float(reach_end - reach_begin):.3f} s due")
        return wrong
    if reach_end <= reach_begin:
        return wrong
    first, last = to_source_time(clip.times[0]), to_source_time(clip.time_of(clip.samples))
    if abs(first - reach_begin) > slack:
        wrong.append(f"{name}: begins {float(first - reach_begin) * 1000:+.2f} ms off {allowed}")
    if abs(last - reach_end) > slack:
        wrong.append(f"{name}: ends {float(last - reach_end) * 1000:+.2f} ms off {allowed}")
    return wrong


def check(source_file, clip_file, to_source_time, begin, end):
    """All that is wrong with the clip's sounds. `to_source_time` maps the clip's clock to the source's; `begin`
    and `end` are the range on the source's clock."""
    source_sounds, clip_sounds = source_file.sounds, clip_file.sounds
    limit = sync_limit(source_file.tick, clip_file.tick)
    due = [n for n, s in enumerate(source_sounds)
           if s.samples and min(end, s.time_of(s.samples)) - max(begin, s.times[0]) > edge_slack(s)]
    if len(clip_sounds) < len(due):
        return [f"{len(clip_sounds)} sound tracks, {len(due)} due"]
    if len(clip_sounds) > len(source_sounds):
        return [f"{len(clip_sounds)} sound tracks, the source has {len(source_sounds)}"]
    wrong = []
    numbers = range(len(source_sounds)) if len(clip_sounds) == len(source_sounds) else due
    for clip, number in zip(clip_sounds, numbers):
        source, name = source_sounds[number], f"sound {number}"
        wrong += check_edges(name, source, clip, to_source_time, begin, end)
        if clip.samples:
            wrong += check_holes(name, clip, limit)
            wrong += check_content(name, source, clip, to_source_time, begin, end, limit)
    return wrong
