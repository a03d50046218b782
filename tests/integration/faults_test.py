#!/usr/bin/python3
"""Sources that misbehave: whatever the server does, the command line ends in time, says so in one
clear line, holds little memory, opens nothing it was not told to, and shows no password.

    CLIPBUF_BIN=build/release/bin/clipbuf faults_test.py [WORD ...]
"""
import json
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
sys.path.insert(0, str(Path(__file__).parent / "exactness"))
import children
import kinds
import media

UNAVAILABLE = 4
INTERRUPTED = 130
DEADLINE_S = 2
SLACK_S = 1.5            # start of the process, end of its threads, a busy machine
RSS_LIMIT_MB = 150
# What a good start looks like to the client: it may find the source fine, and lose it later.
STARTS_WELL = {("http", "stall"), ("rtsp", "stall")}
WORKERS = 3


def deadlines():
    return ["-O", f"open_timeout={DEADLINE_S}s", "-O", f"read_timeout={DEADLINE_S}s"]


def url_of(scheme, port):
    return f"{scheme}://viewer:{children.CANARY}@127.0.0.1:{port}/camera.mp4"


def check_end(child, folder, codes, limit):
    """What every case has in common."""
    wrong = []
    if child.killed or child.seconds > limit:
        wrong.append(f"took {child.seconds:.1f} s, {limit:.1f} allowed")
    if child.code not in codes:
        wrong.append(f"exit code {child.code}, {' or '.join(map(str, codes))} due")
    # What `record` says of its states goes to stderr, too.
    lines = [line for line in child.err.splitlines() if line.startswith("clipbuf:")]
    if child.code and len(lines) != 1:
        wrong.append(f"one line of error on stderr due, got {len(lines)}: {child.err.strip()[:300]!r}")
    if child.rss_mb > RSS_LIMIT_MB:
        wrong.append(f"held {child.rss_mb:.0f} MB, {RSS_LIMIT_MB} allowed")
    for word in (children.CANARY, "root:"):
        places = children.shows(word, child, folder)
        if places:
            wrong.append(f"{word!r} appears in {' '.join(places)}")
    return wrong


def probe_case(binary, scheme, mode, port):
    codes = (0, UNAVAILABLE) if (scheme, mode) in STARTS_WELL else (UNAVAILABLE,)
    with tempfile.TemporaryDirectory(prefix="clipbuf-faults-") as folder:
        command = [binary, "probe", url_of(scheme, port), "--json", *deadlines()]
        child = children.Child(command, 20).wait()
        return check_end(child, folder, codes, DEADLINE_S + SLACK_S)


def record_case(binary, scheme, mode, port):
    """The same through a camera that does not try again: the end of the source ends the program."""
    limit = (2 if (scheme, mode) in STARTS_WELL else 1) * DEADLINE_S + SLACK_S
    with tempfile.TemporaryDirectory(prefix="clipbuf-faults-") as folder:
        command = [binary, "record", url_of(scheme, port), "--json", "--for", "15s", "--out", folder,
                   "-O", "reconnect=false", *deadlines()]
        child = children.Child(command, 30).wait()
        wrong = check_end(child, folder, (UNAVAILABLE,), limit)
        left = [path.name for path in Path(folder).iterdir()]
        return wrong + ([f"left {' '.join(left)}"] if left else [])


def interrupt_case(binary, scheme, mode, port):
    """Ctrl-C while the source is being opened, long before any deadline."""
    with tempfile.TemporaryDirectory(prefix="clipbuf-faults-") as folder:
        command = [binary, "record", url_of(scheme, port), "--out", folder, "--json",
                   "-O", "open_timeout=30s", "-O", "read_timeout=30s"]
        child = children.Child(command, 20)
        time.sleep(1)
        sent = time.monotonic()
        child.signal(signal.SIGINT)
        child.wait()
        took = time.monotonic() - sent
        wrong = [] if took <= 1 + 0.5 else [f"took {took:.2f} s to end after SIGINT"]
        if child.code != INTERRUPTED:
            wrong.append(f"exit code {child.code}, {INTERRUPTED} due")
        return wrong


def give_up_case(binary, scheme, mode, port):
    """A camera that reconnects: --for ends it, trying or not, and it says what it failed at."""
    with tempfile.TemporaryDirectory(prefix="clipbuf-faults-") as folder:
        command = [binary, "record", url_of(scheme, port), "--json", "--for", "4s", "--out", folder,
                   "-O", "reconnect_delay=200ms", *deadlines()]
        child = children.Child(command, 30).wait()
        wrong = [] if child.seconds <= 4 + DEADLINE_S + SLACK_S else [f"took {child.seconds:.1f} s"]
        places = children.shows(children.CANARY, child, folder)
        return wrong + ([f"the password appears in {' '.join(places)}"] if places else [])


def local_case(binary, text, ending):
    """A local file that is a playlist under another name must not open other files."""
    with tempfile.TemporaryDirectory(prefix="clipbuf-faults-") as name:
        folder = Path(name)
        evil = folder / f"evil{ending}"
        evil.write_text(text)
        out = folder / "out.mp4"
        child = children.Child([binary, "cut", evil, "--from", "0s", "--to", "1s", "-o", out], 20).wait()
        evil.unlink()
        wrong = check_end(child, folder, (1, UNAVAILABLE), DEADLINE_S + SLACK_S)
        return wrong + (["wrote a clip of another file"] if out.exists() else [])


def cases(binary, ports, bait):
    """(name, function, arguments) of every case."""
    for mode, port in ports.items():
        for scheme in ("http", "rtsp"):
            for case in (probe_case, record_case):
                yield f"{case.__name__[:-5]} {scheme} {mode}", case, (binary, scheme, mode, port)
    for scheme in ("http", "rtsp"):
        for mode in ("silent", "drip", "stall"):
            yield f"interrupt {scheme} {mode}", interrupt_case, (binary, scheme, mode, ports[mode])
        yield f"give up {scheme} close", give_up_case, (binary, scheme, "close", ports["close"])
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{bait}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile '{bait}'\nfile '/etc/passwd'\n"
    for ending in (".mp4", ".mkv", ".ts", ".m3u8", ".ffconcat", ".txt"):
        yield f"local playlist{ending}", local_case, (binary, hls, ending)
        yield f"local concat{ending}", local_case, (binary, concat, ending)


def main():
    binary = children.clipbuf_binary()
    children.need("ffmpeg")
    words = sys.argv[1:]
    bait = media.make(next(k for k in kinds.KINDS if k.file == "h264_pyramid.ts"), media.default_cache())
    server, line = children.start_server("bad_server.py", "--seconds", 280, "--file", bait, "--bait", bait)
    score = children.Score()

    def run(case):
        name, function, arguments = case
        try:
            score.check(name, function(*arguments))
        except Exception as error:  # a broken case is a failure, and the others still run
            score.check(name, [repr(error)])

    try:
        chosen = [c for c in cases(binary, json.loads(line), bait) if all(w in c[0] for w in words)]
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(run, chosen))
    finally:
        children.stop_server(server)
    return score.close()


if __name__ == "__main__":
    sys.exit(main())
