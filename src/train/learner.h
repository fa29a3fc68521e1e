// What is trained, what it is trained with, and one step of it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/communicator.h"
#include "base/progress.h"
#include "nn/model_source.h"
#include "train/device.h"
#include "train/ema.h"
#include "train/gradient_sums.h"
#include "train/method.h"
#include "train/optimiser.h"
#include "train/settings.h"
#include "train/step_means.h"
#include "train/step_recorder.h"
#include "train/training_streams.h"

namespace nescio::train {

class Learner {
 public:
  /// The network, and what the method makes for it, as the seed has it. UsageError if the method cannot
  /// be computed in parts and is to be, and if there is no GPU for tf32.
  Learner(const TrainSettings& settings, const nn::ModelSource& source, std::int64_t classes,
          std::shared_ptr<TrainingMethod> method, Communicator& processes = alone());

  /// Before the first step, the weights being those to start from: goes to the device, lets the method
  /// begin on the training pictures, unless there are none since the run is resumed, and makes the
  /// optimiser. UsageError if nothing is trained, or nothing that ema=, layer_decay= or head_lr= are of.
  void begin(const image::Dataset* data, const Progress& progress = {},
             const Teacher* teacher = nullptr);

  /// One step on all of its data, of which each process computes its parts. What they say goes to
  /// `means`, and the device is not waited for. What is drawn for the batch is a function of (seed,
  /// number), other random numbers of (seed, number, part): four parts of one process, two each of two
  /// or one of four are the same step, batch normalisation aside, unless it is synchronised and each
  /// process computes one part.
  void step(std::int64_t number, std::int64_t per_epoch, double lr, const StepData& data,
            StepMeans& means);

  /// Gives all processes the means of their buffers (the statistics of batch normalisation), in which
  /// alone they differ.
  void agree_on_buffers();

  /// All that a checkpoint keeps, by name; shares memory.
  std::map<std::string, torch::Tensor> tensors() const;

  /// Whether steps on a GPU are to be recorded: then all work wants a stream of its own (nn::OwnStream).
  bool records() const { return recorder_.records(); }
  /// What to tell the user at the end: what the method has to say, and why steps on a GPU were not recorded.
  Notices closing_remarks() const;

  nn::Network& network() const { return *network_; }
  TrainingMethod& method() const { return *method_; }
  std::int64_t classes() const { return classes_; }
  const torch::Device& device() const { return upload_->device(); }
  const Upload& upload() const { return *upload_; }
  /// For Ema::InPlace, which gives the network its averaged weights.
  Ema& ema() { return ema_; }

 private:
  // The parts of step().
  TrainingStep upload_step(std::int64_t number, std::int64_t per_epoch, const StepData& data) const;
  void compute(const TrainingStep& whole, const StepData& data, StepMeans& means);
  void seed_part(std::int64_t step, std::int64_t part) const;
  void forget_gradients();
  StepSaid learn(TrainingStep step);
  void update(std::int64_t number);

  TrainSettings settings_;
  Communicator& processes_;
  image::Preprocessing preprocessing_;
  std::string head_;
  std::int64_t classes_;
  bool reads_labels_ = true;
  nn::Precision precision_;
  std::unique_ptr<Upload> upload_;
  std::shared_ptr<nn::Network> network_;
  std::shared_ptr<TrainingMethod> method_;
  TrainedParameters parameters_;
  std::vector<torch::Tensor> with_gradient_;  // parameters of the network and of the method
  std::unique_ptr<Optimiser> optimiser_;
  Ema ema_;
  std::unique_ptr<GradientSums> sums_;
  std::string unrecorded_;  // why no step is recorded; empty if some may be
  StepRecorder recorder_;
};

}  // namespace nescio::train
