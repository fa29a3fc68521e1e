// Logits-based fine-tuning: targets that mix what a stored teacher says with the label, which stays the
// most probable class.
//   loss = mean_b KL(q_b || softmax z_b),  fusion=sum: q = (p + e_y) / (1 + m)       (soft_targets.h)
// p: the teacher's probabilities of its k most probable classes, of targets=; m their sum. Where T is not
// 1 both sides are taken at it for the teacher's part of q, which counts T^2 times. Pictures that mixup
// or cutmix has mixed get the mixture of their targets. O(B k) beside cross-entropy.
//
// teacher=class_mean, uniform and permuted are controls that tell what the teacher knows from mere
// smoothing: its mean answer to the pictures of the label, the same for all classes, and its answer to
// another picture of the batch.
#include <algorithm>

#include "base/usage.h"
#include "train/method.h"
#include "train/soft_targets.h"

namespace nescio::train {
namespace {

constexpr double least_doubt = 0.01;  // mean of 1 - p_label, below which targets are one-hot

class LogitsBased final : public TrainingMethod {
 public:
  std::string fusion = "sum", teacher = "true";
  double alpha = 0.9, T = 1;
  std::int64_t k = 10;
  bool accept_sure = false;

  Draws draw(const StepFacts& facts) override {
    if (teacher != "permuted") return {};
    return {{"order", {torch::randperm(facts.rows.images), Rows::images}}};
  }

  void on_make(const MadeFor& made_for) override {
    if (!made_for.head.weight.defined()) return;
    const std::int64_t classes = made_for.head.weight.size(0);
    if (teacher == "uniform" && k < classes) {
      fail_usage("teacher=uniform: ", k, " of ", classes,
                 " classes would be taken at random; give k=", classes);
    }
    if (teacher == "class_mean") {
      means_ = register_buffer("class_means", torch::zeros({classes, classes}));
    }
  }

  void on_fresh_start(const RunStart& start) override {
    if (teacher == "uniform" || !start.teacher) return;
    const bank::Answers& answers = start.teacher->answers();
    std::vector<std::int64_t> labels(start.data.size());
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = start.data.label(i);
    if (teacher == "class_mean") means_.copy_(class_means(answers, labels));
    if (teacher != "true" || accept_sure) return;
    const double doubt = 1 - bank::facts_of(answers, labels, T).mean_label_p;
    if (!(doubt < least_doubt)) return;  // NaN: no picture has a label
    fail("the teacher gives the labels ", 1 - doubt, " on average (1 - p_label is ", doubt,
         ", expected at least ", least_doubt, "), so its targets are the labels: it has learned ",
         "these very pictures; take a teacher that has not seen them, a temperature above 1, views "
         "with ",
         "stronger augmentation, or accept_sure=true");
  }

  void prepare(TrainingStep& step) const override {
    SoftTargets targets = fuse(answer(step), step.labels, fusion, alpha);
    for (const Mixture& mixture : step.mixtures) {
      targets = mixed(targets, mixture.order, mixture.share);
    }
    const auto keep = [&](const char* name, const torch::Tensor& values) {
      step.draws[std::string("logits_based.") + name] = {values, Rows::images};
    };
    keep("classes", targets.classes);
    keep("hard", targets.hard);
    keep("soft", targets.soft);
    keep("entropy", targets.entropy);
  }

  torch::Tensor loss(TrainingStep& step) override {
    const auto kept = [&](const char* name) { return step.drawn("logits_based", name); };
    torch::Tensor rows = soft_target_loss(
        step.logits, {kept("classes"), kept("hard"), kept("soft"), kept("entropy")}, T);
    if (step.weights.defined()) rows = rows * step.weights;
    return step.of_images(rows.mean());
  }

 private:
  TeacherAnswer answer(const TrainingStep& step) const {
    if (teacher == "uniform") {
      return most_probable(torch::zeros({step.labels.size(0), step.classes}, options_of(step)), k,
                           T);
    }
    if (teacher == "class_mean") {
      return most_probable(means_.index_select(0, step.labels).log(), k, T);
    }
    const auto rows = [&](const torch::Tensor& values) {
      return teacher == "permuted" ? values.index_select(0, step.drawn("logits_based", "order"))
                                   : values;
    };
    if (!step.teacher_classes.defined()) return most_probable(rows(step.teacher), k, T);
    const std::int64_t others = step.classes - step.teacher_classes.size(1);
    return most_probable(rows(step.teacher), rows(step.teacher_classes), rows(step.teacher_tail),
                         others, k, T);
  }

