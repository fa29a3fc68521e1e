"""The threads that nescio computes on."""

from __future__ import annotations

from nescio import _core


def set_num_threads(threads: int) -> None:
    """Computes on this many threads from now on, whichever Python thread calls; else OMP_NUM_THREADS or all cores.

    They are OpenMP's, and one pool with those of torch where both use one libgomp: libraries that the calling thread uses
    then see this number, too. A forked process (a worker of a DataLoader) has one thread, since OpenMP's do not
    survive a fork.

    Raises nescio.Error unless threads is at least 1, and for more than 1 in a forked process.
    """
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise _core.Error(f"threads: expected a whole number, found {threads!r}")
    _core.set_thread_count(threads)


def get_num_threads() -> int:
    """The threads that nescio computes on."""
    return _core.thread_count()
