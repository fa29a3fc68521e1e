"""The clock of bench/measure.h: the processor's on one thread, the one on the wall on several."""

import statistics
import time


def seconds(work, threads):
    """Time of one call, and what it returned."""
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    result = work()
    return clock() - start, result


def median_seconds(work, threads, rounds=5):
    """Median time after one call that does not count, and what the last call returned."""
    times = []
    for _ in range(rounds + 1):
        time_of_call, result = seconds(work, threads)
        times.append(time_of_call)
    return statistics.median(times[1:]), result
