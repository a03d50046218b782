#!/usr/bin/python3
"""A real RTSP server, recorded: loss and return of the source, B-frames, sound, UDP, passwords.

    CLIPBUF_BIN=build/release/bin/clipbuf rtsp_test.py [WORD ...]
"""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import children

UNAVAILABLE = 4
FPS = 25
USER = "viewer"


def probe(path):
    """Streams, and the time and type of each presented video frame, as ffprobe sees them."""
    done = subprocess.run(["ffprobe", "-v", "warning", "-of", "json", "-show_streams", "-show_entries",
                           "frame=media_type,pts_time,pict_type,nb_samples", str(path)],
                          capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    frames = [f for f in found["frames"] if f["media_type"] == "video"]
    sound = sum(int(f["nb_samples"]) for f in found["frames"] if f["media_type"] == "audio")
    return found["streams"], frames, sound, done.stderr.strip()


def record(binary, port, folder, *more, user=""):
    return children.Child([binary, "record", f"rtsp://{user}127.0.0.1:{port}/live", "--out", folder, "--json",
                           "-O", "reconnect_delay=300ms", "-O", "reconnect_delay_max=1s",
                           "-O", "open_timeout=4s", "-O", "read_timeout=4s", *more], 60)


def clip_report(child):
    """(the last clip's report, what is wrong)."""
    if child.code != 0:
        return None, [f"exit code {child.code}: {child.err.strip()[-300:]!r}"]
    clips = [d for d in child.documents() if d.get("event") == "clip"]
    return (clips[-1], []) if clips else (None, ["no clip was reported"])


def check_frames(report, frames, complaints):
    wrong = []
    if report["frames"] != len(frames):
        wrong.append(f"report says {report['frames']} frames, the file has {len(frames)}")
    times = [float(f["pts_time"]) for f in frames]
    if any(b <= a for a, b in zip(times, times[1:])):
        wrong.append("frame times do not rise")
    if complaints:
        wrong.append(f"the decoder complains: {complaints[:200]!r}")
    return wrong


def check_password(child, folder):
    places = children.shows(children.CANARY, child, folder)
    return [f"the password appears in {' '.join(places)}"] if places else []


def loss_case(binary, folder):
    """The server is killed in the middle and comes back: the clip spans the gap and tells of it."""
    port = children.free_port()
    login = ["--port", port, "--user", USER, "--password", children.CANARY]
    server, _ = children.start_server("rtsp_server.py", *login)
    child = record(binary, port, folder, "--for", "15s", "--last", "13s", user=f"{USER}:{children.CANARY}@")
    try:
        time.sleep(6)
        children.stop_server(server)
        time.sleep(2)
        server, _ = children.start_server("rtsp_server.py", *login)
        child.wait()
    finally:
        children.stop_server(server)
    wrong = check_password(child, folder)
    report, missing = clip_report(child)
    if missing:
        return wrong + missing
    streams, frames, _, complaints = probe(report["path"])
    wrong += check_frames(report, frames, complaints)
    lost = [g for g in report["gaps"] if g["reason"] == "source_lost"]
    length = sum(g["end_us"] - g["begin_us"] for g in lost) / 1e6
    if not lost or not 1.5 <= length <= 7:
        wrong.append(f"a source_lost gap of about 3 s due, got {report['gaps']}")
    if report["complete"]:
        wrong.append("report says complete")
    times = [float(f["pts_time"]) for f in frames]
    pause = max(b - a for a, b in zip(times, times[1:]))
    if abs(pause - length) > 0.3:
        wrong.append(f"the longest pause in the file is {pause:.2f} s, the gap told of {length:.2f} s")
    if times[-1] - times[0] < 8:
        wrong.append(f"the clip is {times[-1] - times[0]:.1f} s long: it does not span the gap")
    if {s["codec_type"] for s in streams} != {"video", "audio"}:
        wrong.append("the clip has no sound")
    states = [d["state"] for d in child.documents() if d.get("event") == "state"]
    if "reconnecting" not in states:
        wrong.append(f"no reconnecting state among {states}")
    return wrong


def steady_case(binary, folder, b_frames, transport, length=4):
    """An undisturbed recording: every frame, evenly, with its sound."""
    port = children.free_port()
    server, _ = children.start_server("rtsp_server.py", "--port", port, "--b-frames", b_frames, "--fps", FPS)
    try:
        child = record(binary, port, folder, "--for", f"{length + 3}s", "--last", f"{length}s",
                       "-O", f"rtsp_transport={transport}").wait()
    finally:
        children.stop_server(server)
    report, wrong = clip_report(child)
    if wrong:
        return wrong
    _, frames, sound, complaints = probe(report["path"])
    wrong = check_frames(report, frames, complaints)
    seconds = (report["delivered"]["end_us"] - report["delivered"]["begin_us"]) / 1e6
    if not length - 1 <= seconds <= length + 0.1:
        wrong.append(f"{seconds:.2f} s delivered, about {length} asked for")
    if abs(len(frames) - seconds * FPS) > 2:
        wrong.append(f"{len(frames)} frames in {seconds:.2f} s, {seconds * FPS:.0f} due")
    times = [float(f["pts_time"]) for f in frames]
    uneven = [b - a for a, b in zip(times, times[1:]) if abs(b - a - 1 / FPS) > 0.005]
    if uneven:
        wrong.append(f"{len(uneven)} frames are not {1000 // FPS} ms after the one before, one {uneven[0]:.4f} s")
    if bool(b_frames) != any(f["pict_type"] == "B" for f in frames):
        wrong.append(f"pictures {''.join(f['pict_type'] for f in frames)[:40]}, {b_frames} B-frames due")
    if abs(sound / 48000 - seconds) > 0.3:
        wrong.append(f"{sound / 48000:.2f} s of sound, {seconds:.2f} s of pictures")
    if report["reencoded_frames"]:
        wrong.append(f"{report['reencoded_frames']} frames re-encoded")
    return wrong


def refused_case(binary, folder):
    """A wrong password: exit code 4 at once, one clear line, and the password not in it."""
    port = children.free_port()
    server, _ = children.start_server("rtsp_server.py", "--port", port, "--user", USER, "--password", "right")
    try:
        child = record(binary, port, folder, "--for", "5s", "-O", "reconnect=false",
                       user=f"{USER}:{children.CANARY}@").wait()
    finally:
        children.stop_server(server)
    wrong = check_password(child, folder)
    if child.code != UNAVAILABLE:
        wrong.append(f"exit code {child.code}, {UNAVAILABLE} due")
    if len(child.err.strip().splitlines()) != 1:
        wrong.append(f"one line on stderr due, got {child.err.strip()[:300]!r}")
    return wrong


CASES = [
    ("source lost and back", loss_case, ()),
    ("steady tcp", steady_case, (0, "tcp")),
    ("steady udp", steady_case, (0, "udp")),
    ("steady tcp with B-frames", steady_case, (2, "tcp")),
    ("wrong password", refused_case, ()),
]


def main():
    binary = children.clipbuf_binary()
    children.need("ffprobe")
    score = children.Score()
    for name, case, arguments in CASES:
        if not all(word in name for word in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory(prefix="clipbuf-rtsp-") as folder:
            try:
                wrong = case(binary, folder, *arguments)
            except Exception as error:  # a broken case is a failure, and the others still run
                wrong = [repr(error)]
        score.check(name, wrong)
    return score.close()


if __name__ == "__main__":
    sys.exit(main())
