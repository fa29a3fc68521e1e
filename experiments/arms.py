"""What experiments of several arms share: calls of nescio that are not repeated, drawn pictures, paired comparisons.

From the environment: NESCIO, the program (build/nescio); DEVICE, where networks run (cuda:0; auto if not given); JOBS, how many
calls that do not need each other run side by side (1; a small network leaves most of a GPU idle, so 8 or 12 there), and THREADS,
how many threads each of them takes (auto); MINUTES, after which nothing new is begun and what runs is asked to stop, which
leaves a checkpoint behind: the same command goes on from there, and the exit status is 75; CARDS, where the card is
written (docs/results).
"""
import contextlib
import copy
import heapq
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent.parent
NESCIO = os.environ.get("NESCIO", str(HERE / "build/nescio"))
DEVICE = os.environ.get("DEVICE")
JOBS, THREADS = int(os.environ.get("JOBS", "1")), os.environ.get("THREADS", "auto")
CARDS = pathlib.Path(os.environ.get("CARDS", HERE / "docs/results"))
RUN_NETWORKS = {"atypical", "benchmark", "extract", "forget-threshold", "trace", "train"}  # the verbs that take device=
GRACE = 20  # seconds in which a call that is asked to stop may write its checkpoint
STOPPED = 75  # exit status: the minutes are over, the same command goes on


class TimeIsOver(Exception):
    pass


class Places:
    """JOBS of them; of those who wait for one, the lowest rank is next, then who came first."""

    def __init__(self, count):
        self.free, self.waiting, self.came = count, [], itertools.count()
        self.changed = threading.Condition()

    def take(self, rank):
        with self.changed:
            ticket = (rank, next(self.came))
            heapq.heappush(self.waiting, ticket)
            self.changed.wait_for(lambda: self.free > 0 and self.waiting[0] == ticket)
            heapq.heappop(self.waiting)
            self.free -= 1
            self.changed.notify_all()

    def leave(self):
        with self.changed:
            self.free += 1
            self.changed.notify_all()


class Calls:
    """The calls of nescio that run at present."""

    def __init__(self):
        self.end = time.monotonic() + 60 * float(os.environ.get("MINUTES", "1e4"))
        self.running, self.places = set(), Places(JOBS)
        self.files, self.lock = {}, threading.Lock()

    def file(self, path):
        """A lock for each file, so that what several wait for is made once."""
        with self.lock:
            return self.files.setdefault(str(path), threading.Lock())

    def left(self):
        return self.end - time.monotonic()

    def stop(self, *_):
        """Of a signal: as if the minutes were over."""
        self.end = time.monotonic()
        for process in list(self.running):
            process.send_signal(signal.SIGINT)

    def run(self, rank, command, says):
        self.places.take(rank)
        try:
            if self.left() <= 0:
                raise TimeIsOver
            print(*command, flush=True)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                       start_new_session=True)  # Ctrl-C reaches it through stop(), once
            self.running.add(process)
            try:
                text = process.communicate(timeout=max(0, self.left()))[0]
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
                try:
                    text = process.communicate(timeout=GRACE)[0]
                except subprocess.TimeoutExpired:
                    process.kill()
                    text = process.communicate()[0]
            finally:
                self.running.discard(process)
            if process.returncode and self.left() <= 0:
                raise TimeIsOver
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, command)
            if says:
                pathlib.Path(says).write_text(text)
        finally:
            self.places.leave()


CALLS = Calls()


