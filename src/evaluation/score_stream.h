// Scores of the rows of a split, window by window.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "base/communicator.h"
#include "base/progress.h"
#include "expr/program.h"

namespace nescio::evaluation {

/// Takes the scores of rows first .. first + n - 1, one span of n values for each output.
template <class T>
using TakeScores = std::function<void(std::size_t first, const std::vector<std::span<const T>>&)>;

/// Runs the program, which reads these arrays, over the rows and hands out each window in order. Private
/// memory does not grow with the rows; bits do not depend on threads or on the window. `names` says what
/// the outputs are called. Error, behind the last window, for scores that are NaN or infinite, with
/// detector, count and first row; Interrupted between windows. Several processes share the rows of each window, which is
/// the larger for it, and all get all scores, with the bits of one process.
void stream_scores(const bank::BankView& view, const std::vector<std::string>& reads,
                   const expr::Program& program, const std::vector<std::string>& names,
                   const TakeScores<float>& take, const Progress& progress = {},
                   Communicator& processes = alone());
void stream_scores(const bank::BankView& view, const std::vector<std::string>& reads,
                   const expr::Program& program, const std::vector<std::string>& names,
                   const TakeScores<double>& take, const Progress& progress = {},
                   Communicator& processes = alone());

/// Adds `weight` times each score to `sums`, [outputs][rows]. Returns the sentences of the errors, one for
/// each output, empty where all its scores are finite: for those who can do without an output.
template <class T>
[[nodiscard]] std::vector<std::string> add_scores(const bank::BankView& view,
                                                  const std::vector<std::string>& reads,
                                                  const expr::Program& program,
                                                  const std::vector<std::string>& names, T weight,
                                                  std::vector<std::vector<T>>& sums,
                                                  const Progress& progress = {});

}  // namespace nescio::evaluation
