#include "train/flood.h"

#include "base/usage.h"

namespace nescio::train {

Flood::Flood()
    : level_(register_buffer("level", torch::zeros({}, torch::kFloat64))),
      counts_(register_buffer("counts", torch::zeros({2}, torch::kFloat64))) {}

torch::Tensor Flood::loss(TrainingStep& step, double beta) {
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

Notices Flood::closing_remarks() const {
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
