#include "train/flood.h"

#include <cmath>

#include "base/numbers.h"
#include "base/usage.h"

namespace nescio::train {

FloodedMethod::FloodedMethod()
    : level_(register_buffer("level", torch::zeros({}, torch::kFloat64))),
      counts_(register_buffer("counts", torch::zeros({2}, torch::kFloat64))) {}

void FloodedMethod::on_make(const MadeFor& made_for) { classes_ = made_for.head.bias.numel(); }

void FloodedMethod::set_level(double b) {
  const double guessing = beta * std::log(static_cast<double>(classes_));
  if (classes_ > 1 && b >= guessing) {
    fail_usage("b=", short_number(b), ": a network that guesses among ", classes_,
               " classes has a loss of ", short_number(guessing),
               ", so at this level nothing is left; expected less (an estimate as high as that "
               "takes masks that keep more, estimate_keep=0.99)");
  }
  level_.fill_(b);
}

torch::Tensor FloodedMethod::loss(TrainingStep& step) {
  const torch::Tensor ce = step.cross_entropy(step.logits);
  const torch::Tensor level = level_.to(ce.scalar_type());
  const torch::Tensor scaled = beta * ce;
  const torch::Tensor below = scaled.detach().lt(level).to(torch::kFloat64);
  counts_.add_(torch::stack({below, torch::ones_like(below)}));
  step.term("ce", ce);
  step.term("frac_below", below);
  step.term("b", level);
  return (scaled - level).abs() + level;
}

Notices FloodedMethod::closing_remarks() const {
  const torch::Tensor counts = counts_.cpu();
  const double below = counts[0].item<double>(), steps = counts[1].item<double>();
  if (below > 0 || steps == 0 || level_.item<double>() == 0) return {};
  return {text("the loss of no batch lay below b=", format_number(level_.item<double>()),
               ", so nothing was forgotten: this was training by cross-entropy alone")};
}

double FloodLevel::resolve(const RunStart& start) const {
  if (start.settings.model.find(':') == std::string::npos) {
    fail_usage(
        "it starts from a trained network: expected model=NETWORK:WEIGHTS; flooding begins "
        "without");
  }
  if (b != "estimate") {
    const double level = as_usage([&] { return parse_number(b, "b"); });
    if (!(level >= 0) || level > 1e6)
      fail_usage("b: expected a number in [0, 1e6] or estimate, found '", b, "'");
    return level;
  }
  const ForgetThreshold found =
      estimate_forget_threshold(start.network, start.data, start.upload,
                                {.mask = {.keep = estimate_keep},
                                 .masks = masks,
                                 .bn = bn,
                                 .augment = start.settings.augment,
                                 .seed = start.settings.seed,
                                 .batch = static_cast<std::size_t>(start.settings.batch),
                                 .workers = start.workers,
                                 .progress = start.progress});
  return found.mean();
}

}  // namespace nescio::train
