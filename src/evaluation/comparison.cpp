#include "evaluation/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "base/error.h"
#include "base/find_entry.h"
#include "base/interrupt.h"
#include "evaluation/scored_runs.h"
#include "metrics/distributions.h"
#include "metrics/measure.h"

namespace nescio::evaluation {
namespace {

constexpr double confidence = 0.95;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::optional<metrics::Bounds> t_interval(const std::vector<double>& values) {
  const auto deviation = deviation_of(values);
  if (!deviation) return std::nullopt;
  const double half = metrics::student_t(confidence, values.size() - 1) * *deviation /
                      std::sqrt(static_cast<double>(values.size()));
  return metrics::Bounds{mean_of(values) - half, mean_of(values) + half};
}

/// The runs of an arm among all runs.
struct RunRange {
  std::size_t first, count;
};

/// Which runs stand against each other.
std::vector<std::pair<std::size_t, std::size_t>> pairs(RunRange a, RunRange b) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (std::size_t p = 0; p < std::max(a.count, b.count); ++p) {
    out.emplace_back(a.first + p % a.count, b.first + p % b.count);
  }
  return out;
}

/// The weight of every run in a sum.
using Weights = std::vector<double>;

/// One run under one detector.
struct Scored {
  const ScoredRun* run;
  std::string detector;
};

class Comparer {
 public:
  Comparer(std::span<const Arm> arms, const EvaluationSettings& settings, const Progress& progress)
      : settings_(settings) {
    std::vector<const FinishedRun*> runs;
    for (const Arm& arm : arms) {
      arms_.push_back({runs.size(), arm.runs.size()});
      for (const FinishedRun& run : arm.runs) runs.push_back(&run);
    }
    runs_ = score_runs(runs, settings, progress);
    keep_common_answers();
    out_ = {.arms = {},
            .detectors = runs_[0].detectors,
            .sets = runs_[0].sets,
            .rows = {},
            .metrics = settings.metrics,
            .resamples = settings.intervals.resamples};
    for (const Arm& arm : arms) {
      out_.arms.push_back({arm.name, {}});
      for (const FinishedRun& run : arm.runs) out_.arms.back().folders.push_back(run.folder);
    }
    for (const ScoredRun& run : runs_) {
      for (const metrics::RowNumbers& numbers : run.numbers) {
        out_.same_rows = out_.same_rows && numbers.id == 0 && numbers.ood < run.numbers.size();
      }
    }
  }

  Comparison of_arms(std::size_t baseline, const Progress& progress) {
    out_.baseline = baseline;
    ranges_ = arms_;
    for (const RunRange& range : ranges_) {
      for (const auto& [a, b] : pairs(range, ranges_[baseline])) {
        check_same_rows(runs_[a], runs_[b]);
      }
    }
    for (const std::string& detector : out_.detectors) {
      scored_.clear();
      for (const ScoredRun& run : runs_) scored_.push_back({&run, detector});
      append_answers();
      append_roles(progress);
    }
    return std::move(out_);
  }

  Comparison of_detectors(const std::string& baseline, const Progress& progress) {
    if (out_.detectors.size() < 2) {
      fail("expected at least two detectors to compare, found ", join(out_.detectors),
           "; name some with detectors=");
    }
    const auto found = std::ranges::find(out_.detectors, baseline);
    if (!baseline.empty() && found == out_.detectors.end()) {
      fail("no detector is called '", baseline, "'.", suggest(baseline, out_.detectors));
    }
    out_.of_detectors = true;
    if (!baseline.empty()) {
      out_.baseline = static_cast<std::size_t>(found - out_.detectors.begin());
    }
    for (const std::string& detector : out_.detectors) {
      ranges_.push_back({scored_.size(), runs_.size()});
      for (const ScoredRun& run : runs_) scored_.push_back({&run, detector});
    }
    append_roles(progress);  // what is measured on the answers alone is the same for all
    return std::move(out_);
  }

 private:
  /// A metric is compared where it can be measured on every run.
  void keep_common_answers() {
    const auto answered = [](const ScoredRun& run) { return run.answers.has_value(); };
    answered_ = std::ranges::all_of(runs_, answered);
    const auto confident = [&](const ScoredRun& run) {
      return answered(run) && !run.answers->confidence.empty();
    };
    if (!answered_ || std::ranges::all_of(runs_, confident)) return;
    for (ScoredRun& run : runs_) {
      run.answers->confidence.clear();
      run.answers->places.clear();
    }
  }

