"""The command line's contract: exit codes, JSON, one line per error, keys, signals, and no secrets."""
import json
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time
import unittest

CLIPBUF = os.environ["CLIPBUF_BIN"]
STREET = os.path.join(os.environ["CLIPBUF_TEST_DATA"], "street.mp4")
CANARY = "canary-4Kz8Q"
LIVE = [STREET, "--realtime", "--loop"]
REPORT_KEYS = {"requested", "delivered", "frames", "bytes", "mode", "lead_in_us", "reencoded_frames", "gaps",
               "complete", "placeholder", "path"}


def run(*arguments, timeout=60, cwd=None):
    return subprocess.run([CLIPBUF, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, cwd=cwd)


def frame_count(path):
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries",
         "stream=nb_read_frames", "-of", "csv=p=0", path],
        check=True, capture_output=True, text=True, timeout=60).stdout
    return int(text.strip().strip(","))


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def assert_error(self, done, code):
        """That exit code, one line on stderr, and no secret anywhere."""
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"^clipbuf: .{5,}")
        self.assertNotIn(CANARY, done.stdout + done.stderr)

    def document(self, done):
        """Exactly one JSON document on stdout."""
        self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
        return json.loads(done.stdout)


class Words(Case):
    def test_version_says_what_is_built_in(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"(?s)^clipbuf \d+\.\d+\.\d+\nFFmpeg \S+ \(.*license|version.*\)")
        self.assertEqual(done.stderr, "")

    def test_help_of_the_program_and_of_each_command(self):
        for words in ([], ["record"], ["cut"], ["probe"], ["codecs"], ["doctor"]):
            done = run(*words, "--help")
            self.assertEqual(done.returncode, 0, words)
            self.assertIn(words[0] if words else "130 interrupted", done.stdout)

    def test_bad_words_are_usage_errors_of_one_line(self):
        cut = ["cut", STREET, "-o", self.path("x.mp4")]
        secret = f"rtsp://admin:{CANARY}@cam/1"
        for words in ([], ["bogus"], ["cut"], ["record"], ["probe"], ["probe", STREET, secret],
                      [*cut, "--from", "0"], [*cut, "--from", "zero", "--to", "1s"],
                      [*cut, "--from", "2s", "--to", "1s"], [*cut, "--from", "1s", "--to", "1s"],
                      [*cut, "--from=-1s", "--to", "1s"], [*cut, "--from", "0", "--to", "1s", "--mode", "fast"],
                      [*cut, "--from", "0", "--to", "1s", "--quality", "99"],
                      [*cut, "--from", "0", "--to", "1s", "--gaps"],
                      [*cut, "--from", "0", "--to", "1s", "--container", "avi"],
                      ["record", "pattern:", "--keep", "long"], ["record", "pattern:", "--for", "0"],
                      ["record", "pattern:", "--max-bytes", "-1"], ["record", "pattern:", "--until", "noon"],
                      ["record", "pattern:", "--last", "0s"], ["record", "pattern:", "--no-such-thing"],
                      ["record", "pattern:", "-O", "nonsense=1"], ["record", "pattern:", "-O", "keep"],
                      ["record", "pattern:", "-O", f"source={secret}"],
                      ["record", "pattern:", "--fps", secret], ["record", secret, secret]):
            with self.subTest(words=words):
                done = run(*words)
                self.assert_error(done, 2)
                self.assertEqual(done.stdout, "")
        self.assertEqual(os.listdir(self.folder), [])

    def test_unknown_key_names_the_nearest(self):
        self.assertIn("keep", run("record", "pattern:", "-O", "kepp=1m").stderr)


