#include "train/virtual_outliers.h"

namespace nescio::train {
namespace {

/// The largest `select` of so many draws for each class, [C, select].
torch::Tensor draw_radii(std::int64_t classes, std::int64_t width, std::int64_t sample_from,
                         std::int64_t select) {
  const torch::Tensor half_degrees =
      torch::full({classes, sample_from}, static_cast<double>(width) / 2, torch::kFloat64);
  const torch::Tensor squares = 2 * at::_standard_gamma(half_degrees);
  return std::get<0>(squares.topk(select, 1)).sqrt();
}

/// Unit vectors, [C, select, D].
torch::Tensor draw_directions(std::int64_t classes, std::int64_t select, std::int64_t width) {
  const torch::Tensor normal = torch::randn({classes, select, width}, torch::kFloat64);
  return normal / normal.norm(2, 2, /*keepdim=*/true);
}

}  // namespace

torch::Tensor virtual_outliers(const torch::Tensor& queues, std::int64_t sample_from,
                               std::int64_t select) {
  const std::int64_t classes = queues.size(0), rows = queues.size(1), width = queues.size(2);
  const torch::Tensor means = queues.mean(1, /*keepdim=*/true);
  const torch::Tensor centred = (queues - means).reshape({classes * rows, width});
  const torch::Tensor covariance =
      centred.t().mm(centred).to(torch::kFloat64) / static_cast<double>(classes * rows) +
      1e-4 * torch::eye(width, centred.options().dtype(torch::kFloat64));
  const torch::Tensor steps = draw_radii(classes, width, sample_from, select).unsqueeze(2) *
                              draw_directions(classes, select, width);
  const torch::Tensor moved =
      steps.to(queues.device()).matmul(at::linalg_cholesky(covariance).t()).to(queues.dtype());
  return (means + moved).reshape({classes * select, width});
}

}  // namespace nescio::train