class Experiment:
    rank = 0  # of the stage that calls: the lower one goes first where places are scarce

    def __init__(self, data, out):
        self.data, self.out = pathlib.Path(data), pathlib.Path(out)
        self.out.mkdir(parents=True, exist_ok=True)

    def run(self, done, *arguments, says=None):
        """Calls nescio unless `done`, a file that it writes, is there (None: always, nescio itself repeats nothing); `says` gets
        what it prints."""
        with CALLS.file(done) if done else contextlib.nullcontext():
            if done and pathlib.Path(done).exists():
                return
            device = [f"device={DEVICE}"] if DEVICE and arguments[0] in RUN_NETWORKS else []
            CALLS.run(self.rank, [NESCIO, *map(str, arguments), *device, f"threads={THREADS}"], says)

    def each(self, work, items):
        """work(*item) for each: JOBS calls at a time. All are tried; then the first failure is raised."""
        with ThreadPoolExecutor(1 if JOBS == 1 else max(1, len(items))) as pool:
            list(pool.map(lambda item: work(*item), items))

    def carry_out(self, stages, together=True):
        """The exit status of these stages. `together`: with several JOBS they run side by side, so each makes what it needs
        itself. The card, if it is wanted, is written behind them. One that fails does not keep others from running."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, CALLS.stop)
        failed, stopped = [], []

        def one(rank, stage):
            mine = copy.copy(self)
            mine.rank = rank
            try:
                getattr(mine, stage)()
            except TimeIsOver:
                stopped.append(stage)
            except Exception:
                traceback.print_exc()
                failed.append(stage)
        work = [stage for stage in stages if stage != "card"]
        with ThreadPoolExecutor(max(1, len(work)) if together and JOBS > 1 else 1) as pool:
            list(pool.map(one, range(len(work)), work))
        if "card" in stages:
            one(len(work), "card")
        if failed:
            print(f"failed: {', '.join(failed)}", file=sys.stderr)
        if stopped:
            print(f"the minutes are over in {', '.join(stopped)}; the same command goes on", file=sys.stderr)
        return 1 if failed else STOPPED if stopped else 0

    def write_card(self, name, text):
        CARDS.mkdir(parents=True, exist_ok=True)
        write_whole(CARDS / f"{name}.md", text + "\n")

    def cifar10_labels(self):
        files = [self.data / f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)]
        return np.concatenate([np.fromfile(file, np.uint8).reshape(-1, 3073)[:, 0] for file in files])

    def rows_of_cifar10(self, per_class):
        """A file of rows of CIFAR-10's training set, as many of each class, drawn with seed 0."""
        file = self.out / "rows.npy"
        if not file.exists():
            labels, drawn = self.cifar10_labels(), np.random.default_rng(0)
            rows = [drawn.permutation(np.flatnonzero(labels == c))[:per_class] for c in range(10)]
            np.save(file, np.sort(np.concatenate(rows)).astype(np.int64))
        return file

    def compared(self, arm, baseline, seeds, **options):
        """The rows of `arm` from `nescio compare` of the runs NAME-SEED/test that both have; [] if there are none, or if there
        was no time to compare them."""
        seeds = [s for s in seeds if all((self.out / f"{a}-{s}/test/results.json").exists() for a in (arm, baseline))]
        if not seeds:
            return []
        out = self.out / f"compare-{arm}-{baseline}-{len(seeds)}"
        runs = {a: ",".join(str(self.out / f"{a}-{s}/test") for s in seeds) for a in (arm, baseline)}
        try:
            self.run(out / "comparison.json", "compare", f"arms={baseline}={runs[baseline]};{arm}={runs[arm]}",
                     f"baseline={baseline}", f"out={out}", *[f"{k}={v}" for k, v in options.items()])
        except (TimeIsOver, subprocess.CalledProcessError) as error:
            print(f"{arm} is not compared with {baseline}: {error or 'no time'}", file=sys.stderr)
            return []
        return [r for r in json.loads((out / "comparison.json").read_text())["rows"] if r["arm"] == arm]


def write_whole(file, text):
    """The old text or the new one, never a part."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def bounds(difference, key, scale=100):
    """"+0.10 to +0.50" of an interval of a compared row's difference; empty where there is none."""
    found = difference.get(key)
    return f"{scale * found[0]:+.2f} to {scale * found[1]:+.2f}" if found else ""
