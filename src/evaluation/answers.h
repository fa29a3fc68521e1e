// Which rows the network classified right, and how sure it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "metrics/metrics.h"

namespace nescio::evaluation {

/// For each row of the split whether the largest of the network's logits (or, without logits, the
/// answer that was imported, or what features and head say; of an ensemble the largest mean
/// probability) is that of the label, and where there are logits its softmax probability. None where
/// the split has none of them, or no labels (none at all, or all -1). Where one of the metrics needs the
/// probability of every class, that is kept, too: N * C floats. Error for a label outside 0 .. C-1.
std::optional<metrics::Answers> answers_of(
    const bank::BankViews& bank, const std::string& split,
    const metrics::ChosenMetrics& metrics = metrics::standard_metrics());

/// The class that the network sees in each row: that of the largest logit, or the answer that was imported. Empty where
/// the split says neither.
std::vector<std::uint32_t> predicted_classes(const bank::BankViews& bank, const std::string& split);

}  // namespace nescio::evaluation
