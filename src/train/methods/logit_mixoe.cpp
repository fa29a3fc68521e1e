// Logit MixOE: pictures and outliers mixed in logit space, consistent with mixing in input space.
//   lambda ~ Beta(alpha, alpha),  q = lambda e_y + (1 - lambda) / C
//   zi = f(x),  zo = f(o),  zt = lambda zi + (1 - lambda) zo,  zm = f(lambda x + (1 - lambda) o)
//   loss = CE(zi, y) + w_oe U(zo) + w_logit H(q, zt) + w_mix H(q, zm) + w_label H(q, zi)
//          + w_cons D(zt, zm)
//
// A reconstruction: the paper's abstract says that logits are mixed and that a consistency term ties
// them to the logits of mixed pictures; its weights, its D and whether the other terms stay are not
// known. See docs/methods.md for what each default rests on.
#include <algorithm>
#include <map>
#include <optional>

#include "base/usage.h"
#include "train/losses.h"
#include "train/method.h"
#include "train/mixing.h"

namespace nescio::train {
namespace {

struct TermWeights {
  double oe = 0, logit = 0, mix = 0, label = 0, cons = 0;
  double noise_add = 0, noise_mult = 0;

  /// What goes through the network besides the pictures.
  bool reads_outliers() const { return oe > 0 || logit > 0 || cons > 0; }
  bool mixes_pictures() const { return mix > 0 || cons > 0; }
};

const std::map<std::string, TermWeights>& presets() {
  static const std::map<std::string, TermWeights> all = {
      {"logit_mixoe", {.logit = 1, .cons = 1}},
      {"logit_mixoe_full", {.oe = 0.5, .logit = 1, .mix = 1, .cons = 1}},
      {"logit_mix_only", {.logit = 1}},
      {"author_fc", {.oe = 1, .logit = 1, .noise_add = 0.4, .noise_mult = 0.2}},
      {"oe", {.oe = 0.5}},
      {"mixoe", {.mix = 5}},
      {"label_mix", {.label = 5}}};
  return all;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& [name, weights] : presets()) names.push_back(name);
  return names;
}

class LogitMixOe final : public TrainingMethod {
 public:
  std::string preset = "logit_mixoe";
  std::optional<double> w_oe, w_logit, w_mix, w_label, w_cons;
  std::string cons = "mse", cons_grad = "both";
  double warmup_cons = 0;
  std::string mix = "mixup";
  double alpha = 1;
  std::string lam_per = "batch";
  bool share_lam = true;
  std::optional<double> noise_add, noise_mult;
  std::int64_t mix_layer = 0;
  std::string forward = "joint";

  Notices remarks(std::int64_t steps, std::int64_t per_epoch) const override {
    const double length = warmup_cons * static_cast<double>(per_epoch);
    if (weights().cons == 0 || length <= static_cast<double>(steps)) return {};
    return {text("warmup_cons=", format_number(warmup_cons), ": the run ends after ",
                 format_number(static_cast<double>(steps) / static_cast<double>(per_epoch)),
                 " epochs, before w_cons is reached")};
  }

  void on_make(const MadeFor& made_for) override {
    if (mix_layer == 0) return;
    const TermWeights w = weights();
    if (forward != "joint" || !share_lam || w.noise_add > 0 || w.noise_mult > 0) {
      fail_usage("mix_layer=", mix_layer,
                 " goes with forward=joint and share_lam=true, and without noise");
    }
    const auto* staged = dynamic_cast<const nn::StagedNetwork*>(&made_for.network);
    if (!staged) {
      fail_usage("mix_layer=", mix_layer,
                 ": the network is not cut into stages; mix_layer=0 mixes its logits");
    }
    if (mix_layer > staged->stages()) {
      fail_usage("mix_layer=", mix_layer, ": the network has ", staged->stages(), " stages");
    }
  }

  Draws draw(const StepFacts& facts) override {
    const TermWeights w = weights();
    const std::int64_t pairs = facts.rows.of(Rows::pairs);
    Draws draws = w.mixes_pictures() ? draw_mixing(mix, draw_lambda(pairs), facts)
                                     : Draws{{"lambda", of_pairs(draw_lambda(pairs))}};
    if (w.cons > 0) draws["w_cons"] = {torch::scalar_tensor(w.cons * ramp(facts), torch::kFloat64)};
    if (w.logit == 0) return draws;
    if (!share_lam) draws["lambda_logits"] = of_pairs(draw_lambda(pairs));
    if (w.noise_add > 0 || w.noise_mult > 0) {
      // Lim et al., Noisy Feature Mixup, ICLR 2022, arXiv:2110.02180, as the public code has it.
      const torch::Tensor strength = draw_beta(2, 5, 2);
      const auto noise = torch::TensorOptions().dtype(torch::kFloat64);
      draws["factor"] = {
          1 + w.noise_mult * strength[0] * (2 * torch::rand({pairs, facts.classes}, noise) - 1),
          Rows::pairs};
      draws["offset"] = {w.noise_add * strength[1] * torch::randn({pairs, facts.classes}, noise),
                         Rows::pairs};
    }
    return draws;
  }

