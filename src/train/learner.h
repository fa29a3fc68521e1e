// What is trained, what it is trained with, and one step of it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "image/loader.h"
#include "nn/model_source.h"
#include "train/ema.h"
#include "train/method.h"
#include "train/optimiser.h"
#include "train/settings.h"
#include "train/step_means.h"

namespace nescio::train {

class Learner {
 public:
  /// The network, and what the method makes for it, as the seed has it. UsageError if the method cannot
  /// be computed in parts and is to be.
  Learner(const TrainSettings& settings, const nn::ModelSource& source, std::int64_t classes,
          std::shared_ptr<TrainingMethod> method);

  /// Before the first step, the weights being those to start from: goes to the device, lets the method
  /// begin unless the run is `resumed`, and makes the optimiser.
  void begin(bool resumed = false);

  /// One step on a batch and, for a method that needs some, its outliers. What it says goes to
  /// `means`, and the device is not waited for. What is drawn for the batch is a function of (seed,
  /// number), other random numbers of (seed, number, part).
  void step(std::int64_t number, std::int64_t per_epoch, double lr, const image::ImageBatch& batch,
            const image::ImageBatch& outliers, StepMeans& means);

  /// All that a checkpoint keeps, by name; shares memory.
  std::map<std::string, torch::Tensor> tensors() const;

  nn::Network& network() const { return *network_; }
  TrainingMethod& method() const { return *method_; }
  std::int64_t classes() const { return classes_; }
  const torch::Device& device() const { return device_; }
  /// For Ema::InPlace, which gives the network its averaged weights.
  Ema& ema() { return ema_; }

 private:
  TrainSettings settings_;
  image::Preprocessing preprocessing_;
  std::string head_;
  std::int64_t classes_;
  bool reads_labels_ = true;
  torch::Device device_;
  std::shared_ptr<nn::Network> network_;
  std::shared_ptr<TrainingMethod> method_;
  TrainedParameters parameters_;
  std::unique_ptr<Optimiser> optimiser_;
  Ema ema_;
};

}  // namespace nescio::train