class Cut(Case):
    def cut(self, source, begin, end, *more, name="out.mp4"):
        return run("cut", source, "--from", begin, "--to", end, "-o", self.path(name), "--json", *more)

    def test_report_and_file_agree(self):
        done = self.cut(STREET, "3.05s", "7.25s")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        report = self.document(done)
        self.assertLessEqual(REPORT_KEYS, set(report))
        self.assertEqual(report["requested"], {"begin_us": 3_050_000, "end_us": 7_250_000})
        self.assertEqual(report["delivered"], {"begin_us": 3_100_000, "end_us": 7_300_000})
        self.assertEqual((report["frames"], report["mode"], report["reencoded_frames"]), (42, "exact", 0))
        self.assertEqual((report["complete"], report["placeholder"], report["gaps"]), (True, False, []))
        self.assertEqual(report["lead_in_us"], 1_100_000)
        self.assertEqual(report["path"], self.path("out.mp4"))
        self.assertEqual(report["bytes"], os.path.getsize(self.path("out.mp4")))
        self.assertEqual(frame_count(self.path("out.mp4")), 42)

    def test_the_other_modes(self):
        keyframe = self.document(self.cut(STREET, "3.05s", "7.25s", "--mode", "keyframe"))
        self.assertEqual((keyframe["mode"], keyframe["reencoded_frames"]), ("keyframe", 0))
        self.assertEqual(frame_count(self.path("out.mp4")), 53)
        reencode = self.document(self.cut(STREET, "3.05s", "7.25s", "--mode", "reencode"))
        self.assertEqual(reencode["mode"], "reencode")
        self.assertGreater(reencode["reencoded_frames"], 0)
        self.assertEqual(frame_count(self.path("out.mp4")), 42)

    def test_for_people(self):
        done = run("cut", STREET, "--from", "1", "--to", "1m", "-o", self.path("out.mp4"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("230 frames", done.stdout)
        self.assertRegex(done.stdout, r"missing: 36s from 23s on \(\w+\)")

    def test_nothing_in_range_is_3(self):
        done = self.cut(STREET, "30s", "40s")
        self.assert_error(done, 3)
        self.assertEqual(self.document(done)["error"], "nothing_in_range")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_placeholder_on_demand(self):
        report = self.document(self.cut(STREET, "30s", "32s", "--placeholder"))
        self.assertEqual((report["placeholder"], report["complete"]), (True, False))
        self.assertGreater(frame_count(self.path("out.mp4")), 0)

    def test_no_source_is_4(self):
        garbage = self.path("garbage.mp4")
        with open(garbage, "wb") as file:
            file.write(bytes(range(256)) * 100)
        for source in (self.path("nothing.mp4"), self.folder, garbage, "/dev/null"):
            with self.subTest(source=source):
                done = self.cut(source, "0", "1s")
                self.assert_error(done, 4)
                self.assertIn("error", self.document(done))
                self.assertFalse(os.path.exists(self.path("out.mp4")))

    def test_nowhere_to_write_is_5(self):
        self.assert_error(self.cut(STREET, "0", "1s", name="no/such/folder/out.mp4"), 5)

    def test_no_room_in_memory_is_5(self):
        done = self.cut(STREET, "1s", "20s", "--max-bytes", "200k")
        self.assert_error(done, 5)
        self.assertIn("max-bytes", done.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_an_unknown_ending_is_2(self):
        self.assert_error(self.cut(STREET, "0", "1s", name="out.doc"), 2)

    def test_poster_and_no_sound(self):
        report = self.document(self.cut(STREET, "3s", "5s", "--no-audio", "--poster", self.path("p.jpg")))
        self.assertEqual((report["audio_codec"], report["audio_packets"]), ("", 0))
        with open(self.path("p.jpg"), "rb") as file:
            self.assertEqual(file.read(2), b"\xff\xd8")
        self.assertEqual(sorted(os.listdir(self.folder)), ["out.mp4", "p.jpg"])

    def test_a_clip_of_a_clip_counts_from_the_first_frame_shown(self):
        self.assertEqual(self.cut(STREET, "3.05s", "7.25s").returncode, 0)
        report = self.document(self.cut(self.path("out.mp4"), "0", "1s", name="again.mp4"))
        self.assertEqual((report["frames"], report["complete"]), (10, True))
        self.assertEqual(frame_count(self.path("again.mp4")), 10)

    def test_interrupted_is_130_and_leaves_nothing(self):
        film = self.path("film.mkv")
        subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "100", "-i", STREET, "-c", "copy", film],
                       check=True, timeout=60)
        for number in (signal.SIGINT, signal.SIGTERM):
            child = subprocess.Popen([CLIPBUF, "cut", film, "--from", "0.5s", "--to", "38m", "--mode", "reencode",
                                      "-o", self.path("out.mp4"), "--json"], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(1.5)
            asked = time.monotonic()
            child.send_signal(number)
            out, err = child.communicate(timeout=20)
            self.assertLess(time.monotonic() - asked, 3)
            self.assertEqual(child.returncode, 130, err)
            self.assertEqual(json.loads(out)["error"], "cancelled")
            self.assertEqual(os.listdir(self.folder), ["film.mkv"])

    def test_a_range_deep_in_a_long_file_is_exact_and_small_in_memory(self):
        film = self.path("film.mkv")
        subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "200", "-i", STREET, "-c", "copy", film],
                       check=True, timeout=60)
        # 80 minutes, 160 MB; a limit that holds the range and the margins but not the film
        report = self.document(self.cut(film, "55m0.05s", "55m10.05s", "--max-bytes", "12M"))
        self.assertEqual((report["frames"], report["complete"], report["reencoded_frames"]), (100, True, 0))
        self.assertEqual(frame_count(self.path("out.mp4")), 100)


