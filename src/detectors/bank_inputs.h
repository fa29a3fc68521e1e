// A bank as fitting and scoring see it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "detectors/detector.h"
#include "detectors/inputs.h"
#include "expr/program.h"
#include "statistics/split.h"

namespace nescio::detectors {

/// Whether logits are read, as the network gave them, or follow from features and head.
enum class LogitsFrom { network, head };

/// A head as constants of expressions.
std::optional<HeadTables> head_tables(const std::optional<Head>& head);
/// Those of the named arrays that the view has, float32 [N, w].
std::map<std::string, Array> read_arrays(const bank::BankView& view,
                                         const std::vector<std::string>& names);
/// The arrays that are read of rows: features instead of logits where these follow from them.
std::vector<std::string> arrays_for(const Needs& needs, LogitsFrom logits);
/// Why rows cannot be read as it is needed, as a clause for people: an array is missing or damaged.
/// Empty if they can. `labels`: whether those are read, too.
std::string missing_in(const bank::BankView& view, const Needs& needs, bool labels);
/// Some arrays of a view, as fitting sees them. One that cannot be read is left out: missing_in() says
/// so to those who need it.
statistics::Split read_split(const bank::BankViews& views, const std::string& split,
                             const std::vector<std::string>& names);
/// LogitsFrom::head if some of the splits (empty names are left out) have features, but no logits, and
/// the bank has a head: all rows that are compared get theirs in one way.
LogitsFrom logits_from(const bank::BankViews& views, const std::vector<std::string>& splits);
/// What the bank's arrays are called and how wide they are, for rows of these splits.
Inputs make_inputs(const bank::BankViews& views, const std::vector<std::string>& splits);
/// The logits of each network of banks side by side, in one graph, by the names that their arrays have
/// there in these splits. Error unless all have the same number of classes.
std::vector<Expr> logits_of_members(const bank::BankViews& views,
                                    const std::vector<std::string>& splits);
/// The rows of arrays, which stay their owners.
Batch to_batch(const std::map<std::string, Array>& arrays);

}  // namespace nescio::detectors