  static torch::TensorOptions options_of(const TrainingStep& step) {
    return torch::TensorOptions(step.images.scalar_type()).device(step.images.device());
  }

  /// [C, C] of each label, over all its pictures and views; what a row does not keep is spread evenly.
  static torch::Tensor class_means(const bank::Answers& answers,
                                   const std::vector<std::int64_t>& labels) {
    const auto classes = static_cast<std::int64_t>(answers.classes());
    const std::size_t kept = answers.kept(), views = std::max<std::size_t>(answers.views(), 1);
    const torch::Tensor sums = torch::zeros({classes, classes}, torch::kFloat64);
    auto sum = sums.accessor<double, 2>();
    std::vector<std::size_t> counts(answers.classes());
    std::vector<float> values(kept);
    std::vector<std::int64_t> of(kept);
    std::vector<double> p(kept);
    for (std::size_t r = 0; r < labels.size(); ++r) {
      for (std::size_t v = 0; v < views; ++v) {
        answers.values(r, v, values);
        answers.top_classes(r, v, of);
        const double rest = bank::probabilities(answers, values, answers.tail(r, v), 1, p);
        ++counts[static_cast<std::size_t>(labels[r])];
        if (!answers.whole()) {
          const double each = rest / static_cast<double>(answers.classes() - kept);
          sums[labels[r]] += each;
          for (double& share : p) share -= each;
        }
        for (std::size_t j = 0; j < kept; ++j) sum[labels[r]][of[j]] += p[j];
      }
    }
    for (std::size_t c = 0; c < counts.size(); ++c) {
      sums[static_cast<std::int64_t>(c)] /=
          static_cast<double>(std::max<std::size_t>(counts[c], 1));
    }
    return sums.clamp_min(1e-30);
  }

  torch::Tensor means_;
};

}  // namespace

namespace methods {
MethodInfo logits_based() {
  using M = LogitsBased;
  return describe_method<M>(
      {.name = "logits_based",
       .aliases = {"lbf", "lft"},
       .repeats = true,
       .summary = "Targets that mix a stored teacher's answer with the label, which stays on top.",
       .formula =
           "KL(q || softmax z), sum: q = (p + e_y) / (1 + m); overwrite: q_y = 1 / (1 + s), q_j "
           "= p_j / (1 + s), s: sum of p_j, j != y; mix: q = alpha e_y + (1 - alpha) p / m; p: "
           "the teacher's k largest probabilities, m: their sum",
       .paper = "Logits-Based Finetuning, EMNLP 2025, arXiv:2505.24461; its equation 7 is sum, its "
                "figure 2 overwrite, its authors' code mix",
       .needs = {.teacher = true, .mixes_answers = true, .weighs = true},
       .parameters = {
           method_parameter(&M::fusion, {.name = "fusion",
                                         .doc = "how teacher and label are mixed",
                                         .choices = {"sum", "overwrite", "mix"}}),
           method_parameter(&M::alpha,
                            {.name = "alpha",
                             .doc = "share of the label; below 1/2 it need not stay the largest, 0 "
                                    "is distillation alone",
                             .min = 0,
                             .max = 1},
                            {"fusion=mix", [](const M& m) { return m.fusion == "mix"; }}),
           method_parameter(&M::k, {.name = "k",
                                    .doc = "the teacher's classes that count, at most; fewer where "
                                           "its answers keep fewer",
                                    .min = 1}),
           method_parameter(&M::T, {.name = "temperature",
                                    .doc = "temperature of both sides for the teacher's part",
                                    .min = 0,
                                    .min_excluded = true}),
           method_parameter(&M::teacher,
                            {.name = "teacher",
                             .doc = "true: its answer to the picture; the others are controls",
                             .choices = {"true", "class_mean", "uniform", "permuted"}}),
           method_parameter(&M::accept_sure,
                            {.name = "accept_sure",
                             .doc = "goes on with a teacher who is as sure as the labels"})}});
}
}  // namespace methods
}  // namespace nescio::train
