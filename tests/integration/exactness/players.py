"""A second opinion: does GStreamer, which shares no demuxer with ffmpeg, show the same frames?

Asked about copied H.264, HEVC, VP9 and AV1 in 8 bit 4:2:0, in files with edit lists; what it makes of
MPEG-4 part 2 behind an edit list is its own (it drops every other frame), so that is not asked. Neither are
files where its MP4 demuxer (1.22) ends too early: it takes the end of the edit, less the time that the edit
hides, for a time of the media, and stops at the first key frame after that. ffmpeg's own cuts fare the same.
"""
import json
import subprocess
from pathlib import Path

import picture

ASKED = ("h264", "hevc", "vp9", "av1")
SKIP = 77
TIMEOUT_S = 60


def ends_early(path):
    """Whether a key frame is decoded, counted from the first one, later than the movie is long."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries",
                            "format=duration:packet=dts_time,flags", str(path)], capture_output=True, text=True)
    found = json.loads(probe.stdout)
    packets = [p for p in found["packets"] if "dts_time" in p]
    first, length = float(packets[0]["dts_time"]), float(found["format"]["duration"])
    return any("K" in p["flags"] and float(n["dts_time"]) - first >= length - 0.2
               for p, n in zip(packets, packets[1:] + packets[-1:]))


class Gstreamer:
    """Remembers whether it is there at all."""

    def __init__(self):
        self.there = True
        self.opinions = 0

    def can_judge(self, truth, cut, report, path):
        return (self.there and not ends_early(path) and truth.decoded.codec in ASKED and truth.kind.pixels == "yuv420p"
                and cut.container in ("mp4", "mov") and cut.mode == "exact" and not truth.kind.backward
                and truth.kind.timed and report.get("reencoded_frames") == 0)

    def judge(self, truth, cut, path):
        """What GStreamer shows otherwise than it should, as lines."""
        script = Path(__file__).with_name("gst_frames.py")
        done = subprocess.run(["/usr/bin/python3", str(script), str(path)],
                              capture_output=True, text=True, timeout=TIMEOUT_S)
        if done.returncode == SKIP:
            self.there = False
            return []
        if done.returncode != 0:
            return [f"GStreamer can't play it: {done.stderr.strip()[:200]}"]
        self.opinions += 1
        by_hash = {h: i for i, h in enumerate(truth.decoded.hashes)}
        shown = json.loads(done.stdout)
        found = [by_hash.get(value, -1) for _, value in shown]
        due = truth.surely_in(cut.begin_us, cut.end_us)
        if found != due:
            return [f"GStreamer shows frames {picture.describe(found)}, {picture.spans(due)} due"]
        return []