class Looking(Case):
    def test_probe(self):
        document = self.document(run("probe", STREET, "--json"))
        self.assertEqual((document["live"], document["delivers"]), (False, "packets"))
        video, audio = document["tracks"]
        self.assertEqual((video["codec"], video["width"], video["height"]), ("h264", 640, 480))
        self.assertEqual((audio["codec"], audio["sample_rate"], audio["channels"]), ("aac", 48000, 1))
        self.assertIn("h264", run("probe", STREET).stdout)

    def test_probe_of_nothing_is_4(self):
        done = run("probe", self.path("nothing.mp4"), "--json")
        self.assert_error(done, 4)
        self.document(done)

    def test_codecs(self):
        document = self.document(run("codecs", "--json", timeout=120))
        self.assertEqual(document["built_in"], ["copy", "raw", "jpeg"])
        works = {e["name"] for e in document["encoders"] if e["works"]}
        self.assertTrue(works & {"libx264", "libopenh264", "mpeg4"}, document)
        for encoder in document["encoders"]:
            self.assertEqual(encoder["works"], encoder["why_not"] == "", encoder)

    def test_doctor(self):
        done = run("doctor", "--json", timeout=120, cwd=self.folder)
        document = self.document(done)
        self.assertEqual(done.returncode, 0 if document["ok"] else 1)
        checks = {check["name"]: check for check in document["checks"]}
        self.assertLessEqual({"clipbuf", "ffmpeg", "opencv", "jpeg", "encoders", "cameras", "folder"}, set(checks))
        for check in checks.values():
            self.assertIn(check["verdict"], ("ok", "warn", "fail"))
            self.assertEqual(check["hint"] != "", check["verdict"] != "ok", check)
        self.assertEqual(os.listdir(self.folder), [])


