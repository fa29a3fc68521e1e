#include "train/frozen_features.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "image/datasets/subset.h"
#include "image/loading/loader.h"
#include "train/validation.h"

namespace nescio::train {
namespace {

constexpr std::int64_t neighbours = 20;
constexpr double temperature = 0.07, ridge = 1e-3;

double share_of_right(const torch::Tensor& votes, const torch::Tensor& labels) {
  return votes.argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
}

double knn_accuracy(const FrozenFeatures& train, const FrozenFeatures& test, std::int64_t classes) {
  namespace tf = torch::nn::functional;
  const torch::Tensor known = tf::normalize(train.features.to(torch::kFloat32)).t();
  const std::int64_t k = std::min(neighbours, train.features.size(0));
  std::vector<torch::Tensor> votes;
  for (const torch::Tensor& some : tf::normalize(test.features.to(torch::kFloat32)).split(1024)) {
    const auto nearest = some.matmul(known).topk(k, 1);
    const torch::Tensor weights = (std::get<0>(nearest) / temperature).exp();
    const torch::Tensor labels = train.labels.index_select(0, std::get<1>(nearest).flatten());
    votes.push_back(
        torch::zeros({some.size(0), classes}).scatter_add_(1, labels.view_as(weights), weights));
  }
  return share_of_right(torch::cat(votes), test.labels);
}

double linear_accuracy(const FrozenFeatures& train, const FrozenFeatures& test,
                       std::int64_t classes) {
  const torch::Tensor mean = train.features.mean(0);
  const torch::Tensor scale = train.features.std(0, /*unbiased=*/false).clamp_min(1e-12);
  const torch::Tensor x = (train.features - mean) / scale;
  const torch::Tensor y = torch::one_hot(train.labels, classes).to(torch::kFloat64);
  const auto rows = static_cast<double>(x.size(0));
  const torch::Tensor gram =
      x.t().matmul(x) + ridge * rows * torch::eye(x.size(1), torch::kFloat64);
  const torch::Tensor weights = torch::linalg_solve(gram, x.t().matmul(y - y.mean(0)));
  return share_of_right(((test.features - mean) / scale).matmul(weights) + y.mean(0), test.labels);
}

}  // namespace

FrozenFeatures frozen_features(nn::Network& network, const image::Dataset& pictures,
                               const Upload& upload, std::size_t most, std::size_t batch,
                               std::size_t workers, const Progress& progress) {
  const torch::NoGradGuard no_gradients;
  const EvaluationMode mode(network);
  const image::SomePictures some(pictures, most == 0 ? pictures.size() : most);
  image::Loader loader(some, upload.preprocessing(),
                       {.batch = batch, .workers = workers, .bytes = upload.wants_bytes()});
  std::vector<torch::Tensor> features;
  std::vector<std::int64_t> labels;
  for (image::ImageBatch loaded; loader.next(loaded);) {
    check_interrupt();
    if (progress) progress("frozen features", labels.size(), some.size());
    features.push_back(network.forward(upload(loaded)).features.to(torch::kCPU, torch::kFloat64));
    labels.insert(labels.end(), loaded.labels.begin(), loaded.labels.end());
  }
  if (std::ranges::min(labels) < 0) {
    fail("frozen_every: expected a label for each picture that features are measured on");
  }
  return {torch::cat(features), torch::tensor(labels)};
}

FrozenAccuracy frozen_accuracy(const FrozenFeatures& train, const FrozenFeatures& test) {
  const torch::NoGradGuard no_gradients;
  const std::int64_t classes =
      1 + std::max(train.labels.max().item<std::int64_t>(), test.labels.max().item<std::int64_t>());
  return {knn_accuracy(train, test, classes), linear_accuracy(train, test, classes)};
}

}  // namespace nescio::train