  void prepare(TrainingStep& step) const override {
    if (!weights().mixes_pictures()) return;
    step.draws["logit_mixoe.mixed"] = {mix_pairs(step, "logit_mixoe"), Rows::pairs};
  }

  torch::Tensor loss(TrainingStep& step) override {
    const TermWeights w = weights();
    const torch::Tensor lambda = step.drawn("logit_mixoe", "lambda");
    const Mixed mixed{w.mixes_pictures() ? step.drawn("logit_mixoe", "mixed") : torch::Tensor(),
                      lambda};
    const Logits z = logits_of(step, w, mixed);
    step.logits = z.id;
    step.term("lambda", step.of_pairs(lambda.mean()));

    const torch::Tensor zi = step.paired(z.id), y = step.paired(step.labels);
    const auto h = [&](const torch::Tensor& share, const torch::Tensor& logits) {
      const torch::Tensor q = mixed_labels(y, zi.size(1), share.to(zi.options()));
      return step.of_pairs(soft_cross_entropy(q, logits));
    };
    torch::Tensor sum = step.term("ce", step.cross_entropy(z.id));
    if (w.oe > 0) {
      sum = sum + step.term("oe", w.oe * step.of_outliers(uniform_cross_entropy(z.outliers)));
    }
    if (w.logit > 0) {
      const torch::Tensor share = share_lam ? lambda : step.drawn("logit_mixoe", "lambda_logits");
      const torch::Tensor zt = share_lam ? z.mixed : mix_logits(zi, step.paired(z.outliers), share);
      sum = sum + step.term("logit", w.logit * h(share, noisy(step, zt)));
    }
    if (w.mix > 0) sum = sum + step.term("mix", w.mix * h(lambda, z.of_mixed));
    if (w.label > 0) sum = sum + step.term("label", w.label * h(lambda, zi));
    if (w.cons > 0) {
      const torch::Tensor d = step.of_pairs(distance(z.mixed, z.of_mixed));
      sum = sum + step.term("cons", step.drawn("logit_mixoe", "w_cons").to(d.options()) * d);
    }
    return sum;
  }

  /// Those of the preset, and what is given in their place.
  TermWeights weights() const {
    TermWeights w = presets().at(preset);
    w.oe = w_oe.value_or(w.oe);
    w.logit = w_logit.value_or(w.logit);
    w.mix = w_mix.value_or(w.mix);
    w.label = w_label.value_or(w.label);
    w.cons = w_cons.value_or(w.cons);
    w.noise_add = noise_add.value_or(w.noise_add);
    w.noise_mult = noise_mult.value_or(w.noise_mult);
    return w;
  }

 private:
  /// Undefined where nothing reads them: of outliers, mixed ones, those of mixed pictures.
  struct Logits {
    torch::Tensor id, outliers, mixed, of_mixed;
  };

  /// Of the pairs; undefined where none go through the network.
  struct Mixed {
    torch::Tensor images, lambda;
  };

  torch::Tensor draw_lambda(std::int64_t pairs) const {
    if (lam_per == "sample") return draw_beta(alpha, alpha, pairs);
    return draw_beta(alpha, alpha, 1).squeeze(0);
  }

  static torch::Tensor mix_logits(const torch::Tensor& zi, const torch::Tensor& zo,
                                  const torch::Tensor& lambda) {
    return torch::lerp(zo, zi, share_for(lambda, zi));
  }

  Logits logits_of(TrainingStep& step, const TermWeights& w, const Mixed& mixed) const {
    const bool reads_outliers = w.reads_outliers();
    if (reads_outliers && mix_layer > 0) return hidden_mixing(step, mixed);
    std::vector<torch::Tensor> groups = {step.images};
    if (reads_outliers) groups.push_back(step.outliers);
    std::size_t together = forward == "separate" ? 1 : groups.size();
    if (mixed.images.defined()) groups.push_back(mixed.images);
    if (forward == "all") together = groups.size();
    std::vector<torch::Tensor> z;
    const auto end = groups.begin() + static_cast<std::ptrdiff_t>(together);
    for (const auto& said : step.joint_forward({groups.begin(), end})) z.push_back(said.logits);
    for (std::size_t i = together; i < groups.size(); ++i) {
      z.push_back(step.forward(groups[i]).logits);
    }
    Logits out{.id = z[0], .outliers = {}, .mixed = {}, .of_mixed = {}};
    if (mixed.images.defined()) out.of_mixed = z.back();
    if (reads_outliers) {
      out.outliers = z[1];
      out.mixed = mix_logits(step.paired(z[0]), step.paired(z[1]), mixed.lambda);
    }
    return out;
  }

