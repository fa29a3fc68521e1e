// VOS: virtual outliers are drawn among the features where classes are unlikely, and a logistic
// layer learns to tell their energies from those of the data.
//   G(z) = log sum_c max(0, a_c) exp(z_c) with learned a,   logistic: two logits v G + d,
//   loss = CE(f(x), y) + w mean over [f(x), head(h')] of CE(logistic(G(z)), is data)
// with the virtual outliers h' of virtual_outliers.h, from queues of the newest features of each
// class. The second term begins when all queues have been filled and start_epoch is reached.
//
// As in the authors' code the outliers teach the last layer only, a begins uniform in [0, 1), and a
// and the logistic layer are optimised as the network is. Two things differ: a queue takes the
// newest features from the start (theirs waits, once full, for the others), and the outliers are
// drawn by their radius (the same distribution at a fraction of the cost). A checkpoint grows by the
// queues: C queue D floats, 200 MB for 100 classes, 512 features and a queue of 1000.
#include "train/losses.h"
#include "train/method.h"
#include "train/virtual_outliers.h"

namespace nescio::train {
namespace {

class Vos final : public TrainingMethod {
 public:
  double w = 0.1;
  std::int64_t start_epoch = 40;
  std::int64_t queue = 1000;
  std::int64_t sample_from = 10000;
  std::int64_t select = 1;

  bool needs_whole_batch() const override { return true; }

  void on_make(const MadeFor& made_for) override {
    const LastLayer& head = made_for.head;
    if (head.weight.dim() != 2) {
      fail("expected a network whose logits are a linear function of its features");
    }
    head_ = head;
    const auto options = head.weight.options();
    const std::int64_t classes = head.weight.size(0), width = head.weight.size(1);
    queues_ = register_buffer("queues", torch::zeros({classes, queue, width}, options));
    seen_ = register_buffer("seen", torch::zeros({classes}, torch::kInt64));
    energy_ = register_parameter("energy", torch::rand({classes}, options));
    logistic_ = register_module("logistic", torch::nn::Linear(1, 2));
    logistic_->to(head.weight.scalar_type());
  }

  Notices remarks(std::int64_t steps, std::int64_t per_epoch) const override {
    const std::int64_t epochs = (steps - 1) / per_epoch + 1;
    if (w == 0 || start_epoch < epochs) return {};
    return {text("start_epoch=", start_epoch, ": the run has ", epochs,
                 " epochs, counted from 0, so no virtual outlier is ever drawn")};
  }

  /// Where the features of the step go: in the place of the oldest of their classes.
  Draws draw(const StepFacts& facts) override {
    if (!counts_.defined()) counts_ = seen_.cpu().clone();
    tells_apart_ = counts_.min().item<std::int64_t>() >= queue &&
                   facts.number / facts.per_epoch >= start_epoch;
    const torch::Tensor ones = torch::one_hot(facts.labels, counts_.size(0));
    const torch::Tensor count = ones.sum(0);
    const torch::Tensor rank = ones.cumsum(0).gather(1, facts.labels.unsqueeze(1)).squeeze(1) - 1;
    // More than the queue holds: the last ones.
    const torch::Tensor kept =
        (rank >= count.index_select(0, facts.labels) - queue).nonzero().squeeze(1);
    const torch::Tensor label = facts.labels.index_select(0, kept);
    const torch::Tensor place =
        (counts_.index_select(0, label) + rank.index_select(0, kept)).remainder(queue);
    counts_ += count;
    return {{"kept", {kept}}, {"label", {label}}, {"place", {place}}, {"count", {count}}};
  }

  torch::Tensor loss(TrainingStep& step) override {
    const auto drawn = [&](const char* name) { return step.drawn("vos", name); };
    queues_.index_put_({drawn("label"), drawn("place")},
                       step.features.detach().index_select(0, drawn("kept")).to(queues_.dtype()));
    seen_ += drawn("count");
    const torch::Tensor uncertainty =
        tells_apart_ ? tell_apart(step.logits) : torch::zeros({}, step.logits.options());
    return step.term("vos", w * uncertainty);
  }

 private:
  torch::Tensor tell_apart(const torch::Tensor& logits) {
    const torch::Tensor virtual_logits =
        at::linear(virtual_outliers(queues_, sample_from, select), head_.weight, head_.bias);
    const torch::Tensor energies = energy(torch::cat({logits, virtual_logits}));
    torch::Tensor is_data = torch::zeros({energies.size(0)}, seen_.options());
    is_data.slice(0, 0, logits.size(0)).fill_(1);
    return cross_entropy(logistic_(energies.unsqueeze(1)), is_data);
  }

  /// G of each row.
  torch::Tensor energy(const torch::Tensor& logits) const {
    const torch::Tensor most = logits.amax(1, /*keepdim=*/true);
    const torch::Tensor sum = (torch::relu(energy_) * (logits - most).exp()).sum(1);
    return most.squeeze(1) + sum.log();
  }

  LastLayer head_;
  torch::Tensor queues_;      // [C, queue, D]
  torch::Tensor seen_;        // [C], features that a queue has taken
  torch::Tensor counts_;      // the same on the host, with those of the step that is drawn
  bool tells_apart_ = false;  // in this step
  torch::Tensor energy_;      // a, [C]
  torch::nn::Linear logistic_ = nullptr;
};

}  // namespace

namespace methods {
MethodInfo vos() {
  const When<Vos> outliers = {"w above 0", [](const Vos& m) { return m.w > 0; }};
  return describe_method<Vos>(
      {.name = "vos",
       .role = MethodRole::term,
       .summary = "VOS: virtual outliers are drawn among the features and told from the data by "
                  "their energy. Score with energy.",
       .formula =
           "CE(f(x), y) + w mean CE(v G + d, is data), G = log sum_c max(0, a_c) exp(z_c) of "
           "z = f(x) and of z = head(virtual outlier)",
       .paper = "Du, Wang, Cai, Li, VOS: Learning What You Don't Know by Virtual Outlier "
                "Synthesis, ICLR 2022, arXiv:2202.01197",
       .needs = {.own_class = true},
       .parameters = {
           method_parameter(&Vos::w, {.name = "w",
                                      .doc = "weight of the outliers' term, the authors' "
                                             "loss_weight",
                                      .min = 0,
                                      .max = 1e6}),
           method_parameter(&Vos::start_epoch,
                            {.name = "start_epoch",
                             .doc = "epochs, counted from 0, before the term begins; the authors "
                                    "take 40 of 100",
                             .min = 0,
                             .max = 1e9},
                            outliers),
           method_parameter(&Vos::queue,
                            {.name = "queue",
                             .doc = "features remembered of each class, the authors' "
                                    "sample_number",
                             .min = 1,
                             .max = 1e6},
                            outliers),
           method_parameter(&Vos::sample_from,
                            {.name = "sample_from",
                             .doc = "draws of each class that the outliers are chosen from",
                             .min = 1,
                             .max = 1e7},
                            outliers),
           method_parameter(&Vos::select,
                            {.name = "select",
                             .doc = "outliers of each class and step: the least "
                                    "likely draws",
                             .min = 1,
                             .up_to = "sample_from"},
                            outliers)}});
}
}  // namespace methods
}  // namespace nescio::train
