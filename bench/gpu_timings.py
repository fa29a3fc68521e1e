"""How fast networks are trained, run and evaluated on a device, beside what eager PyTorch makes of the same: the timings of
tools/gpu_check, which owns options, record and calls.
"""
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# network, batch, side, classes, precision, what is asked of the ratio
TRAINED = [("resnet20", 128, 32, 10, "bfloat16", 2.0), ("resnet20", 128, 32, 10, "float32", 2.0),
           ("resnet50", 128, 224, 10, "bfloat16", 0.97), ("vit_base_patch16_224", 128, 224, 10, "bfloat16", 0.97),
           ("wrn_40_2", 128, 32, 10, "bfloat16", 0.97), ("densenet_bc_100_12", 256, 32, 10, "bfloat16", 0.97)]
PROBES = {"mae": "mae", "simclr": "simclr", "finetune": "finetune"}  # of mood_cifar10: ours alone, to choose work= by


class Failed(Exception):
    def __init__(self, why, result=None):
        super().__init__(why)
        self.result = result or {}


class Stopped(Exception):
    """The minutes are over before the step has ended."""


def rows_of(file):
    """The rows of a metrics.jsonl, of which the last may be half written."""
    rows = []
    for line in (file.read_text().splitlines() if file.exists() else []):
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def last_line(log):
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "nothing was said"


