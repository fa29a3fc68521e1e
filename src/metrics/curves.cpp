#include "metrics/curves.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace nescio::metrics {
namespace {

struct Counts {
  std::uint64_t positive = 0;
  std::uint64_t negative = 0;
};

Counts totals(const Ranking& ranking, Positive positive) {
  const Counts all{ranking.id_count, ranking.ood_count};
  return positive == Positive::id ? all : Counts{all.negative, all.positive};
}

/// As a double: exact up to 2^53.
double real(std::uint64_t count) { return static_cast<double>(static_cast<std::int64_t>(count)); }

/// Calls visit(before, after) for each threshold, the strictest one first, with the rows accepted
/// before and after its step, until visit returns false.
template <class Visit>
void for_each_threshold(const Ranking& ranking, Positive positive, const Visit& visit) {
  Counts before;
  const auto accept = [&](std::uint32_t more_positive, std::uint32_t more_negative) {
    const Counts after{before.positive + more_positive, before.negative + more_negative};
    const bool go_on = visit(before, after);
    before = after;
    return go_on;
  };
  const auto& steps = ranking.steps;
  if (positive == Positive::id) {
    for (auto step = steps.begin(); step != steps.end(); ++step) {
      if (!accept(step->id, step->ood)) return;
    }
  } else {
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      if (!accept(step->ood, step->id)) return;
    }
  }
}

double precision(const Counts& accepted) {
  return real(accepted.positive) / real(accepted.positive + accepted.negative);
}

/// ID rows in the lower half, OOD rows in the upper one: neither side has 2^32, so one sum adds up both.
std::uint64_t both(const Step& step) { return step.id | std::uint64_t{step.ood} << 32; }
template <Positive positive>
std::uint64_t positives(std::uint64_t rows) {
  return positive == Positive::id ? rows & 0xffffffffu : rows >> 32;
}
template <Positive positive>
std::uint64_t negatives(std::uint64_t rows) {
  constexpr Positive other = positive == Positive::id ? Positive::ood : Positive::id;
  return positives<other>(rows);
}

/// The sum of gained positive rows times precision. Divisions are what takes time: they are done side by side, and
/// only at steps with a positive row.
template <Positive positive, class Iterator>
double precision_sum(Iterator step, Iterator end) {
  constexpr std::size_t block = 512, lanes = 4;
  // 2^52 + count as bits: unlike a conversion, vectors have it.
  const auto real_of = [](std::uint64_t count) {
    return std::bit_cast<double>(count | 0x4330000000000000u) - 0x1p52;
  };
  std::uint64_t rows = 0;
  std::uint64_t
      accepted[1 + block];  // those of the step before, then those of steps that gain something
  accepted[0] = 0;
  double terms[block], sums[lanes] = {};
  while (step != end) {
    const Iterator stop = step + std::min<std::ptrdiff_t>(block, end - step);
    std::size_t size = 0;
    for (; step != stop; ++step) {
      rows += both(*step);
      accepted[1 + size] = rows;
      size += positives<positive>(both(*step)) != 0;
    }
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t all = positives<positive>(accepted[i + 1]);
      const std::uint64_t gained = all - positives<positive>(accepted[i]);
      const std::uint64_t flagged = all + negatives<positive>(accepted[i + 1]);
      terms[i] = real_of(gained) * (real_of(all) / real_of(flagged));
    }
    accepted[0] = accepted[size];
    for (; size % lanes != 0; ++size) terms[size] = 0;
    for (std::size_t i = 0; i < size; i += lanes) {
      for (std::size_t l = 0; l < lanes; ++l) sums[l] += terms[i + l];
    }
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// The negative rows that are accepted with at least `enough` positive ones, from the strictest threshold on. Whole
/// blocks first: sums that nothing waits for.
template <Positive positive, class Iterator>
std::uint64_t accepted_with(Iterator step, Iterator end, std::uint64_t enough) {
  constexpr std::ptrdiff_t block = 64;
  std::uint64_t accepted = 0;
  for (; end - step > block; step += block) {
    std::uint64_t more = accepted;
    for (std::ptrdiff_t i = 0; i < block; ++i) more += both(step[i]);
    if (positives<positive>(more) >= enough) break;
    accepted = more;
  }
  for (; step != end && positives<positive>(accepted) < enough; ++step) accepted += both(*step);
  return negatives<positive>(accepted);
}

/// The least count whose share of `all` is at least `share`, which is at most 1: one comparison a step
/// then, and no division.
std::uint64_t least_count(double share, std::uint64_t all) {
  const auto enough = [&](std::uint64_t count) { return !(real(count) / real(all) < share); };
  auto count = std::min(all, static_cast<std::uint64_t>(share * real(all)));
  while (count > 0 && enough(count - 1)) --count;
  while (!enough(count)) ++count;
  return count;
}

}  // namespace

double auroc(const Ranking& ranking) {
  double id_below = 0;
  double twice_won = 0;  // an integer: ties count one half
  for (const Step& step : ranking.steps) {
    twice_won += step.ood * (2 * id_below + step.id);
    id_below += step.id;
  }
  return twice_won /
         (2 * static_cast<double>(ranking.id_count) * static_cast<double>(ranking.ood_count));
}

double average_precision(const Ranking& ranking, Positive positive) {
  const auto& steps = ranking.steps;
  const double sum = positive == Positive::id
                         ? precision_sum<Positive::id>(steps.begin(), steps.end())
                         : precision_sum<Positive::ood>(steps.rbegin(), steps.rend());
  return sum / real(totals(ranking, positive).positive);
}

