"""Every example program does what its first lines say.

    example_test.py MINIMAL OWN-CODEC [MOTION-TRIGGER]
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

STREET = os.path.join(os.environ["CLIPBUF_TEST_DATA"], "street.mp4")
PROGRAMS = {}


def frame_count(path):
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries",
         "stream=nb_read_frames", "-of", "csv=p=0", path],
        check=True, capture_output=True, text=True, timeout=60).stdout
    return int(text.strip().strip(","))


class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_program(self, name, *arguments):
        if name not in PROGRAMS:
            self.skipTest(f"{name} is not built")
        return subprocess.run([PROGRAMS[name], *arguments], cwd=self.folder.name, capture_output=True,
                              text=True, timeout=90)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_minimal_saves_the_last_three_seconds(self):
        run = self.run_program("minimal", STREET, self.path("last.mp4"))
        self.assertEqual(run.returncode, 0, run.stderr)
        report = json.loads(run.stdout)
        self.assertTrue(report["complete"], report)
        self.assertIn(frame_count(self.path("last.mp4")), (29, 30, 31))

    def test_minimal_says_that_a_source_is_missing(self):
        run = self.run_program("minimal", self.path("nothing.mp4"))
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_own_codec_is_cut_like_any_other(self):
        run = self.run_program("own_codec", self.path("own.mp4"))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(frame_count(self.path("own.mp4")), 75)

    def test_motion_trigger_records_the_people_in_the_street(self):
        run = self.run_program("motion_trigger", STREET, "--for", "9s", "--out", self.folder.name)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("\n0 recordings", run.stdout)
        self.assertGreater(frame_count(self.path("motion-1.mp4")), 20)

    def test_motion_trigger_leaves_a_still_scene_alone(self):
        still = self.path("still.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=320x240:r=10:d=6", still],
                       check=True, timeout=60)
        run = self.run_program("motion_trigger", still, "--for", "4s", "--out", self.folder.name)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout.splitlines()[-1], "0 recordings", run.stdout)

    def test_motion_trigger_explains_itself(self):
        self.assertEqual(self.run_program("motion_trigger").returncode, 2)


if __name__ == "__main__":
    PROGRAMS = {os.path.basename(path): path for path in sys.argv[1:]}
    del sys.argv[1:]
    unittest.main(verbosity=2)