  Weights weights_of(RunRange plus, std::optional<RunRange> minus = {}) const {
    Weights out(scored_.size());
    const auto add = [&](RunRange range, double sign) {
      for (std::size_t r = 0; r < range.count; ++r) {
        out[range.first + r] += sign / static_cast<double>(range.count);
      }
    };
    add(plus, 1);
    if (minus) add(*minus, -1);
    return out;
  }

  /// A row for each metric that measure(Weights) gives and each side.
  template <class Measure>
  void append(const ComparedRow& place, const Measure& measure) {
    std::vector<std::vector<metrics::Measurement>> alone, means, differences;  // of scored; of side
    for (std::size_t r = 0; r < scored_.size(); ++r) alone.push_back(measure(weights_of({r, 1})));
    for (std::size_t a = 0; a < ranges_.size(); ++a) {
      means.push_back(measure(weights_of(ranges_[a])));
      differences.emplace_back();
      if (a == out_.baseline) continue;
      differences[a] = measure(weights_of(ranges_[a], ranges_[out_.baseline]));
    }
    for (std::size_t m = 0; m < alone[0].size(); ++m) {
      for (std::size_t a = 0; a < ranges_.size(); ++a) {
        ComparedRow row = place;
        row.metric = alone[0][m].metric->name;
        row.arm = out_.arms[out_.of_detectors ? 0 : a].name;
        row.detector = scored_[ranges_[a].first].detector;
        for (std::size_t r = 0; r < ranges_[a].count; ++r) {
          row.runs.push_back(alone[ranges_[a].first + r][m].value);
        }
        row.mean = mean_of(row.runs);
        row.deviation = deviation_of(row.runs);
        row.over_rows = means[a][m].bounds;
        if (a != out_.baseline) {
          std::vector<double> by_pair;
          for (const auto& [plus, minus] : pairs(ranges_[a], ranges_[out_.baseline])) {
            by_pair.push_back(alone[plus][m].value - alone[minus][m].value);
          }
          row.difference = Difference{mean_of(by_pair), differences[a][m].bounds, std::nullopt};
          if (ranges_[a].count == ranges_[out_.baseline].count) {
            row.difference->over_runs = t_interval(by_pair);
          }
        }
        out_.rows.push_back(std::move(row));
      }
    }
  }

  /// What is measured on the answers alone.
  void append_answers() {
    if (!answered_) return;
    if (answers_.empty()) {
      for (const ScoredRun& run : runs_) {
        answers_.push_back(metrics::measure_answers(*run.answers, run.numbers[0].id,
                                                    settings_.intervals, settings_.metrics));
      }
    }
    append({"", out_.sets[0].name, "id", "", ""}, [&](const Weights& weights) {
      std::vector<metrics::AnswersContrastTerm> terms;
      for (std::size_t r = 0; r < runs_.size(); ++r) {
        if (weights[r] != 0) terms.push_back({&answers_[r], weights[r]});
      }
      return metrics::contrast(terms, confidence);
    });
  }

  /// What was measured on some sets, [scored][set]: of each all sets at once, its ID rows sorted and drawn
  /// once.
  std::vector<std::vector<metrics::MeasuredRows>> measure_sets(
      const std::vector<std::size_t>& sets) const {
    std::vector<std::vector<metrics::MeasuredRows>> out;
    for (const Scored& scored : scored_) {
      const ScoredRun& run = *scored.run;
      const auto sorted = [&](std::size_t set, const char* what) {
        return metrics::sort_rows(run.scores.at({scored.detector, run.sets[set].name}), what);
      };
      std::span<const std::uint8_t> right;
      if (answered_) right = run.answers->right;
      const metrics::SortedRows id = sorted(0, "ID scores");
      std::vector<metrics::RowRanking> rankings;
      std::vector<std::size_t> numbers;
      for (const std::size_t set : sets) {
        rankings.push_back(metrics::rank_rows(id, sorted(set, "OOD scores"), right));
        numbers.push_back(run.numbers[set].ood);
      }
      out.push_back(metrics::measure_rows(std::move(rankings), run.numbers[0].id, numbers,
                                          settings_.intervals, settings_.metrics));
    }
    return out;
  }

  void append_roles(const Progress& progress) {
    check_interrupt();
    for (const char* role : {"near", "far"}) append_role(role, progress);
  }

