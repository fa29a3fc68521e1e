"""What experiments of several arms share: calls of nescio that are not repeated, drawn pictures, paired comparisons.

From the environment: NESCIO, the program (build/nescio); JOBS, how many calls that do not need each other run side by side
(1), and THREADS, how many threads each of them takes (auto); MINUTES, after which nothing new is begun and what runs is
stopped: the same command goes on from there.
"""
import json
import os
import pathlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent.parent
NESCIO = os.environ.get("NESCIO", str(HERE / "build/nescio"))
JOBS, THREADS = int(os.environ.get("JOBS", "1")), os.environ.get("THREADS", "auto")
END = time.monotonic() + 60 * float(os.environ.get("MINUTES", "1e4"))


class Experiment:
    def __init__(self, data, out):
        self.data, self.out = pathlib.Path(data), pathlib.Path(out)
        self.out.mkdir(parents=True, exist_ok=True)

    def run(self, done, *arguments, says=None):
        """Calls nescio unless `done`, a file that it writes, is there; `says` gets what it prints."""
        if pathlib.Path(done).exists():
            return
        left = END - time.monotonic()
        if left <= 0:
            sys.exit("the minutes are over; the same command goes on")
        print("nescio", *arguments, flush=True)
        try:
            text = subprocess.run([NESCIO, *map(str, arguments), f"threads={THREADS}"], check=True, stdout=subprocess.PIPE,
                                  text=True, timeout=left).stdout
        except subprocess.TimeoutExpired:
            sys.exit("the minutes are over; the same command goes on")
        if says:
            pathlib.Path(says).write_text(text)

    def each(self, work, items):
        """work(*item) for each, JOBS at a time."""
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(lambda item: work(*item), items))

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
        """The rows of `arm` from `nescio compare` of the runs NAME-SEED/test that both have; [] if there are none."""
        seeds = [s for s in seeds if all((self.out / f"{a}-{s}/test/results.json").exists() for a in (arm, baseline))]
        if not seeds:
            return []
        out = self.out / f"compare-{arm}-{baseline}-{len(seeds)}"
        runs = {a: ",".join(str(self.out / f"{a}-{s}/test") for s in seeds) for a in (arm, baseline)}
        self.run(out / "comparison.json", "compare", f"arms={baseline}={runs[baseline]};{arm}={runs[arm]}",
                 f"baseline={baseline}", f"out={out}", *[f"{k}={v}" for k, v in options.items()])
        return [r for r in json.loads((out / "comparison.json").read_text())["rows"] if r["arm"] == arm]


def bounds(difference, key, scale=100):
    """"+0.10 to +0.50" of an interval of a compared row's difference; empty where there is none."""
    found = difference.get(key)
    return f"{scale * found[0]:+.2f} to {scale * found[1]:+.2f}" if found else ""
