"""A second opinion: does GStreamer, which shares no demuxer with ffmpeg, show the same frames?

Asked about copied H.264, HEVC, VP9 and AV1 in 8 bit 4:2:0, in files with edit lists; what it makes of
MPEG-4 part 2 behind an edit list is its own (it drops every other frame), so that is not asked. And it may end too
early: the MP4 demuxer of 1.22 compares times of the media with the length of the edit, and stops at a key frame
beyond it, in ffmpeg's own cuts too. So it is asked for no frame that should not be there, in order, from the first.
"""
import json
import subprocess
from pathlib import Path

import picture

ASKED = ("h264", "hevc", "vp9", "av1")
SKIP = 77
TIMEOUT_S = 60


class Gstreamer:
    """Remembers whether it is there at all."""

    def __init__(self):
        self.there = True
        self.opinions = 0

    def can_judge(self, truth, cut, report):
        return (self.there and truth.decoded.codec in ASKED and truth.kind.pixels == "yuv420p"
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
        if found != due[:len(found)]:
            return [f"GStreamer shows frames {picture.describe(found)}, {picture.spans(due)} due"]
        return []
