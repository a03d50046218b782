#!/usr/bin/python3
"""What GStreamer presents of a file: a line of JSON, [[seconds, md5 of the I420 pixels], ...].

A process of its own, since not every python3 has gi, and a crash in a plugin should stay here.
Exit code 77 where GStreamer is missing.
"""
import hashlib
import json
import sys

try:
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
except (ImportError, ValueError):
    sys.exit(77)

WAIT_NS = 20 * 1_000_000_000


def frames(path):
    pipeline = Gst.parse_launch(
    "filesrc name=file ! decodebin ! videoconvert ! video/x-raw,format=I420 "
    "! appsink name=sink sync=false")
    pipeline.get_by_name("file").set_property("location", path)
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    found = []
    while True:
        sample = sink.emit("try-pull-sample", WAIT_NS)
        if sample is None:
            break
        buffer, segment = sample.get_buffer(), sample.get_segment()
        time = segment.to_stream_time(Gst.Format.TIME, buffer.pts)
        pixels = buffer.extract_dup(0, buffer.get_size())
        found.append([time / Gst.SECOND, hashlib.md5(pixels).hexdigest()])
    message = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message:
        print(message.parse_error()[0].message, file=sys.stderr)
        sys.exit(1)
    return found


if __name__ == "__main__":
    Gst.init(None)
    print(json.dumps(frames(sys.argv[1])))
