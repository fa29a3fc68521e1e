#include "evaluation/score_stream.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/shares.h"
#include "detectors/bank_inputs.h"

namespace nescio::evaluation {
namespace {

// Of each process: enough rows to keep all threads busy, few enough that Ctrl-C is heard.
constexpr std::size_t window_rows = 16384;

/// Scores of one detector that are NaN or infinite.
struct NotFinite {
  std::size_t count = 0;
  std::size_t row = 0;  // the first of them
  double value = 0;

  template <class T>
  void look_at(std::span<const T> scores, std::size_t first) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (std::isfinite(scores[i])) continue;
      if (count++ > 0) continue;
      row = first + i;
      value = static_cast<double>(scores[i]);
    }
  }
  std::string fault(const std::string& detector, const std::string& split, std::size_t rows) const {
    if (count == 0) return {};
    return text(
        "[", detector, "] ", split, ": the scores of ", count, " of ", rows,
        " rows are NaN or infinite, the first is that of row ", row, " (", format_number(value),
        "); look at that row's logits and features and at the detector's parameters: together they "
        "are beyond what it can take");
  }
};

template <class T>
std::vector<std::string> stream(const bank::BankView& view, const std::vector<std::string>& reads,
                                const expr::Program& program, const std::vector<std::string>& names,
                                const TakeScores<T>& take, const Progress& progress,
                                Communicator& processes = alone()) {
  const auto arrays = detectors::read_arrays(view, reads);
  const expr::Batch all = detectors::to_batch(arrays);
  const std::string& split = view.name;
  const std::size_t rows = view.rows;
  const std::size_t block = program.block_rows();
  const std::size_t step =
      (window_rows + block - 1) / block * block * static_cast<std::size_t>(processes.size());

  std::vector<std::vector<T>> values(names.size());
  std::vector<NotFinite> not_finite(names.size());
  for (std::size_t first = 0; first < rows; first += step) {
    check_interrupt();
    if (progress) progress("scoring " + split, first, rows);
    const std::size_t count = std::min(step, rows - first);
    const Share own = share_of_rows(processes, count, block);
    expr::Batch window;
    for (const auto& [name, view] : all) {
      window.emplace(name, view.slice(first + own.first, own.count));
    }
    std::vector<expr::Output> outputs;
    for (auto& scores : values) {
      scores.resize(count);
      outputs.emplace_back(scores.data() + own.first);
    }
    program.run(window, outputs, expr::InputCheck::none);  // scores are looked at below

    std::vector<std::span<const T>> spans;
    for (std::size_t d = 0; d < values.size(); ++d) {
      gather(processes, std::span<T>(values[d]), own);
      not_finite[d].look_at(std::span<const T>(values[d]), first);
      spans.emplace_back(values[d]);
    }
    take(first, spans);
  }
  if (progress) progress("scoring " + split, rows, rows);
  std::vector<std::string> faults;
  for (std::size_t d = 0; d < names.size(); ++d) {
    faults.push_back(not_finite[d].fault(names[d], split, rows));
  }
  return faults;
}

void check(const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) {
    if (!fault.empty()) fail(fault);
  }
}

}  // namespace

void stream_scores(const bank::BankView& view, const std::vector<std::string>& reads,
                   const expr::Program& program, const std::vector<std::string>& names,
                   const TakeScores<float>& take, const Progress& progress,
                   Communicator& processes) {
  check(stream(view, reads, program, names, take, progress, processes));
}

void stream_scores(const bank::BankView& view, const std::vector<std::string>& reads,
                   const expr::Program& program, const std::vector<std::string>& names,
                   const TakeScores<double>& take, const Progress& progress,
                   Communicator& processes) {
  check(stream(view, reads, program, names, take, progress, processes));
}

template <class T>
std::vector<std::string> add_scores(const bank::BankView& view,
                                    const std::vector<std::string>& reads,
                                    const expr::Program& program,
                                    const std::vector<std::string>& names, T weight,
                                    std::vector<std::vector<T>>& sums, const Progress& progress) {
  const TakeScores<T> add = [&](std::size_t first, const auto& windows) {
    for (std::size_t d = 0; d < windows.size(); ++d) {
      for (std::size_t i = 0; i < windows[d].size(); ++i) {
        sums[d][first + i] += weight * windows[d][i];
      }
    }
  };
  return stream<T>(view, reads, program, names, add, progress);
}

template std::vector<std::string> add_scores(const bank::BankView&, const std::vector<std::string>&,
                                             const expr::Program&, const std::vector<std::string>&,
                                             float, std::vector<std::vector<float>>&,
                                             const Progress&);
template std::vector<std::string> add_scores(const bank::BankView&, const std::vector<std::string>&,
                                             const expr::Program&, const std::vector<std::string>&,
                                             double, std::vector<std::vector<double>>&,
                                             const Progress&);

}  // namespace nescio::evaluation