class Child:
    """clipbuf record, its events, and (with a terminal) its keys and its screen."""

    def __init__(self, case, *arguments, terminal=False, environment=None):
        self.case = case
        self.screen = b""
        self.documents = []
        command = [CLIPBUF, "record", *arguments, "--out", case.folder, "--json"]
        options = {"stdout": subprocess.PIPE, "text": True, "env": {**os.environ, **(environment or {})}}
        if terminal:
            self.master, self.slave = pty.openpty()
            self.before = termios.tcgetattr(self.slave)
            # A session of its own, with the pty as its terminal: then it is in the foreground there.
            self.process = subprocess.Popen(["setsid", "--ctty", *command], stdin=self.slave,
                                            stderr=self.slave, **options)
            self.reader = threading.Thread(target=self.read_screen, daemon=True)
            self.reader.start()
        else:
            self.errors = tempfile.TemporaryFile("w+")
            self.master = None
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self.errors, **options)
        # Whatever happens, it ends.
        self.timer = threading.Timer(60, self.process.kill)
        self.timer.start()
        case.addCleanup(self.clean_up)

    def clean_up(self):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.master is not None:
            os.close(self.slave)  # the reader ends with the last one who has the terminal open
            self.reader.join(5)
            os.close(self.master)
        else:
            self.errors.close()

    def wait_for(self, event, **wanted):
        """The next document of that event with those values."""
        while True:
            line = self.process.stdout.readline()
            if not line:
                self.case.fail(f"ended before {event} {wanted}: {self.documents}")
            document = json.loads(line)
            self.documents.append(document)
            if document["event"] == event and all(document.get(k) == v for k, v in wanted.items()):
                return document

    def press(self, key):
        os.write(self.master, key.encode())

    def read_screen(self):
        try:
            while data := os.read(self.master, 65536):
                self.screen += data
        except OSError:
            pass  # EIO: nobody has the terminal open any more

    def end(self):
        """Reads what is left; returns the exit code."""
        for line in self.process.stdout:
            self.documents.append(json.loads(line))
        return self.process.wait(20)

    def events(self, name):
        return [document for document in self.documents if document["event"] == name]


class Record(Case):
    def assert_books(self, child):
        end = child.events("end")
        self.assertEqual(len(end), 1)
        buffer = end[0]["status"]["buffer"]
        dropped = sum(reason["packets"] for reason in buffer["dropped"].values())
        self.assertEqual(buffer["in"]["packets"],
                         buffer["stored"]["packets"] + buffer["evicted"]["packets"] + dropped, buffer)
        self.assertEqual(dropped, 0, buffer)
        return end[0]

    def test_for_ends_by_itself_and_saves_the_last(self):
        child = Child(self, *LIVE, "--for", "5s", "--last", "3s", "--keep", "1m")
        self.assertEqual(child.end(), 0)
        self.assertEqual(child.events("state")[0]["state"], "running")
        clips = child.events("clip")
        self.assertEqual(len(clips), 1)
        self.assertLessEqual(REPORT_KEYS, set(clips[0]))
        self.assertTrue(clips[0]["complete"], clips[0])
        self.assertIn(frame_count(clips[0]["path"]), (29, 30, 31))  # a live clock jitters
        self.assertRegex(os.path.basename(clips[0]["path"]), r"^clip-\d{8}T\d{6}Z\.mp4$")
        self.assertEqual(self.assert_books(child)["exit_code"], 0)

    def test_without_last_nothing_is_saved(self):
        child = Child(self, *LIVE, "--for", "2s")
        self.assertEqual(child.end(), 0)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_file_that_ends_ends_it(self):
        child = Child(self, STREET, "--last", "5s")
        self.assertEqual(child.end(), 0)
        self.assertEqual(frame_count(child.events("clip")[0]["path"]), 50)

    def test_usr1_saves_while_it_goes_on_and_overwrites_nothing(self):
        child = Child(self, *LIVE, "--last", "2s")
        child.wait_for("state", state="running")
        time.sleep(4)
        paths = []
        for _ in range(3):
            child.process.send_signal(signal.SIGUSR1)
            paths.append(child.wait_for("clip")["path"])
        self.assertEqual(len(set(paths)), 3)
        for path in paths:
            self.assertIn(frame_count(path), (20, 21))
        child.process.send_signal(signal.SIGTERM)
        self.assertEqual(child.end(), 0)
        self.assertEqual(len(os.listdir(self.folder)), 3)
        self.assert_books(child)

    def test_sigint_is_130(self):
        child = Child(self, *LIVE)
        child.wait_for("state", state="running")
        child.process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        self.assertEqual(child.end(), 130)
        self.assertLess(time.monotonic() - asked, 3)
        self.assertEqual(child.events("end")[0]["exit_code"], 130)

    def test_frames_are_encoded_on_the_way_in(self):
        child = Child(self, "pattern:", "-O", "size=320x240", "--fps", "25", "--codec", "jpeg", "--for", "4s",
                      "--last", "2s")
        self.assertEqual(child.end(), 0)
        self.assertIn(child.events("clip")[0]["frames"], range(47, 53))

    def test_no_source_is_4_without_a_secret(self):
        url = f"rtsp://admin:{CANARY}@127.0.0.1:{closed_port()}/1?token={CANARY}"
        for words in (["record", url, "--json", "--out", self.folder], ["probe", url], ["-v", "probe", url]):
            with self.subTest(words=words[0]):
                done = run(*words)
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertNotIn(CANARY, done.stdout + done.stderr)
        for source in (self.path("nothing.mp4"), "/dev/video99"):
            self.assert_error(run("record", source, "--for", "1s", "--out", self.folder), 4)

    def test_no_folder_is_5(self):
        blocker = self.path("file")
        with open(blocker, "w", encoding="ascii"):
            pass
        self.assert_error(run("record", "pattern:", "--for", "1s", "--out", os.path.join(blocker, "x")), 5)

    def test_nothing_written_where_nobody_reads(self):
        child = Child(self, *LIVE)
        child.wait_for("state", state="running")
        time.sleep(2)
        child.process.stdout.close()
        child.process.send_signal(signal.SIGUSR1)
        self.assertEqual(child.process.wait(20), 0)


