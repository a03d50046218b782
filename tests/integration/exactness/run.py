"""The exactness matrix: cuts ranges of every media kind with the command line and judges each clip.

    CLIPBUF_BIN=build/release/bin/clipbuf run.py [--seconds N] [--ranges K] [--kinds WORD ...]
                                                 [--seed S] [--campaign] [--keep DIR]

Ends with `N passed, N failed`; exit code 1 if any failed, 77 if there is nothing to run it with.
"""
import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kinds
import media
import oracle
import players
import ranges
import truth

WORKERS = 2
CUT_TIMEOUT_S = 60
USAGE = 2
NOTHING_IN_RANGE = 3
SKIP = 77
SECOND_OPINIONS = 5  # the first ranges of each kind are shown to GStreamer, too
ENDINGS = {"fmp4": "mp4"}
EMPTY = ("nothing there", "within a pause")


def time_option(name, us):
    sign, us = ("-", -us) if us < 0 else ("", us)
    return f"--{name}={sign}{us // 1_000_000}.{us % 1_000_000:06d}s"


def cut_command(binary, path, cut, out):
    return [binary, "cut", str(path), time_option("from", cut.begin_us), time_option("to", cut.end_us),
            "-o", str(out), "--mode", cut.mode, "--container", cut.container, "--json"]


def check_refused(done, out, code):
    """What can't be cut: the exit code that says why, one clear line, no file."""
    wrong = []
    if done.returncode != code:
        wrong.append(f"exit code {done.returncode}, {code} due")
    if len(done.stderr.strip().splitlines()) != 1:
        wrong.append(f"one line on stderr due, got {done.stderr.strip()!r}")
    if out.exists():
        wrong.append("left a file")
    return wrong


def try_range(options, source, cut, folder, ask_again):
    """Cuts one range and judges it, with a second opinion if `ask_again`: all that is wrong."""
    out = folder / f"{source.kind.name}.{ENDINGS.get(cut.container, cut.container)}"
    out.unlink(missing_ok=True)
    command = cut_command(options.binary, source.path, cut, out)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CUT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return [f"not done after {CUT_TIMEOUT_S} s"]
    if cut.label in EMPTY:
        return check_refused(done, out, NOTHING_IN_RANGE)
    if cut.begin_us < 0:
        return check_refused(done, out, USAGE)
    if done.returncode != 0:
        return [f"exit code {done.returncode}: {done.stderr.strip()}"]
    try:
        report = json.loads(done.stdout)
        wrong = oracle.judge(source, cut, out, report)
        if not wrong and ask_again and options.gstreamer.can_judge(source, cut, report):
            wrong = options.gstreamer.judge(source, cut, out)
        return wrong
    except (ValueError, KeyError) as error:
        return [f"report: {error!r} in {done.stdout[:300]!r}"]


class Results:
    def __init__(self):
        self.lock = threading.Lock()
        self.passed, self.failed = defaultdict(int), defaultdict(list)

    def note(self, kind, cut, wrong):
        with self.lock:
            if wrong:
                self.failed[kind.file].append((cut, wrong))
                print(f"FAILED {kind.file}: {cut}: {'; '.join(wrong)}", flush=True)
            else:
                self.passed[kind.file] += 1

    def totals(self):
        return sum(self.passed.values()), sum(map(len, self.failed.values()))


def one_kind(options, kind, results, deadline, number):
    """All ranges of one kind, until they are done or its time is up."""
    try:
        source = truth.of(kind, options.cache)
    except Exception as error:  # a kind that can't be made or decoded must show, not end the run
        results.note(kind, "its source", [repr(error)])
        return
    rng = random.Random(f"{options.seed} {kind.file} {number}")
    for count, cut in enumerate(ranges.plan(source, rng, options.ranges)):
        if time.monotonic() > deadline and count >= options.least:
            return
        with tempfile.TemporaryDirectory(prefix="clipbuf-cut-") as name:
            try:
                wrong = try_range(options, source, cut, Path(name), count < SECOND_OPINIONS)
                if len(list(Path(name).iterdir())) > 1:
                    wrong.append(f"left {sorted(p.name for p in Path(name).iterdir())}")
            except Exception as error:
                wrong = [repr(error)]
            if wrong and options.keep:
                keep_evidence(options.keep, Path(name))
        results.note(kind, cut, wrong)


def keep_evidence(folder, clips):
    folder.mkdir(parents=True, exist_ok=True)
    for clip in clips.iterdir():
        shutil.copy(clip, folder / f"{time.monotonic_ns()}_{clip.name}")


def run_all(options, chosen, results):
    """Shares the time out evenly: each kind may run until its share is used up."""
    started = time.monotonic()
    finish = started + options.seconds
    for number in itertools.count():
        waiting = len(chosen)
        with ThreadPoolExecutor(WORKERS) as pool:
            tasks = []
            for position, kind in enumerate(chosen):
                share = options.seconds * (position + 1) / waiting
                deadline = finish if options.campaign else started + share
                tasks.append(pool.submit(one_kind, options, kind, results, deadline, number))
            for task in tasks:
                task.result()
        if not options.campaign or time.monotonic() >= finish:
            return


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, help="stop after so long (default 200; campaign 3600)")
    parser.add_argument("--ranges", type=int, default=3, help="random ranges of a kind, besides the awkward ones")
    parser.add_argument("--kinds", nargs="*", default=[], help="only files whose name holds one of these words")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--campaign", action="store_true", help="new random ranges, round after round, until --seconds")
    parser.add_argument("--least", type=int, default=6, help="ranges of a kind that are cut however late it is")
    parser.add_argument("--cache", type=Path, default=media.default_cache())
    parser.add_argument("--keep", type=Path, help="a folder for clips that failed")
    options = parser.parse_args()
    options.seconds = options.seconds or (3600 if options.campaign else 200)
    if options.campaign:
        options.ranges = max(options.ranges, 20)
    options.gstreamer = players.Gstreamer()
    options.binary = os.environ.get("CLIPBUF_BIN", "")
    return options


def missing(options):
    for tool in ("ffmpeg", "ffprobe"):
        if not shutil.which(tool):
            return f"no {tool}"
    if not options.binary or not os.access(options.binary, os.X_OK):
        return f"CLIPBUF_BIN is {options.binary!r}, not an executable"
    return ""


def main():
    options = arguments()
    reason = missing(options)
    if reason:
        print(f"skipped: {reason}")
        return SKIP
    chosen = [k for k in kinds.KINDS if not options.kinds or any(w in k.file for w in options.kinds)]
    results = Results()
    started = time.monotonic()
    run_all(options, chosen, results)
    for kind in chosen:
        bad = len(results.failed[kind.file])
        print(f"{kind.file:28} {results.passed[kind.file]:4} passed{f', {bad} FAILED' if bad else ''}")
    passed, failed = results.totals()
    print(f"{len(chosen)} kinds, {passed + failed} ranges in {time.monotonic() - started:.0f} s, "
          f"{options.gstreamer.opinions} also shown to GStreamer")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
