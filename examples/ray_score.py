#!/usr/bin/env python3
"""Scores the rows of Parquet files with a saved, calibrated detector, in Ray.

    ray_score.py DETECTOR IN.parquet OUT.parquet [--drop] [--workers N]

IN has a column features or logits, or both as the detector needs: lists of floats, one length in all rows. OUT has the
rows of IN and the columns class, score, threshold, is_ood, p_value. This process reads the detector and Ray carries it
to the workers, which need the packages nescio and pandas and no file.
"""
import argparse
import sys

import nescio
import numpy as np
import ray

INPUTS = ["features", "logits"]


def matrix(rows, name):
    if not len({np.shape(values) for values in rows[name]}) == 1:
        raise nescio.Error(f"column {name}: expected a list of the same length in every row")
    return np.stack(rows[name])


def answered(detector, rows, drop):
    """The data frame with the detector's answers as further columns."""
    given = [name for name in INPUTS if name in rows]
    answers = detector.predict(**{name: matrix(rows, name) for name in given})
    return rows.drop(columns=given if drop else []).assign(**answers)


class Worker:
    def __init__(self, detector, drop):
        nescio.set_num_threads(1)  # Ray has a worker for each core
        self.detector, self.drop = detector, drop

    def __call__(self, rows):
        return answered(self.detector, rows, self.drop)


def score(detector, source, target, drop, workers):
    rows = ray.data.read_parquet(source)
    first = rows.take_batch(1, batch_format="pandas")
    answered(detector, first, drop)  # whatever does not fit is said here, before any worker starts
    rows.map_batches(
        Worker,
        fn_constructor_args=[detector, drop],  # once a worker
        batch_format="pandas",
        batch_size=4096,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers or int(ray.cluster_resources()["CPU"])),
    ).write_parquet(target, mode=ray.data.SaveMode.CREATE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", help="folder that `nescio fit` or Detector.save() wrote")
    parser.add_argument("source", help="Parquet file or folder, wherever Ray reads")
    parser.add_argument("target", help="folder that is written; must not be there")
    parser.add_argument("--drop", action="store_true", help="leave features and logits out of what is written")
    parser.add_argument("--workers", type=int, help="at most so many; else as many as the cluster has cores")
    given = parser.parse_args()
    try:
        score(nescio.load(given.detector), given.source, given.target, given.drop, given.workers)
    except (ValueError, OSError, ray.exceptions.RayError) as e:  # nescio.Error is a ValueError
        # A worker's traceback has what it was about, and Ray's own follows.
        reasons = [line for line in str(e).splitlines() if "Error: " in line] or str(e).splitlines()
        sys.exit(f"ray_score.py: {reasons[0]}")


if __name__ == "__main__":
    main()
