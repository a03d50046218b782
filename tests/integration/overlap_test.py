"""20 overlapping clips saved while packets come in at full speed: nothing dropped, each one exact.

    overlap_test.py OVERLAP-PROGRAM

The program pushes the street scene again and again, so frame k of its stream is frame k mod 240 of the
scene, shown at k tenths of a second. ffmpeg decodes every clip; hashes and times must be just those.
"""
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

STREET = os.path.join(os.environ["CLIPBUF_TEST_DATA"], "street.mp4")
FRAME_US = 100_000
CLIPS = 20


def frames(path):
    """[(time in microseconds, hash)] of the frames ffmpeg presents."""
    text = subprocess.run(
        ["ffmpeg", "-v", "error", "-threads", "1", "-i", path, "-map", "0:v", "-fps_mode", "passthrough",
         "-f", "framemd5", "-"], check=True, capture_output=True, text=True, timeout=120).stdout
    base = next(line for line in text.splitlines() if line.startswith("#tb 0:")).split()[-1]
    number, units = (int(part) for part in base.split("/"))
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
    return [(int(row[2]) * number * 1_000_000 / units, row[5].strip()) for row in rows]


def fault(report, scene):
    """Why the clip is not what its report and the request say; None when it is."""
    begin, end = report["requested"]["begin_us"], report["requested"]["end_us"]
    wanted = range(-(-begin // FRAME_US), -(-end // FRAME_US))
    if not report["complete"] or report["gaps"]:
        return f"not complete: {report}"
    if report["frames"] != len(wanted) or report["reencoded_frames"] != 0:
        return f"{report['frames']} frames, {report['reencoded_frames']} re-encoded, wanted {len(wanted)}, 0"
    got = frames(report["path"])
    if [hash for _, hash in got] != [scene[k % len(scene)] for k in wanted]:
        return f"other frames than {wanted}: {len(got)} of them"
    steps = [round(b[0] - a[0]) for a, b in zip(got, got[1:])]
    return None if set(steps) <= {FRAME_US} else f"spacing {sorted(set(steps))} us"


def main():
    scene = [hash for _, hash in frames(STREET)]
    assert len(scene) == 240, len(scene)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([sys.argv[1], STREET, folder], capture_output=True, text=True, timeout=150)
        print(run.stderr.strip())
        if run.returncode != 0:
            sys.exit(f"overlap ended with {run.returncode}")
        reports = [json.loads(line) for line in run.stdout.splitlines()]
        with ThreadPoolExecutor(2) as pool:
            faults = list(pool.map(lambda report: fault(report, scene), reports))
    for number, why in enumerate(faults):
        if why:
            print(f"clip {number}: {why}")
    total = sum(report["frames"] for report in reports)
    print(f"{faults.count(None)} of {len(faults)} clips exact, {total} frames compared")
    sys.exit(0 if len(faults) == CLIPS and not any(faults) else 1)


if __name__ == "__main__":
    main()