  /// The sets of a role, the mean behind them.
  void append_role(const std::string& role, const Progress& progress) {
    std::vector<std::size_t> sets;
    for (std::size_t s = 0; s < out_.sets.size(); ++s) {
      if (out_.sets[s].role == role) sets.push_back(s);
    }
    if (sets.empty()) return;
    if (progress) {
      progress(scored_.front().detector + ": " + role, sets.front(), out_.sets.size());
    }
    const auto measured = measure_sets(sets);
    const auto append_sum = [&](const std::string& name, std::size_t first, std::size_t count) {
      append({"", name, role, "", ""}, [&](const Weights& weights) {
        std::vector<metrics::ContrastTerm> terms;
        for (std::size_t s = first; s < first + count; ++s) {
          for (std::size_t r = 0; r < scored_.size(); ++r) {
            if (weights[r] == 0) continue;
            terms.push_back({&measured[r][s], weights[r] / static_cast<double>(count)});
          }
        }
        return metrics::contrast(terms, confidence);
      });
    };
    for (std::size_t s = 0; s < sets.size(); ++s) append_sum(out_.sets[sets[s]].name, s, 1);
    append_sum(mean_of_sets, 0, sets.size());
  }

  const EvaluationSettings& settings_;
  std::vector<ScoredRun> runs_;
  std::vector<RunRange> arms_;                     // the runs of each
  std::vector<Scored> scored_;                     // what is compared now
  std::vector<RunRange> ranges_;                   // of each side among them
  bool answered_ = false;                          // whether the answers of all runs are known
  std::vector<metrics::MeasuredAnswers> answers_;  // of each run, once they were asked for
  Comparison out_;
};

void check_counts(std::span<const Arm> arms, std::size_t baseline) {
  const std::size_t expected = arms[baseline].runs.size();
  for (const Arm& arm : arms) {
    const std::size_t found = arm.runs.size();
    if (found == expected || found == 1 || expected == 1) continue;
    fail("arm ", arm.name, " has ", found, " runs and the baseline ", arms[baseline].name, " ",
         expected, "; runs are paired in order, so arms have equally many, or one");
  }
}

}  // namespace

std::vector<std::string> sides(const Comparison& comparison) {
  return comparison.of_detectors ? comparison.detectors : names_of(comparison.arms);
}

const std::string& side_of(const Comparison& comparison, const ComparedRow& row) {
  return comparison.of_detectors ? row.detector : row.arm;
}

std::vector<std::string> subjects(const Comparison& comparison) {
  return comparison.of_detectors ? names_of(comparison.arms) : comparison.detectors;
}

const std::string& subject_of(const Comparison& comparison, const ComparedRow& row) {
  return comparison.of_detectors ? row.arm : row.detector;
}

Comparison compare_arms(std::span<const Arm> arms, std::size_t baseline,
                        const EvaluationSettings& settings, const Progress& progress) {
  check_counts(arms, baseline);
  return Comparer(arms, settings, progress).of_arms(baseline, progress);
}

Comparison compare_detectors(const Arm& arm, const std::string& baseline,
                             const EvaluationSettings& settings, const Progress& progress) {
  return Comparer({&arm, 1}, settings, progress).of_detectors(baseline, progress);
}

std::vector<std::string> definitions(const Comparison& comparison) {
  std::vector<std::string> out = {
      "Value: the mean over the runs of an arm; +- is their standard deviation (n - 1). A role is "
      "the plain mean over its sets.",
      comparison.of_detectors
          ? text("Difference: detector less baseline (", sides(comparison)[comparison.baseline],
                 ") on the same run, the mean over runs. One whose interval over rows does not "
                 "hold 0 "
                 "is a paired test at the level 5 %; of several of them some are by chance.")
          : text("Difference: arm less baseline (", sides(comparison)[comparison.baseline],
                 "), the mean over runs paired in the order given; a single run stands against "
                 "every "
                 "run of the other arm."),
      "Over rows: the 95 % interval for other rows of the same kind and these networks. All runs "
      "score the same rows, and what they have in common through these counts.",
      "Over runs: the 95 % interval for other seeds and these rows: Student's t of the differences "
      "of the pairs. With few runs it is wide; there is none where the arms have not equally many, "
      "two or more."};
  for (const metrics::Metric* metric : comparison.metrics) {
    const bool closed = metric->ranking_interval || metric->answers_contrast;
    out.push_back(text(metric->name, ": ", metric->definition, " Over rows: ", metric->contrast,
                       closed ? "" : text(" (", comparison.resamples, " resamples)"), "."));
  }
  if (!comparison.same_rows) {
    out.push_back(
        "Not all runs were evaluated on the same rows, only those that are paired. Other rows are "
        "taken as independent: where they share pictures, the intervals over rows are rough.");
  }
  return out;
}

}  // namespace nescio::evaluation