double aupr_trapezoid(const Ranking& ranking, Positive positive) {
  double sum = 0;
  double last = 1;
  for_each_threshold(ranking, positive, [&](const Counts& before, const Counts& after) {
    const double here = precision(after);
    sum += real(after.positive - before.positive) * (here + last) / 2;
    last = here;
    return true;
  });
  return sum / real(totals(ranking, positive).positive);
}

double fpr_at_tpr(const Ranking& ranking, double tpr, Positive positive) {
  if (!(tpr > 0 && tpr <= 1)) fail("[metrics] tpr: expected > 0 and <= 1, found ", tpr);
  const Counts all = totals(ranking, positive);
  const std::uint64_t enough = least_count(tpr, all.positive);
  const auto& steps = ranking.steps;
  const std::uint64_t accepted =
      positive == Positive::id ? accepted_with<Positive::id>(steps.begin(), steps.end(), enough)
                               : accepted_with<Positive::ood>(steps.rbegin(), steps.rend(), enough);
  return real(accepted) / real(all.negative);
}

double partial_auroc(const Ranking& ranking, double fpr, Positive positive) {
  if (!(fpr > 0 && fpr <= 1)) fail("[metrics] fpr: expected > 0 and <= 1, found ", fpr);
  const Counts all = totals(ranking, positive);
  const double limit = fpr * real(all.negative);
  double pairs = 0;
  for_each_threshold(ranking, positive, [&](const Counts& before, const Counts& after) {
    const double whole = real(after.negative - before.negative);
    const double width = std::min(real(after.negative), limit) - real(before.negative);
    if (whole > 0) {
      const double rise = real(after.positive - before.positive) * width / whole;
      pairs += width * (real(before.positive) + rise / 2);
    }
    return real(after.negative) < limit;
  });
  const double area = pairs / (real(all.positive) * real(all.negative));
  const double chance = fpr * fpr / 2;
  return (1 + (area - chance) / (fpr - chance)) / 2;
}

namespace {

void require_right(const Ranking& ranking, const char* metric) {
  if (ranking.right.size() == ranking.steps.size()) return;
  fail("[metrics] ", metric,
       ": expected to know which ID rows were classified right; that needs "
       "labels and logits of the ID set");
}

}  // namespace

double oscr(const Ranking& ranking) {
  require_right(ranking, "oscr");
  double right_below = 0;
  double twice_won = 0;  // an integer: ties count one half
  for (std::size_t s = 0; s < ranking.steps.size(); ++s) {
    twice_won += ranking.steps[s].ood * (2 * right_below + ranking.right[s]);
    right_below += ranking.right[s];
  }
  return twice_won /
         (2 * static_cast<double>(ranking.id_count) * static_cast<double>(ranking.ood_count));
}

double aurc(const Ranking& ranking) {
  require_right(ranking, "aurc");
  double accepted = 0;
  double failed = 0;
  double sum = 0;
  for (std::size_t s = 0; s < ranking.steps.size(); ++s) {
    const double rows = static_cast<double>(ranking.steps[s].id) + ranking.steps[s].ood;
    accepted += rows;
    failed += rows - ranking.right[s];
    sum += rows * failed / accepted;
  }
  return sum / accepted;
}

double ccr_at_fpr(const Ranking& ranking, double fpr) {
  require_right(ranking, "ccr");
  if (!(fpr > 0 && fpr <= 1)) fail("[metrics] fpr: expected > 0 and <= 1, found ", fpr);
  const auto ood_count = static_cast<double>(ranking.ood_count);
  double accepted = 0;
  double right = 0;
  for (std::size_t s = 0; s < ranking.steps.size(); ++s) {
    accepted += ranking.steps[s].ood;
    if (!(accepted / ood_count < fpr)) break;
    right += ranking.right[s];
  }
  return right / static_cast<double>(ranking.id_count);
}

double autc(const Ranking& ranking) {
  if (ranking.steps.empty() || ranking.scores.size() != ranking.steps.size()) {
    fail("[metrics] autc: expected the score of each of ", ranking.steps.size(), " steps, found ",
         ranking.scores.size());
  }
  const double lowest = ranking.scores.front();
  // Halves: the difference of two finite scores may be infinite.
  const double range = ranking.scores.back() / 2 - lowest / 2;
  if (range == 0) return 0.5;
  double id = 0;
  double ood = 0;
  for (std::size_t s = 0; s < ranking.steps.size(); ++s) {
    const double scaled = (ranking.scores[s] / 2 - lowest / 2) / range;
    id += ranking.steps[s].id * scaled;
    ood += ranking.steps[s].ood * scaled;
  }
  return (1 + id / static_cast<double>(ranking.id_count) -
          ood / static_cast<double>(ranking.ood_count)) /
         2;
}

double detection_error(const Ranking& ranking) {
  const Counts all = totals(ranking, Positive::ood);
  double lowest = 0.5;  // nothing is flagged
  for_each_threshold(ranking, Positive::ood, [&](const Counts&, const Counts& flagged) {
    lowest = std::min(lowest, (1 - real(flagged.positive) / real(all.positive) +
                               real(flagged.negative) / real(all.negative)) /
                                  2);
    return true;
  });
  return lowest;
}

double tied_pairs(const Ranking& ranking) {
  double tied = 0;
  for (const Step& step : ranking.steps) tied += static_cast<double>(step.id) * step.ood;
  return tied / (static_cast<double>(ranking.id_count) * static_cast<double>(ranking.ood_count));
}

}  // namespace nescio::metrics
