#include "train/masked_passes.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "train/validation.h"

namespace nescio::train {
namespace {

constexpr std::uint64_t mask_stream = 5;  // of the random numbers of masks

/// What the network holds under each mask: masked kernels and, where they are found anew, statistics.
std::vector<Tensors> masked_states(const nn::Network& network, const MaskedPassOptions& options,
                                   const torch::Device& device) {
  const torch::NoGradGuard no_gradients;
  const Tensors kernels = kernels_of(network);
  std::vector<Tensors> states;
  for (std::int64_t i = 0; i < options.masks; ++i) {
    torch::manual_seed(
        mix(static_cast<std::uint64_t>(options.seed), mask_stream, static_cast<std::uint64_t>(i)));
    Tensors scores = random_scores(kernels);
    for (auto& item : scores) item.second = item.second.to(device);
    Tensors state;
    for (const auto& item : masks_of(scores, options.mask)) {
      const torch::Tensor& kernel = kernels.at(item.first);
      state.emplace(item.first,
                    (kernel.detach() * item.second).contiguous(kernel.suggest_memory_format()));
    }
    if (options.bn == "recalibrated") {
      for (const auto& item : network.named_buffers()) {
        state.emplace(item.key(), item.value().clone());
      }
    }
    states.push_back(std::move(state));
  }
  return states;
}

/// Batch normalisation as long as it lives: statistics are the means over all batches of a pass.
class Recalibration {
 public:
  explicit Recalibration(nn::Network& network) {
    network.eval();
    for (const auto& module : network.modules(/*include_self=*/false)) {
      auto* norm = module->as<torch::nn::BatchNorm2dImpl>();
      if (!norm) continue;
      momenta_.emplace_back(norm, norm->options.momentum());
      norm->options.momentum(std::nullopt);
      norm->train();
    }
    if (momenta_.empty()) fail("bn=recalibrated: the network has no batch normalisation");
  }
  ~Recalibration() {
    for (auto& [norm, momentum] : momenta_) {
      norm->options.momentum(momentum);
      norm->eval();
    }
  }
  Recalibration(const Recalibration&) = delete;
  Recalibration& operator=(const Recalibration&) = delete;

  void begin() {
    for (auto& [norm, momentum] : momenta_) norm->reset_running_stats();
  }

 private:
  std::vector<std::pair<torch::nn::BatchNorm2dImpl*, std::optional<double>>> momenta_;
};

/// Calls work(batch, images, labels), as long as it says true.
template <class Work>
std::size_t each_batch(const char* doing, const image::Dataset& dataset, const Upload& upload,
                       const MaskedPassOptions& options, const Work& work) {
  image::Loader loader(dataset, upload.preprocessing(),
                       {.batch = options.batch,
                        .workers = options.workers,
                        .seed = static_cast<std::uint64_t>(options.seed),
                        .augmentation = image::Augmentation(options.augment),
                        .bytes = upload.wants_bytes()});
  std::size_t seen = 0;
  bool go_on = true;
  for (image::ImageBatch batch; go_on && loader.next(batch); seen += batch.count) {
    check_interrupt();
    if (options.progress) options.progress(doing, seen, dataset.size());
    if (std::ranges::min(batch.labels) < 0) {
      fail("a picture of data has no label; the loss needs one for each");
    }
    go_on = work(batch, upload(batch), to_device(torch::tensor(batch.labels), upload.device()));
  }
  return seen;
}

}  // namespace

std::size_t masked_passes(nn::Network& network, const image::Dataset& dataset, const Upload& upload,
                          const MaskedPassOptions& options,
                          const std::function<bool(const MaskedBatch&)>& work) {
  const EvaluationMode mode(network);
  const torch::NoGradGuard no_gradients;
  const std::vector<Tensors> states = masked_states(network, options, upload.device());
  if (options.bn == "recalibrated") {
    Recalibration recalibration(network);
    for (const Tensors& state : states) {
      const Swapped swapped(network, state);
      recalibration.begin();
    }
    each_batch("recalibrating", dataset, upload, options,
               [&](const image::ImageBatch&, const torch::Tensor& images, const torch::Tensor&) {
                 for (const Tensors& state : states) {
                   const Swapped swapped(network, state);
                   network.forward(images);
                 }
                 return true;
               });
  }
  network.eval();
  return each_batch("masking", dataset, upload, options,
                    [&](const image::ImageBatch& batch, const torch::Tensor& images,
                        const torch::Tensor& labels) {
                      MaskedBatch found{batch, images, labels};
                      for (const Tensors& state : states) {
                        const Swapped swapped(network, state);
                        found.logits.push_back(network.forward(images).logits);
                      }
                      const std::int64_t largest = std::ranges::max(batch.labels);
                      const std::int64_t classes = found.logits[0].size(1);
                      if (largest >= classes) {
                        fail("a picture of data has the label ", largest, ", the network has ",
                             classes, " classes");
                      }
                      return work(found);
                    });
}

}  // namespace nescio::train
