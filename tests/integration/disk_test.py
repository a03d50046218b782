"""A disk that is full while a clip is saved: exit code 5, nothing left behind, saved again afterwards.

    disk_test.py DISK-FULL-PROGRAM

Needs to mount a small tmpfs, so it is skipped where that is not allowed.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

CLIPBUF = os.environ["CLIPBUF_BIN"]
STREET = os.path.join(os.environ["CLIPBUF_TEST_DATA"], "street.mp4")
PROGRAM = ""
SKIPPED = 77


class Mounted:
    """A folder of so many kilobytes."""

    def __init__(self, kilobytes):
        self.kilobytes = kilobytes

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="clipbuf-disk-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.kilobytes}k", "clipbuf", self.folder],
                       check=True, capture_output=True, timeout=20)
        return self.folder

    def __exit__(self, *_):
        subprocess.run(["umount", self.folder], check=True, timeout=20)
        os.rmdir(self.folder)


def why_not_here():
    if os.geteuid() != 0:
        return "only root may mount a small tmpfs"
    try:
        with Mounted(64):
            return None
    except (OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", b"") or str(error).encode()
        return f"mounting a tmpfs is not allowed here: {detail.decode(errors='replace').strip()}"


class DiskFull(unittest.TestCase):
    def test_library_saves_the_same_clip_again(self):
        with Mounted(2000) as full, tempfile.TemporaryDirectory() as roomy:
            run = subprocess.run([PROGRAM, STREET, full, roomy], capture_output=True, text=True, timeout=100)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            self.assertEqual(os.listdir(full), [])
            probe = subprocess.run(
                ["ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries",
                 "stream=nb_read_frames", "-of", "csv=p=0", os.path.join(roomy, "clip.mp4")],
                capture_output=True, text=True, timeout=60)
            self.assertEqual(probe.stdout.strip().strip(","), "2000", probe.stderr)

    def test_cut_ends_with_5(self):
        with Mounted(200) as full:
            run = subprocess.run([CLIPBUF, "cut", STREET, "--from", "1s", "--to", "22s", "--json",
                                  "-o", os.path.join(full, "clip.mp4")],
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 5, run.stderr)
            self.assertEqual(json.loads(run.stdout)["error"], "storage_full")
            self.assertEqual(len(run.stderr.strip().splitlines()), 1, run.stderr)
            self.assertEqual(os.listdir(full), [])

    def test_a_file_that_was_there_stays_as_it_was(self):
        with Mounted(200) as full:
            path = os.path.join(full, "clip.mp4")
            with open(path, "w", encoding="ascii") as file:
                file.write("precious")
            run = subprocess.run([CLIPBUF, "cut", STREET, "--from", "1s", "--to", "22s", "-o", path],
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 5, run.stderr)
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), "precious")
            self.assertEqual(os.listdir(full), ["clip.mp4"])

    def test_record_goes_on_and_saves_when_there_is_room(self):
        with Mounted(200) as full:
            ballast = os.path.join(full, "ballast")
            with open(ballast, "wb") as file:
                file.write(bytes(190_000))
            child = subprocess.Popen(
                [CLIPBUF, "record", STREET, "--realtime", "--loop", "--last", "3s", "--out", full, "--json"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            try:
                self.wait_for(child, "state", "running")
                time.sleep(4)
                child.send_signal(signal.SIGUSR1)
                self.wait_for(child, "error", "storage_full")
                self.assertEqual(os.listdir(full), ["ballast"])
                os.unlink(ballast)
                child.send_signal(signal.SIGUSR1)
                clip = self.wait_for(child, "clip", None)
                self.assertTrue(os.path.exists(clip["path"]))
                child.send_signal(signal.SIGTERM)
                self.assertEqual(child.wait(20), 5)
            finally:
                child.kill()
                child.wait()
                child.stdout.close()

    def wait_for(self, child, event, detail):
        """The next document of that event whose state or error is `detail`."""
        for line in child.stdout:
            document = json.loads(line)
            if document["event"] == event and detail in (None, document.get("state"), document.get("error")):
                return document
        return self.fail(f"ended before {event} {detail}")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    reason = why_not_here()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
