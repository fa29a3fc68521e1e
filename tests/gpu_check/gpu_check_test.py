"""tools/gpu_check and the experiments that it calls, over a program that only pretends: what is recorded, that a stopped call
goes on without repeating anything, that the minutes are kept, that results can be carried to another machine.

  gpu_check_test.py SOURCE
"""
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1))
STOPPED = 75
TEST = """#!/usr/bin/env python3
import json, os, sys
file = next(w.split(":", 1)[1] for w in sys.argv if w.startswith("--gtest_output="))
case = {"name": "Case", "classname": "Suite." + os.environ["NESCIO_TEST_DEVICE"], "result": "COMPLETED"}
if os.environ.get("TEST_FAILS") == os.environ["GTEST_SHARD_INDEX"]:
    case["failures"] = [{"failure": "wrong"}]
json.dump({"testsuites": [{"testsuite": [case]}]}, open(file, "w"))
sys.exit("failures" in case)
"""


class GpuCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "calls.txt"
        pictures = self.folder / "data/cifar-10-batches-bin"
        pictures.mkdir(parents=True)
        for n in range(1, 6):
            (pictures / f"data_batch_{n}.bin").write_bytes(b"".join(bytes([c]) + bytes(3072) for c in range(10)))
        (self.folder / "build").mkdir()
        test = self.folder / "build/nescio_nn_test"
        test.write_text(TEST)
        test.chmod(0o755)

    def command(self, *words, out="out"):
        return [sys.executable, SOURCE / "tools/gpu_check", self.folder / out, "device=cpu", f"build={self.folder}/build", "shards=2",
                f"program={SOURCE}/tests/gpu_check/fake_nescio", f"data={self.folder}/data", f"weights={self.folder}", "jobs=4", *words]

    def environment(self, **further):
        return {**os.environ, "SEEDS": "0 1", "FAKE_LOG": str(self.log), **further}

    def check(self, *words, out="out", **environment):
        done = subprocess.run(self.command(*words, out=out), env=self.environment(**environment), text=True, capture_output=True)
        return done.returncode, done.stdout + done.stderr

    def steps(self, out="out"):
        return json.loads((self.folder / out / "gpu_check.json").read_text())["steps"]

    def states(self, out="out"):
        return {name: step["state"] for name, step in self.steps(out).items()}

    def ended(self):
        """How often each call of the program was carried to its end."""
        return collections.Counter(line for line in self.log.read_text().splitlines() if line.startswith("ended"))

    def test_every_test_program_is_run_on_the_device_in_parts(self):
        status, said = self.check("tests")
        self.assertEqual(status, 0, said)
        self.assertEqual(self.states(), {"tests/nn/0": "passed", "tests/nn/1": "passed"})
        self.assertEqual(self.steps()["tests/nn/1"]["result"], {"passed": 1, "failed": [], "skipped": 0})

    def test_a_failed_test_is_named_and_repeated_and_what_passed_is_not(self):
        status, said = self.check("tests", TEST_FAILS="1")
        self.assertEqual(status, 1)
        self.assertIn("failed: tests/nn/1: 1 tests failed", said)
        self.assertEqual(self.steps()["tests/nn/1"]["result"]["failed"], ["Suite.cpu.Case"])
        (self.folder / "out/logs/tests-nn-0.json").unlink()
        self.assertEqual(self.check("tests")[0], 0)
        self.assertFalse((self.folder / "out/logs/tests-nn-0.json").exists())

    def test_a_whole_run_makes_the_cards_and_is_not_repeated(self):
        status, said = self.check("tests", "experiments", "minutes=3", "pack=" + str(self.folder / "pack"))
        self.assertEqual(status, 0, said)
        cards = {f.name for f in (self.folder / "out/cards").iterdir()}
        self.assertEqual(cards, {"unleashing_mask_full.md", "logits_based.md", "mood_cifar10.md"})
        for card in cards:
            self.assertNotIn("## Not run", (self.folder / "out/cards" / card).read_text())
        before = self.ended()
        self.assertEqual(set(before.values()), {1})  # several stages want A0, the teachers and S8; one makes them
        self.assertTrue(all(line.endswith(" cpu") for line in before if line.split()[1] in ("train", "benchmark", "trace")))
        self.assertEqual(self.check("tests", "experiments", "minutes=3")[0], 0)
        self.assertEqual(self.ended(), before)
        # On another machine, with what was packed.
        self.assertEqual(self.check("experiments", "minutes=3", f"from={self.folder}/pack", out="there")[0], 0)
        self.assertEqual(self.ended(), before)
        self.assertEqual((self.folder / "there/cards/logits_based.md").read_text(),
                         (self.folder / "out/cards/logits_based.md").read_text())

    def test_when_the_minutes_are_over_it_says_what_is_missing_and_goes_on_later(self):
        status, said = self.check("experiments", "only=experiments/logits_based", "minutes=0.05", FAKE_SECONDS="60")
        self.assertEqual(status, STOPPED, said)
        self.assertEqual(self.states(), {"experiments/logits_based": "stopped"})
        self.assertIn("not reached: experiments/logits_based", said)
        self.assertEqual(self.check("experiments", "only=experiments/logits_based", "minutes=3")[0], 0)
        self.assertEqual(set(self.ended().values()), {1})

    def test_a_killed_call_loses_nothing_that_had_ended(self):
        first = subprocess.Popen(self.command("experiments", "minutes=3", "only=experiments/unleashing_mask"), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=self.environment(FAKE_SECONDS="0.3"), start_new_session=True)
        while not self.log.exists() or len(self.ended()) < 4:
            self.assertIsNone(first.poll())
            time.sleep(0.02)
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(), STOPPED)
        self.assertEqual(self.states(), {"experiments/unleashing_mask": "stopped"})
        before = self.ended()
        self.assertEqual(self.check("experiments", "minutes=3", "only=experiments/unleashing_mask")[0], 0)
        self.assertEqual(set((self.ended() - before).values()), {1})
        self.assertEqual(set(self.ended().values()), {1})

    def test_one_arm_that_fails_does_not_keep_others_from_running(self):
        status, said = self.check("experiments", "minutes=3", "only=experiments/unleashing_mask,experiments/cards", FAKE_FAILS="trace")
        self.assertEqual(status, 1)
        self.assertEqual(self.states()["experiments/unleashing_mask"], "failed")
        self.assertIn("trace of A0-0", (self.folder / "out/cards/unleashing_mask_full.md").read_text())
        self.assertTrue((self.folder / "out/unleashing_mask/UMn-0/atypical/atypical.csv").exists())

    def test_a_training_is_timed_by_its_rows_and_a_missing_peer_is_said(self):
        status, said = self.check("timings", "only=timings/train/resnet20/float32,timings/probe/mae", "seconds=0.5", "minutes=1",
                                  f"python={self.folder}/none", FAKE_SECONDS="0.5")
        self.assertEqual(status, 1, said)
        probe, compared = self.steps()["timings/probe/mae"], self.steps()["timings/train/resnet20/float32"]
        self.assertEqual((probe["state"], compared["state"]), ("passed", "failed"))
        # A row, one step of 1024 and 128 pictures, is written every 0.1 s or, on a busy machine, later.
        self.assertTrue(0 < probe["result"]["images_per_second"] <= 10_240 * 1.1)
        self.assertTrue(0 < compared["result"]["images_per_second"] <= 1_280 * 1.1)
        self.assertIn("none", compared["error"])
        self.assertFalse((self.folder / "out/timings-probe-mae").exists())

    def test_words_that_it_does_not_know_are_refused(self):
        for word in ("test", "minute=3"):
            status, said = self.check(word)
            self.assertEqual(status, 2)
            self.assertIn(word, said)


unittest.main()
