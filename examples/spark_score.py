#!/usr/bin/env python3
"""Scores the rows of Parquet files with a saved, calibrated detector, in Spark.

    spark-submit spark_score.py DETECTOR IN.parquet OUT.parquet [--drop]

IN has a column features or logits, or both as the detector needs: lists of floats, one length in all rows. OUT has the
rows of IN and the columns class, score, threshold, is_ood, p_value. The driver reads the detector and Spark carries it
to the workers, which need the packages nescio, pandas and pyarrow and no file.
"""
import argparse
import sys

import nescio
import numpy as np
import pandas
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

INPUTS = ["features", "logits"]
TYPES = {"class": "long", "score": "float", "threshold": "double", "is_ood": "boolean", "p_value": "double"}


def matrix(rows, name):
    if not len({np.shape(values) for values in rows[name]}) == 1:
        raise nescio.Error(f"column {name}: expected a list of the same length in every row")
    return np.stack(rows[name])


def answered(detector, rows, drop):
    """The data frame with the detector's answers as further columns."""
    given = [name for name in INPUTS if name in rows]
    answers = detector.predict(**{name: matrix(rows, name) for name in given})
    return rows.drop(columns=given if drop else []).assign(**answers)


def score(spark, detector, source, target, drop):
    rows = spark.read.parquet(source)
    first = pandas.DataFrame([row.asDict() for row in rows.take(1)])
    if first.empty:
        raise nescio.Error(f"{source}: no rows")
    columns = answered(detector, first, drop).columns  # whatever does not fit is said here, before any worker starts
    schema = StructType([field for field in rows.schema if field.name in columns and field.name not in TYPES])
    for name in (name for name in TYPES if name in columns):
        schema = schema.add(name, TYPES[name])
    shared = spark.sparkContext.broadcast(detector)  # loaded by the first batch of a worker, and kept

    def answered_by_worker(batches):
        nescio.set_num_threads(1)  # Spark has a worker for each core
        return (answered(shared.value, batch, drop) for batch in batches if len(batch))

    rows.mapInPandas(answered_by_worker, schema).write.parquet(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", help="folder that `nescio fit` or Detector.save() wrote")
    parser.add_argument("source", help="Parquet file or folder, wherever Spark reads")
    parser.add_argument("target", help="folder that is written; must not be there")
    parser.add_argument("--drop", action="store_true", help="leave features and logits out of what is written")
    given = parser.parse_args()
    spark = SparkSession.builder.appName("nescio score").getOrCreate()
    try:
        score(spark, nescio.load(given.detector), given.source, given.target, given.drop)
    except (nescio.Error, PySparkException) as e:
        # A worker's traceback ends with what it was about, and Spark's own follows.
        reasons = [line for line in str(e).splitlines() if "Error: " in line] or str(e).splitlines()
        sys.exit(f"spark_score.py: {reasons[0]}")
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