class Timings:
    def plan_timings(self):
        plan = [(f"timings/train/{t[0]}/{t[4]}", lambda end, t=t: self.time_training(*t, end)) for t in TRAINED]
        plan[4:4] = [(f"timings/probe/{name}", lambda end, n=name: self.time_probe(n, end)) for name in PROBES]
        plan[1:1] = [("timings/launched/resnet20/bfloat16", self.time_launched)]
        plan += [(f"timings/extract/{n}/{p}", lambda end, n=n, p=p: self.time_extraction(n, p, end))
                 for n in ("resnet20", "densenet_bc_100_12") for p in ("float32", "bfloat16")]
        return plan + [(f"timings/evaluate/{e}", lambda end, e=e: self.time_evaluation(e, end)) for e in self.executors()]

    def executors(self):
        """cpu and those that may compute on a GPU."""
        said = self.said("list", "executors")
        return ["cpu"] + [w for w in re.findall(r"^(\w+) +executor", said, re.M) if w not in ("cpu", "reference")]

    def said(self, *words):
        try:
            return subprocess.run([self.program, *words], capture_output=True, text=True, timeout=60).stdout
        except (OSError, subprocess.SubprocessError):
            return ""

    def pictures(self, side):
        """A data set of this size: CIFAR-10's training set if it is there, or as much noise of ten classes."""
        real = pathlib.Path(self.o["data"]) / "cifar-10-batches-bin"
        if side == 32 and (real / "data_batch_1.bin").exists():
            return f"cifar10:{real}?split=train"
        import numpy as np
        file, labels = self.out / f"timings-noise-{side}.npy", self.out / f"timings-labels-{side}.npy"
        count = 50_000 if side == 32 else 4096
        if not labels.exists():
            np.save(file, np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8))
            np.save(labels, np.arange(count) % 10)
        return f"npy:{file}?labels={labels}"

    def training_rate(self, name, options, end):
        """Images a second of `nescio train`, from the time stamps of its rows: the first second does not count."""
        run = self.out / name.replace("/", "-")
        subprocess.run(["rm", "-rf", run], check=True)
        enough = float(self.o["seconds"])
        limit = time.monotonic() + 60 + 5 * enough
        batch = int(next(w.split("=")[1] for w in options if w.startswith("batch=")))

        def counted():
            rows = [r for r in rows_of(run / "metrics.jsonl") if r["split"] == "train"]
            return [r for r in rows if r["time"] - rows[0]["time"] >= 1]
        self.call(name, [self.program, "train", *options, "checkpoint_seconds=0", "checkpoint_every=1000000000",
                         "seed=0", f"device={self.o['device']}", f"out={run}"], end,
                  done=lambda: time.monotonic() > limit or (r := counted()) and r[-1]["time"] - r[0]["time"] >= enough)
        rows = counted()
        subprocess.run(["rm", "-rf", run], check=True)
        if len(rows) < 2 and self.left(end) > 0:
            raise Failed(f"{60 + 5 * enough:.0f} s are not enough to time it on this device")
        if len(rows) < 2:
            raise Stopped
        rates = sorted(batch * (b["step"] - a["step"]) / (b["time"] - a["time"]) for a, b in zip(rows, rows[1:]))
        whole = batch * (rows[-1]["step"] - rows[0]["step"]) / (rows[-1]["time"] - rows[0]["time"])
        return {"images_per_second": whole, "slowest_row": rates[0], "fastest_row": rates[-1],
                "seconds": rows[-1]["time"] - rows[0]["time"]}

    def of_eager(self, kind, network, batch, side, classes, precision, end):
        """What eager PyTorch does in the same time, on the same device, just afterwards."""
        if self.eager is None:
            log = open(self.out / "logs/eager.log", "ab")
            if not shutil.which(self.o["python"]):
                return {"error": f"there is no {self.o['python']}"}
            self.eager = subprocess.Popen([self.o["python"], ROOT / "bench/peers/eager_training.py", self.o["device"]], text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        impatience = threading.Timer(max(10, self.left(end)), self.eager.kill)
        impatience.start()
        try:
            print(kind, network, batch, side, classes, precision, self.o["seconds"], file=self.eager.stdin, flush=True)
            line = self.eager.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            impatience.cancel()
        if not line:
            self.end_eager()
            if self.left(end) <= 0:
                raise Stopped
            return {"error": f"{self.o['python']} bench/peers/eager_training.py ended: {last_line(self.out / 'logs/eager.log')}"}
        return json.loads(line)

    def end_eager(self):
        if self.eager:
            self.eager.kill()
            self.eager.wait()
            self.eager = None

    def training(self, network, batch, side, precision):
        return [f"model={network}", f"data={self.pictures(side)}", f"batch={batch}", f"precision={precision}", "lr=0.001",
                "schedule=constant", "steps=1000000000", "augment=crop(padding=4),flip" if side == 32 else "augment=flip"]

    def time_launched(self, end):
        """What the first of TRAINED does without CUDA graphs."""
        network, batch, side, _, precision, _ = TRAINED[0]
        return self.training_rate(f"timings/launched/{network}/{precision}",
                                  self.training(network, batch, side, precision) + ["cuda_graphs=false"], end)

    def time_training(self, network, batch, side, classes, precision, asked, end):
        ours = self.training_rate(f"timings/train/{network}/{precision}",
                                  self.training(network, batch, side, precision) + ["cuda_graphs=auto"], end)
        theirs = self.of_eager("train", network, batch, side, classes, precision, end)
        result = {**ours, "batch": batch, "eager": theirs, "asked": asked}
        return self.against(ours["images_per_second"], theirs, result)

    @staticmethod
    def against(ours, theirs, result):
        """The result with the ratio of the rates."""
        if "error" in theirs:
            raise Failed(theirs["error"], result)
        result["ratio"] = ours / theirs["images_per_second"]
        if "asked" in result:
            result["met"] = result["ratio"] >= result["asked"]
        return result

    def time_probe(self, name, end):
        """One network of mood_cifar10, alone on the device."""
        return self.training_rate(f"timings/probe/{name}", [
            str(ROOT / f"configs/mood_cifar10_{PROBES[name]}.yaml"), f"data={self.pictures(32)}", "batch=1024",
            "precision=bfloat16", "epochs=100000"], end)

    def time_extraction(self, network, precision, end):
        """By the difference of a long and a short extraction, so that starting does not count."""
        name = f"timings/extract/{network}/{precision}"
        choice = f"?precision={precision}" if precision != "float32" else ""
        import numpy as np
        seconds, count = {}, int(self.o["pictures"])
        start = self.out / "timings-start"
        if not (start / network / "last.safetensors").exists():  # weights to extract with: those of one step
            self.call(name, [self.program, "train", f"model={network}", f"data={self.pictures(32)}", "steps=1", "lr=0.001",
                             f"device={self.o['device']}", f"out={start / network}"], end)
        for rows in (count // 10, count):
            index, bank = self.out / f"timings-rows-{rows}.npy", self.out / "timings-extracted"
            np.save(index, np.arange(rows, dtype=np.int64) % 50_000)
            subprocess.run(["rm", "-rf", bank], check=True)
            began = time.monotonic()
            self.call(name, [self.program, "extract", f"model={network}:{start / network}/last.safetensors{choice}",
                             f"data={self.pictures(32)}&index={index}", f"bank={bank}", "as=cifar10/train", "batch=500",
                             f"device={self.o['device']}"], end)
            seconds[rows] = time.monotonic() - began
        subprocess.run(["rm", "-rf", bank], check=True)
        (short_rows, a), (long_rows, b) = sorted(seconds.items())
        rate = (long_rows - short_rows) / (b - a)
        theirs = self.of_eager("forward", network, 500, 32, 10, precision, end)
        return self.against(rate, theirs, {"images_per_second": rate, "seconds": seconds, "eager": theirs})

    def time_evaluation(self, executor, end):
        """kNN and Mahalanobis, 1024 features, 1000 classes, 10 % as many rows scored of each of two sets: whole commands."""
        import numpy as np
        name, bank, rows = f"timings/evaluate/{executor}", self.out / "timings-bank", int(self.o["rows"])
        if not (bank / "ready").exists():
            drawn = np.random.default_rng(0)
            centres = drawn.standard_normal((1000, 1024), np.float32)
            for split, count, shift in (("id/train", rows, 0), ("id/test", rows // 10, 0), ("ood/test", rows // 10, 0.5)):
                labels = np.arange(count) % 1000
                file, of = self.out / "timings-features.npy", self.out / "timings-labels.npy"
                np.save(file, centres[labels] + drawn.standard_normal((count, 1024), np.float32) + np.float32(shift))
                np.save(of, labels)
                self.call(name, [self.program, "import", f"bank={bank}", f"as={split}", f"features={file}"] +
                          ([f"labels={of}"] if split != "ood/test" else []), end)
            (bank / "ready").touch()
        takes = "device=" in self.said("evaluate", "--help")
        # Loading libtorch and the bank is part of it; a second detector's share is what the device is for.
        seconds = {}
        for detector in ("mahalanobis", "knn(k=50)"):
            began = time.monotonic()
            self.call(name, [self.program, "evaluate", f"bank={bank}", "train=id/train", "id=id/test", "far=ood/test",
                             f"detectors={detector}", "bootstrap=0", f"executor={executor}",
                             *([f"device={self.o['device']}"] if takes and executor != "cpu" else []),
                             f"out={self.out / 'timings-evaluated'}"], end)
            seconds[detector] = time.monotonic() - began
        flops = 2 * rows * (rows // 5) * 1024
        result = {"seconds": seconds, "rows": rows, "knn_tflops_at_least": flops / seconds["knn(k=50)"] / 1e12}
        of_cpu = self.known["steps"]["timings/evaluate/cpu"].get("result", {}).get("seconds")
        if executor != "cpu" and of_cpu:
            result["cpu_over_this"] = {d: of_cpu[d] / s for d, s in seconds.items()}
        return result
