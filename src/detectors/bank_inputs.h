// A bank as fitting and scoring see it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "detectors/inputs.h"
#include "expr/program.h"
#include "statistics/split.h"

namespace nescio {

/// Whether logits are read, as the network gave them, or follow from features and head.
enum class LogitsFrom { network, head };

/// A head as constants of expressions.
std::optional<HeadTables> head_tables(const std::optional<Head>& head);
/// What a detector may read of a split: logits, features and what probes added, float32 [N, w].
std::map<std::string, Array> read_arrays(const FeatureBank& bank, const std::string& split);
/// One split of a bank as fitting sees it: its arrays, labels, classes. Where neither logits nor head
/// say how many classes there are, the labels do.
Split read_split(const FeatureBank& bank, const std::string& split);
/// LogitsFrom::head if some of the splits (empty names are left out) have features, but no logits, and
/// the bank has a head: all rows that are compared get theirs in one way.
LogitsFrom logits_from(const FeatureBank& bank, const std::vector<std::string>& splits);
/// What the bank's arrays are called and how wide they are, for rows of these splits.
Inputs make_inputs(const FeatureBank& bank, const std::vector<std::string>& splits);
/// The rows of arrays, which stay their owners.
Batch to_batch(const std::map<std::string, Array>& arrays);

}  // namespace nescio