  Logits hidden_mixing(TrainingStep& step, const Mixed& mixed) const {
    const std::int64_t images = step.images.size(0), outliers = step.outliers.size(0);
    const std::int64_t pairs = step.pairs();
    HiddenMixing mixing(dynamic_cast<nn::StagedNetwork&>(step.network), mix_layer, images, pairs,
                        mixed.lambda);
    const auto z = step.forward(torch::cat({step.images, step.outliers}), mixing)
                       .logits.split_with_sizes({images, outliers, pairs});
    Logits out{.id = z[0], .outliers = z[1], .mixed = z[2], .of_mixed = {}};
    if (mixed.images.defined()) out.of_mixed = step.forward(mixed.images).logits;
    return out;
  }

  static torch::Tensor noisy(const TrainingStep& step, const torch::Tensor& z) {
    if (!step.draws.contains("logit_mixoe.factor")) return z;
    return step.drawn("logit_mixoe", "factor").to(z.options()) * z +
           step.drawn("logit_mixoe", "offset").to(z.options());
  }

  torch::Tensor distance(const torch::Tensor& zt, const torch::Tensor& zm) const {
    return consistency(cons_grad == "stop_logit" ? zt.detach() : zt,
                       cons_grad == "stop_input" ? zm.detach() : zm, cons);
  }

  double ramp(const StepFacts& facts) const {
    const double length = warmup_cons * static_cast<double>(facts.per_epoch);
    return std::min(1.0, static_cast<double>(facts.number + 1) / std::max(1.0, length));
  }
};

template <class T>
Parameter<TrainingMethod> parameter(T LogitMixOe::*member, ParameterInfo info,
                                    When<LogitMixOe> when = {}) {
  return method_parameter(member, std::move(info), std::move(when));
}

/// A weight, of the preset or given, that makes a parameter count.
template <class F>
When<LogitMixOe> with(const std::string& weights, const F& holds) {
  return {weights + " above 0", [holds](const LogitMixOe& m) { return holds(m.weights()); }};
}

/// Ways through the network that differ from `joint` for what goes through it only.
bool differs(const LogitMixOe& m) {
  const TermWeights w = m.weights();
  if (m.forward == "separate") return w.reads_outliers();
  if (m.forward == "all") return w.mixes_pictures();
  return w.reads_outliers() || w.mixes_pictures();
}

}  // namespace

