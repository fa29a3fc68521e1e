// SimCLR: two changed views of a picture are to be nearer to each other than to those of all others.
//   L = - mean over 2B views of  log (exp(z_i . z_j / T) / sum_{k != i} exp(z_i . z_k / T)),   z = g(f(x)) / |g(f(x))|
// j is the other view of i, g a projector of two layers that goes when training ends. Views come from augment=; the
// paper's are random_resized_crop, flip, colour jitter, grey and blur. The contrastive rival of reconstruction.
#include "train/method.h"

namespace nescio::train {
namespace {

class SimClr final : public TrainingMethod {
 public:
  double T = 0.2;
  std::int64_t hidden = 512, width = 128;

  MethodNeeds needs() const override { return {.labels = false, .views = 2}; }
  bool needs_whole_batch() const override { return true; }
  bool trains(const std::string& parameter) const override {
    return !parameter.starts_with(head_ + ".");
  }
  Choice chosen_by() const override { return {"loss", false}; }

  void on_make(const MadeFor& made_for) override {
    head_ = made_for.info.head;
    const std::int64_t features = made_for.head.weight.size(1);
    namespace tn = torch::nn;
    projector_ = register_module(
        "projector", tn::Sequential(tn::Linear(tn::LinearOptions(features, hidden).bias(false)),
                                    tn::BatchNorm1d(hidden), tn::ReLU(),
                                    tn::Linear(tn::LinearOptions(hidden, width).bias(false)),
                                    tn::BatchNorm1d(width)));
  }

  torch::Tensor loss(TrainingStep& step) override {
    const auto views = step.joint_forward({step.images, step.further_views.at(0)});
    return contrast(torch::cat({views[0].features, views[1].features}));
  }

  /// Of pictures that are not changed there is one view, mirrored for the other.
  Sums measures(nn::Network& network, const torch::Tensor& images,
                const torch::Tensor&) const override {
    const torch::Tensor features = network.forward(torch::cat({images, images.flip(3)})).features;
    // Its normalisation, too, keeps to what training has seen.
    torch::nn::Sequential projector = projector_;
    const bool was_training = projector->is_training();
    projector->eval();
    const torch::Tensor loss = contrast(features);
    projector->train(was_training);
    return {{"loss", loss * images.size(0)}};
  }

 private:
  torch::Tensor contrast(const torch::Tensor& features) const {
    const torch::Tensor z =
        torch::nn::functional::normalize(torch::nn::Sequential(projector_)->forward(features));
    const std::int64_t rows = z.size(0) / 2;
    const torch::Tensor self = torch::eye(2 * rows, z.options().dtype(torch::kBool));
    const torch::Tensor similar =
        (z.matmul(z.t()) / T).masked_fill(self, -std::numeric_limits<double>::infinity());
    const torch::Tensor other =
        torch::arange(2 * rows, z.options().dtype(torch::kInt64)).roll(rows);
    return at::cross_entropy_loss(similar, other);
  }

  std::string head_;
  torch::nn::Sequential projector_{nullptr};
};

}  // namespace

namespace methods {
MethodInfo simclr() {
  return describe_method<SimClr>(
      {.name = "simclr",
       .role = MethodRole::whole,
       .repeats = true,
       .summary = "SimCLR: two views of a picture are told from those of all others.",
       .formula =
           "- mean log (exp(z_i . z_j / T) / sum_{k != i} exp(z_i . z_k / T)), i and j views of "
           "one picture",
       .paper = "Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of "
                "Visual Representations, ICML 2020, arXiv:2002.05709",
       .needs = {.labels = false, .views = 2},
       .parameters = {
           method_parameter(&SimClr::T,
                            {.name = "T", .doc = "temperature", .min = 0, .min_excluded = true}),
           method_parameter(&SimClr::hidden, {.name = "hidden",
                                              .doc = "width of the projector's first layer",
                                              .min = 1,
                                              .max = 65536}),
           method_parameter(
               &SimClr::width,
               {.name = "width", .doc = "of its second one", .min = 1, .max = 65536})}});
}
}  // namespace methods
}  // namespace nescio::train
