#!/usr/bin/env bash
# Extracts and scores one shard of a list of pictures. Engines that number their tasks call it once for each of SHARDS:
#
#   SHARD=0 SHARDS=16 MODEL=resnet20:W.th LIST=all.txt ROOT=pictures DETECTOR=detector SPLIT=today/all OUT=out score_shard.sh
#
# Shard i of S has the lines N i / S to N (i + 1) / S - 1 of the N in LIST, which has a picture a line ('relative/path label')
# and no blank ones, and a bank of its own, since a bank has one writer. Call it again for a shard that failed: what was
# extracted is kept, and what was interrupted goes on. join_shards.py makes one bank of them.
set -euo pipefail
: "${SHARD:?number of this shard, from 0}" "${SHARDS:?how many there are}" "${MODEL:?NETWORK:WEIGHTS}" "${LIST:?file}"
: "${ROOT:?folder that the paths begin at}" "${SPLIT:?SET/SPLIT}" "${OUT:?folder}"
rows=$(grep -c '' "$LIST")
first=$((rows * SHARD / SHARDS))
last=$((rows * (SHARD + 1) / SHARDS - 1))
if ((SHARD < 0 || SHARD >= SHARDS || last < first)); then
  echo "score_shard.sh: shard $SHARD of $SHARDS has none of the $rows rows of $LIST" >&2
  exit 2
fi
shard=$OUT/$(printf 'shard-%05d-of-%05d' "$SHARD" "$SHARDS")
mkdir -p "$OUT"
threads=${THREADS:-auto}

nescio extract model="$MODEL" data="imglist:$LIST?root=$ROOT&index=$first-$last" bank="$shard/bank" as="$SPLIT" threads="$threads"
if [[ -n ${DETECTOR:-} ]]; then
  nescio score "$DETECTOR" bank="$shard/bank" sets="$SPLIT" out="$shard/scores" threads="$threads"
fi
