// Which training pictures a network knows by heart only: those whose prediction breaks under a small random
// mask of its weights.
//   wrong(x) = mean over masks of [argmax f(x; W * m) != y],  broken up among equals by the mean masked CE
// Zhu et al., Unleashing Mask, ICML 2023, arXiv:2306.03715 (figure 3); that several masks are averaged, and how
// pictures are ranked, is ours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/masked_passes.h"

namespace nescio::train {

/// Of each picture in the order of the data set.
struct Atypical {
  std::vector<double> wrong;       // share of the masks under which it is taken for another class
  std::vector<double> loss;        // mean CE over the masks
  std::vector<double> divergence;  // mean KL(masked || whole) of the softmax, over the masks
  std::vector<double> own_loss;    // CE of the whole network
  std::vector<std::int64_t> seen;  // the class that the whole network sees
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> index;  // row in the source data

  std::size_t size() const { return wrong.size(); }
  /// From the most atypical picture on: "masks" by wrong and loss, "divergence" by that.
  std::vector<std::size_t> ranking(const std::string& by) const;
};

/// Cost and Errors of masked_passes(), and a pass of the whole network. Pictures as they are: an augmentation
/// would measure its own luck.
Atypical find_atypical(nn::Network& network, const image::Dataset& dataset, const Upload& upload,
                       const MaskedPassOptions& options);

}  // namespace nescio::train
