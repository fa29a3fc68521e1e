#!/usr/bin/env python3
"""Joins what score_shard.sh made of the shards of a list.

    join_shards.py OUT SPLIT

Writes the bank OUT/bank with the rows of all shards in the order of the list and, where the shards have scores,
OUT/scores.npy. A shard is in memory at a time. `index` says which line of the list a row is; names of files and what
made the arrays stay in the banks of the shards.
"""
import pathlib
import sys

import nescio
import numpy as np


def shards_of(out):
    shards = sorted(out.glob("shard-*-of-*"))
    if not shards:
        raise nescio.Error(f"{out}: expected folders shard-00000-of-..., which score_shard.sh writes, found none")
    count = shards[0].name.split("-")[-1]
    names = [f"shard-{i:05}-of-{count}" for i in range(int(count))]
    found = [shard.name for shard in shards]
    if found != names:
        odd = sorted(set(names) ^ set(found))
        raise nescio.Error(f"{out}: expected the {len(names)} shards of one division; {len(odd)} are missing or of another, {odd[0]} first")
    return shards


def join(out, split):
    shards = shards_of(out)
    banks = [nescio.FeatureBank(shard / "bank") for shard in shards]
    parts = [bank[split] for bank in banks]
    head = banks[0].head
    if head is not None and any(b.head is None or not all(map(np.array_equal, b.head, head)) for b in banks):
        raise nescio.Error(f"{out}: the banks of the shards have different heads, so they are of different networks")
    joined = nescio.FeatureBank(out / "bank", create=True)
    if head is not None:
        joined.set_head(head)
    writer = joined.writer(split, sum(part.rows for part in parts), parts[0])
    for part in parts:
        writer.write(dict(part))
    writer.finish()
    print(joined[split])

    files = [shard / "scores" / f"{split}.npy" for shard in shards]
    if any(file.exists() for file in files):
        scores = [np.load(file) for file in files]
        if [len(s) for s in scores] != [part.rows for part in parts]:
            raise nescio.Error(f"{out}: shards have other scores than rows; score them again")
        partial = out / "scores.partial.npy"
        np.save(partial, np.concatenate(scores))
        partial.replace(out / "scores.npy")
        print(out / "scores.npy")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        join(pathlib.Path(sys.argv[1]), sys.argv[2])
    except (nescio.Error, OSError) as e:
        sys.exit(f"join_shards.py: {e}")
