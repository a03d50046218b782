"""Reads the few MP4 boxes the oracle needs: what does the video track's edit list hide at the start?"""
import struct
from fractions import Fraction

CONTAINERS = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")


def walk(data, path=()):
    """(path, payload) of every box in `data`, going into the containers."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", data[at + 8:at + 16])[0], 16
        size = size or len(data) - at
        if size < head or at + size > len(data):
            raise ValueError(f"box {name!r} of {size} bytes at {at} does not fit")
        payload = data[at + head:at + size]
        yield path + (name,), payload
        if name in CONTAINERS:
            yield from walk(payload, path + (name,))
        at += size


def tracks(data):
    """One dict per track: box name -> payload of the first such box in it."""
    found = []
    for path, payload in walk(data):
        if path[-1] == b"trak":
            found.append({})
        elif len(path) > 2 and path[1] == b"trak":
            found[-1].setdefault(path[-1], payload)
    return found


def media_start(edit_list):
    """The media time of the first edit that shows something; None without an edit list."""
    if edit_list is None:
        return None
    version, count = edit_list[0], struct.unpack(">I", edit_list[4:8])[0]
    shape, size = (">Qqi", 20) if version else (">Iii", 12)
    for number in range(count):
        _, start, _ = struct.unpack(shape, edit_list[8 + size * number:8 + size * (number + 1)])
        if start >= 0:
            return start
    return None


def first_offset(ctts):
    """The composition offset of the first sample."""
    if ctts is None or struct.unpack(">I", ctts[4:8])[0] == 0:
        return 0
    return struct.unpack(">i", ctts[12:16])[0]


def hidden_before(path):
    """Seconds of the video track, from its first sample (a key frame), that the edit list hides."""
    with open(path, "rb") as file:
        data = file.read()
    for track in tracks(data):
        if track.get(b"hdlr", b"")[8:12] != b"vide":
            continue
        start = media_start(track.get(b"elst"))
        if start is None:
            return Fraction(0)
        header = track[b"mdhd"]
        scale = struct.unpack(">I", header[20:24] if header[0] else header[12:16])[0]
        return Fraction(max(start - first_offset(track.get(b"ctts")), 0), scale)
    raise ValueError("no video track")
