#include "metrics/curves.h"

#include "base/error.h"

namespace nescio {
namespace {

/// Counts as doubles: exact up to 2^53, and what follows are divisions.
struct Counts {
  double positive = 0;
  double negative = 0;
};

Counts totals(const Ranking& ranking, Positive positive) {
  const auto id = static_cast<double>(ranking.id_count);
  const auto ood = static_cast<double>(ranking.ood_count);
  return positive == Positive::id ? Counts{id, ood} : Counts{ood, id};
}

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
  return accepted.positive / (accepted.positive + accepted.negative);
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
  double sum = 0;
  for_each_threshold(ranking, positive, [&](const Counts& before, const Counts& after) {
    sum += (after.positive - before.positive) * precision(after);
    return true;
  });
  return sum / totals(ranking, positive).positive;
}

double aupr_trapezoid(const Ranking& ranking, Positive positive) {
  double sum = 0;
  double last = 1;
  for_each_threshold(ranking, positive, [&](const Counts& before, const Counts& after) {
    const double here = precision(after);
    sum += (after.positive - before.positive) * (here + last) / 2;
    last = here;
    return true;
  });
  return sum / totals(ranking, positive).positive;
}

double fpr_at_tpr(const Ranking& ranking, double tpr, Positive positive) {
  if (!(tpr > 0 && tpr <= 1)) fail("[metrics] tpr: expected > 0 and <= 1, found ", tpr);
  const Counts all = totals(ranking, positive);
  double accepted = 0;
  for_each_threshold(ranking, positive, [&](const Counts&, const Counts& after) {
    accepted = after.negative;
    return after.positive / all.positive < tpr;
  });
  return accepted / all.negative;
}

double tied_pairs(const Ranking& ranking) {
  double tied = 0;
  for (const Step& step : ranking.steps) tied += static_cast<double>(step.id) * step.ood;
  return tied / (static_cast<double>(ranking.id_count) * static_cast<double>(ranking.ood_count));
}

}  // namespace nescio
