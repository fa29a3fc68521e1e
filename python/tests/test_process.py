"""Threads, forks, Ctrl-C, and torch in the same process. Each case is a process of its own."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time

import nescio
import numpy as np
import pytest

SETUP = """
import os, sys
import numpy as np
def threads():
    return len(os.listdir("/proc/self/task"))
rng = np.random.default_rng(0)
h = rng.normal(size=(4000, 64)).astype(np.float32)
y = rng.integers(0, 10, 4000)
"""


def python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code], capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive", **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_threads_follow():
    out = python(
        "import nescio\nprint(nescio.get_num_threads())\nnescio.set_num_threads(2)\nprint(nescio.get_num_threads())\n"
        "before = threads()\nnescio.Detector('mahalanobis').fit(features=h, labels=y).score(features=h)\n"
        "print(threads() - before)\n"
        "for wrong in (0, -1, 1.5, 'two', True):\n"
        "    try:\n        nescio.set_num_threads(wrong)\n    except nescio.Error as e:\n        print('Error', e)\n"
    ).splitlines()
    assert out[:2] == ["4", "2"]
    assert int(out[2]) <= 1
    assert len([line for line in out if line.startswith("Error threads")]) == 5


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("first", ["torch", "nescio"])
def test_torch_before_and_after(first):
    second = {"torch": "nescio", "nescio": "torch"}[first]
    out = python(
        f"import {first}\nimport {second}\n"
        "t = torch.from_numpy(rng.normal(size=(2000, 2000)))\n"
        "det = nescio.Detector('mahalanobis').fit(features=h, labels=y)\n"
        "start = det.score(features=h)\n"
        "product = (t @ t).sum().item()\n"
        "alone = threads()\n"
        "for i in range(5):\n"
        "    assert (det.score(features=torch.from_numpy(h)) == start).all()\n"
        "    assert (t @ t).sum().item() == product\n"
        "    nescio.Detector('vim').fit(features=h, head=torch.nn.Linear(64, 10)).score(features=h)\n"
        "print(alone, threads())\n"
        "maps = open('/proc/self/maps').read()\n"
        "pools = {line.split()[-1] for line in maps.splitlines() if 'libgomp' in line}\n"
        "print(len(pools), *pools)\n"
    )
    alone, after = map(int, out.splitlines()[0].split())
    assert after <= alone, out
    assert out.splitlines()[1].startswith("1 "), out  # one OpenMP, one pool


def test_a_fork_after_use_works():
    out = python(
        "import nescio\n"
        "det = nescio.Detector('mahalanobis').fit(features=h, labels=y)\n"
        "expected = det.score(features=h)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    ok = nescio.get_num_threads() == 1 and (det.score(features=h) == expected).all()\n"
        "    again = nescio.Detector('knn').fit(features=h).score(features=h[:10])\n"
        "    try:\n        nescio.set_num_threads(2)\n    except nescio.Error as e:\n        ok = ok and 'spawn' in str(e)\n"
        "    os._exit(0 if ok and len(again) == 10 else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert out.strip() == "0"


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_workers_of_a_dataloader():
    out = python(
        "import torch, nescio\n"
        "det = nescio.Detector('mahalanobis').fit(features=h, labels=y)\n"
        "expected = det.score(features=h)\n"
        "class Rows(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 64\n"
        "    def __getitem__(self, i): return det.score(features=h[i : i + 1])[0]\n"
        "loader = torch.utils.data.DataLoader(Rows(), batch_size=16, num_workers=2, multiprocessing_context='fork')\n"
        "print(float(abs(torch.cat(list(loader)).numpy() - expected[:64]).max()))\n"
    )
    assert float(out) < 1e-3


@pytest.mark.parametrize("work", ["det.score(features=h)", "nescio.Detector('gmm(components=64)').fit(features=h)"])
def test_ctrl_c_stops_a_long_call(work):
    """Work that would take minutes ends soon after the signal, and the process goes on."""
    code = (
        "import nescio\n"
        "h = np.tile(h, (500, 1))\n"
        "det = nescio.Detector('knn').fit(features=h[:200000])\n"
        "print('ready', flush=True)\n"
        f"try:\n    {work}\n    print('finished')\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
        "print(len(nescio.Detector('energy').score(logits=h[:3])))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", SETUP + code], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"},
        # What a shell runs in the background ignores the signal, and so would this one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline().strip() == "ready"
    time.sleep(1)  # within the call; were it earlier, Python itself would raise
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert out.split() == ["interrupted", "3"]


def test_other_threads_run_meanwhile():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(20000, 128)).astype(np.float32)
    det = nescio.Detector("knn").fit(features=h)
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    det.score(features=h[:2000])
    stop.set()
    thread.join()
    assert counted[0] > 1000


def test_several_threads_score_at_once(world):
    det = world.fit("vim")
    expected = det.score(**world.inputs(world.test))
    wrong = []

    def work():
        for _ in range(20):
            if not (det.score(**world.inputs(world.test)) == expected).all():
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
