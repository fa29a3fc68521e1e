// How well something does on pictures that a network does not learn from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/communicator.h"
#include "base/progress.h"
#include "image/datasets/dataset.h"
#include "image/loading/loader.h"
#include "image/preprocessing.h"
#include "nn/network.h"
#include "train/device.h"

namespace nescio::train {

/// Evaluation mode as long as it lives; each module has its own mode again afterwards.
class EvaluationMode {
 public:
  explicit EvaluationMode(nn::Network& network);
  ~EvaluationMode();
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  nn::Network& network_;
  bool is_training_;
  std::vector<std::shared_ptr<torch::nn::Module>> modules_;
  std::vector<bool> were_training_;
};

/// Named scalars, sums over the rows of a batch: images [B, planes, height, width], labels [B] int64
/// (-1: none).
using Sums = std::vector<std::pair<std::string, torch::Tensor>>;
using Criterion = std::function<Sums(const torch::Tensor& images, const torch::Tensor& labels)>;

/// Means over the pictures, in the order in which the criterion names them.
using Means = std::vector<std::pair<std::string, double>>;

/// The mean of that name; Error if there is none.
double mean_called(const Means& means, const std::string& name);

/// One pass over a data set without gradients, of which each process sees its part, the network in
/// evaluation mode and afterwards in the mode in which it was. The device is waited for once. Interrupted
/// if Ctrl-C is pressed.
Means measure(nn::Network& network, const Criterion& criterion, const image::Dataset& dataset,
              const Upload& upload, image::LoaderOptions options, const Progress& progress,
              Communicator& processes = alone());

/// "loss", the cross-entropy of logits [B, C] to labels [B], and "accuracy", both as sums.
Sums loss_and_accuracy(const torch::Tensor& logits, const torch::Tensor& labels);

}  // namespace nescio::train