class Keys(Case):
    def test_keys_save_record_and_quit(self):
        child = Child(self, *LIVE, "--last", "2s", terminal=True, environment={"TERM": "xterm", "NO_COLOR": ""})
        child.wait_for("state", state="running")
        time.sleep(4)
        self.assertEqual(termios.tcgetattr(child.slave)[3] & (termios.ECHO | termios.ICANON), 0)
        child.press("c")
        clip = child.wait_for("clip")
        self.assertIn(frame_count(clip["path"]), (20, 21))
        child.press("r")
        started = child.wait_for("recording_started")
        time.sleep(2)
        child.press("r")
        recording = child.wait_for("recording")
        self.assertEqual(recording["path"], started["path"])
        # two seconds of pre-roll and the two that have passed
        self.assertIn(frame_count(recording["path"]), range(36, 50))
        child.press("q")
        self.assertEqual(child.end(), 0)
        time.sleep(0.2)
        self.assertEqual(termios.tcgetattr(child.slave), child.before)
        screen = child.screen.decode(errors="replace")
        self.assertRegex(screen, r"running\S*  \d+\.\d fps  covered \ds  held \d\.\d/537 MB  gop \S+  drops 0  reconnects 0")
        self.assertIn("\033[32m", screen)
        self.assertRegex(screen, r"rec \S+")
        self.assertEqual(sorted(os.listdir(self.folder)),
                         sorted(os.path.basename(p) for p in (clip["path"], recording["path"])))

    def test_no_color_and_a_recording_that_ctrl_c_finishes(self):
        child = Child(self, *LIVE, "--last", "1s", terminal=True, environment={"TERM": "xterm", "NO_COLOR": "1"})
        child.wait_for("state", state="running")
        child.press("r")
        path = child.wait_for("recording_started")["path"]
        time.sleep(3)
        child.press("\x03")
        self.assertEqual(child.end(), 130)
        self.assertGreater(frame_count(path), 20)
        self.assertEqual(os.listdir(self.folder), [os.path.basename(path)])
        self.assertEqual(termios.tcgetattr(child.slave), child.before)
        self.assertIsNone(re.search(rb"\033\[[0-9;]*m", child.screen))

    def test_a_dumb_terminal_gets_no_status_line(self):
        child = Child(self, *LIVE, "--for", "1s", terminal=True, environment={"TERM": "dumb"})
        self.assertEqual(child.end(), 0)
        time.sleep(0.2)
        self.assertNotIn(b"\033", child.screen)
        self.assertEqual(termios.tcgetattr(child.slave), child.before)

    def test_a_crash_gives_the_terminal_back(self):
        child = Child(self, *LIVE, terminal=True, environment={"TERM": "xterm"})
        child.wait_for("state", state="running")
        time.sleep(0.5)
        child.process.send_signal(signal.SIGABRT)
        self.assertEqual(child.end(), -signal.SIGABRT)
        self.assertEqual(termios.tcgetattr(child.slave), child.before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