namespace methods {
MethodInfo logit_mixoe() {
  using M = LogitMixOe;
  const auto logit = with("w_logit", [](const TermWeights& w) { return w.logit > 0; });
  const auto cons = with("w_cons", [](const TermWeights& w) { return w.cons > 0; });
  const auto pictures =
      with("w_mix or w_cons", [](const TermWeights& w) { return w.mixes_pictures(); });
  const auto mixed_logits =
      with("w_logit or w_cons", [](const TermWeights& w) { return w.logit > 0 || w.cons > 0; });
  const auto any = with("w_logit, w_mix, w_label or w_cons", [](const TermWeights& w) {
    return w.logit > 0 || w.mix > 0 || w.label > 0 || w.cons > 0;
  });
  return describe_method<M>(
      {.name = "logit_mixoe",
       .role = MethodRole::whole,
       .repeats = true,
       .summary =
           "Logit mixture outlier exposure: pictures and outliers are mixed in logit space, "
           "consistent with mixing in input space. A reconstruction: the paper's weights and its "
           "D are not known (docs/methods.md). Score with msp.",
       .formula = "CE(zi, y) + w_oe U(zo) + w_logit H(q, zt) + w_mix H(q, zm) + w_label H(q, zi) + "
                  "w_cons D(zt, zm), zi = f(x), zo = f(o), zt = lambda zi + (1 - lambda) zo, zm = "
                  "f(lambda x + (1 - lambda) o), q = lambda e_y + (1 - lambda)/C, lambda ~ "
                  "Beta(alpha, alpha)",
       .paper = "Shinohara, Fukuda, Aizawa, Logit Mixture Outlier Exposure for Fine-grained "
                "Out-of-Distribution Detection, 2025, arXiv:2509.11892",
       .needs = {.outliers = true},
       .parameters = {
           parameter(&M::preset,
                     {.name = "preset",
                      .doc = "the weights that are not given: logit_mixoe (w_logit 1, "
                             "w_cons 1), logit_mixoe_full (w_oe 0.5, w_logit 1, w_mix "
                             "1, w_cons 1), logit_mix_only (w_logit 1), author_fc "
                             "(w_oe 1, w_logit 1, noise 0.4 and 0.2), oe (w_oe 0.5), mixoe (w_mix "
                             "5), label_mix (w_label 5); all others are 0",
                      .choices = preset_names()}),
           parameter(&M::w_logit,
                     {.name = "w_logit", .doc = "weight of mixed logits", .min = 0, .max = 1e6}),
           parameter(&M::w_cons,
                     {.name = "w_cons",
                      .doc = "weight of the consistency; with w_mix=0, 0 spares the third pass",
                      .min = 0,
                      .max = 1e6}),
           parameter(&M::w_oe,
                     {.name = "w_oe", .doc = "weight of outlier exposure", .min = 0, .max = 1e6}),
           parameter(&M::w_mix,
                     {.name = "w_mix", .doc = "weight of mixed pictures", .min = 0, .max = 1e6}),
           parameter(&M::w_label,
                     {.name = "w_label",
                      .doc = "weight of mixed labels on pictures that are not mixed, the ablation "
                             "that mixing has to beat",
                      .min = 0,
                      .max = 1e6}),
           parameter(&M::cons,
                     {.name = "cons",
                      .doc = "D: a mean over rows and classes of (zt - zm)^2 (mse), of "
                             "centred logits, of log softmax, of softmax, of |zt - zm| "
                             "(l1); KL(zt || zm) (kl), KL(zm || zt) (kl_rev), "
                             "Jensen-Shannon (js)",
                      .choices = consistency_kinds()},
                     cons),
           parameter(&M::cons_grad,
                     {.name = "cons_grad",
                      .doc = "which side of D learns; stop_logit: zt stands still, "
                             "stop_input: zm does",
                      .choices = {"both", "stop_logit", "stop_input"}},
                     cons),
           parameter(&M::warmup_cons,
                     {.name = "warmup_cons",
                      .doc = "epochs in which w_cons rises linearly from 0",
                      .min = 0,
                      .max = 1e9},
                     cons),
           parameter(&M::mix,
                     {.name = "mix",
                      .doc = "how pictures are mixed; the share that cutmix leaves counts "
                             "for logits and labels too",
                      .choices = {"mixup", "cutmix"}},
                     pictures),
           parameter(&M::alpha,
                     {.name = "alpha",
                      .doc = "of the Beta distribution; 0: nothing is mixed",
                      .min = 0,
                      .max = 1e6,
                      .sweep = {"0.2", "0.5", "1", "2", "3"}},
                     any),
           parameter(&M::lam_per,
                     {.name = "lam_per",
                      .doc = "one lambda for a batch, or for each of its rows",
                      .choices = {"batch", "sample"}},
                     any),
           parameter(&M::share_lam,
                     {.name = "share_lam",
                      .doc = "false: the term of w_logit draws a lambda of its own; "
                             "D always shares that of the pictures"},
                     logit),
           parameter(
               &M::noise_add,
               {.name = "noise_add",
                .doc = "noise on the mixed logits of w_logit, as in the first author's earlier "
                       "code: strength of its sum, times Beta(2, 5)",
                .min = 0,
                .max = 1e6},
               logit),
           parameter(&M::noise_mult,
                     {.name = "noise_mult",
                      .doc = "strength of its factor, times Beta(2, 5)",
                      .min = 0,
                      .max = 1e6},
                     logit),
           parameter(&M::mix_layer,
                     {.name = "mix_layer",
                      .doc = "0 mixes logits; k what stage k of the network gives, as the first "
                             "author's earlier code can, for networks that are cut into stages "
                             "(ResNets, wide ResNets)",
                      .min = 0,
                      .max = 1e6},
                     mixed_logits),
           parameter(&M::forward,
                     {.name = "forward",
                      .doc = "what batch normalisation sees as one batch: pictures and "
                             "outliers, mixed pictures apart (joint); each apart "
                             "(separate); everything (all)",
                      .choices = {"joint", "separate", "all"}},
                     {"something beside the pictures that goes through the network (separate: "
                      "outliers, all: mixed pictures)",
                      differs})}});
}
}  // namespace methods
}  // namespace nescio::train
