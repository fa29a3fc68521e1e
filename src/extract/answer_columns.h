// The arrays of bank/answers.h, as columns of an extraction.
#pragma once

#include <functional>
#include <vector>

#include "bank/feature_bank.h"
#include "extract/extract.h"
#include "extract/passes.h"

namespace nescio::extract {

/// Arrays of the split that are made together, and how their rows come of a batch.
struct Column {
  std::vector<bank::ArrayPlan> plans;
  std::function<std::vector<Array>(const image::ImageBatch&, Pass&)>
      rows;                      // [batch.count or more ...]
  const Probe* probe = nullptr;  // that it is of
  std::size_t view = 0;          // of the pictures
};

/// One for each view. `made_by` is what made what the network says. Error for a `top` that is not less
/// than the network's classes.
std::vector<Column> answer_columns(const AnswerOptions& options, std::size_t classes,
                                   const nlohmann::json& made_by);

}  // namespace nescio::extract
