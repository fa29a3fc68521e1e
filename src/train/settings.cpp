#include "train/settings.h"

#include <algorithm>
#include <array>

#include "base/threads.h"
#include "train/checkpoint.h"
#include "train/schedule.h"

namespace nescio::train {
namespace {

constexpr std::array free_on_resume = {"device",           "workers",          "cache",
                                       "cuda_graphs",      "checkpoint_every", "checkpoint_seconds",
                                       "keep_checkpoints", "log_every"};

template <class T>
Parameter<TrainSettings> setting(T TrainSettings::*member, ParameterInfo info,
                                 When<TrainSettings> when = {}) {
  return bind_parameter<TrainSettings>(member, std::move(info), std::move(when));
}

When<TrainSettings> with_optimiser(const std::string& name) {
  return {"optimiser=" + name, [name](const TrainSettings& s) { return s.optimiser == name; }};
}

When<TrainSettings> with_schedule(const std::string& name) {
  return {"schedule=" + name, [name](const TrainSettings& s) { return s.schedule == name; }};
}

When<TrainSettings> with_outliers() {
  return {"outliers=", [](const TrainSettings& s) { return !s.outliers.empty(); }};
}

std::vector<Parameter<TrainSettings>> declare() {
  using S = TrainSettings;
  return {
      setting(&S::model, {.name = "model",
                          .doc = "NETWORK, or NETWORK:PATH of weights to start from",
                          .names = {"models"},
                          .required = true}),
      setting(&S::data, {.name = "data",
                         .doc = "TYPE:PATH?key=value&... of the training pictures",
                         .names = {"datasets"},
                         .required = true}),
      setting(&S::val, {.name = "val",
                        .doc = "the same of pictures to validate on, after each epoch unless "
                               "validate_every says otherwise; the best weights are kept",
                        .names = {"datasets"}}),
      setting(&S::validate_every,
              {.name = "validate_every",
               .doc = "steps between validations, of which the last step is one; 0: an epoch's",
               .min = 0,
               .max = 1e12},
              {"val=", [](const S& s) { return !s.val.empty(); }}),
      setting(
          &S::frozen_every,
          {.name = "frozen_every",
           .doc = "epochs between looks at the features as they stand, at validations: how many "
                  "pictures of val the labels of 10000 of data tell right, by their nearest "
                  "neighbours and by least squares; 0: never",
           .min = 0,
           .max = 1e9},
          {"val=", [](const S& s) { return !s.val.empty(); }}),
      setting(&S::method, {.name = "method",
                           .doc = "what is minimised: one method, or a sum such as "
                                  "mixup+outlier_exposure",
                           .names = {"methods"}}),
      setting(&S::targets,
              {.name = "targets",
               .doc = "BANK#SET/SPLIT: what a teacher said about the same pictures (`nescio "
                      "extract`), for methods that learn from one"}),
      setting(&S::weights,
              {.name = "weights",
               .doc = ".npy file of a number of 0 or more for each picture, by which its part of "
                      "the loss is multiplied; all 1 if not given"}),
      setting(&S::outliers,
              {.name = "outliers",
               .doc = "TYPE:PATH?key=value&... of pictures that belong to no class, for methods "
                      "that learn from some",
               .names = {"datasets"}}),
      setting(&S::steps,
              {.name = "steps", .doc = "how many; or give epochs", .min = 1, .max = 1e12}),
      setting(&S::epochs, {.name = "epochs",
                           .doc = "passes over the training pictures; or give steps",
                           .min = 1,
                           .max = 1e9}),
      setting(&S::batch, {.name = "batch", .doc = "pictures per step", .min = 1, .max = 65536}),
      setting(&S::drop_last,
              {.name = "drop_last",
               .doc = "leave out the batch at the end of an epoch that is not full"}),
      setting(&S::outlier_batch,
              {.name = "outlier_batch",
               .doc = "outliers per step; as many as batch if not given",
               .min = 1,
               .max = 65536},
              with_outliers()),
      setting(&S::outlier_order,
              {.name = "outlier_order",
               .doc = "shuffled: all of them, in another order each time that they begin anew; "
                      "offset: as stored, from a place that each epoch draws anew",
               .choices = {"shuffled", "offset"}},
              with_outliers()),
      setting(&S::accumulate,
              {.name = "accumulate",
               .doc = "equal parts of a batch that are computed one after another, which takes "
                      "less memory; the gradient is that of the whole batch",
               .min = 1,
               .max = 65536}),
      setting(
          &S::batch_norm,
          {.name = "batch_norm",
           .doc =
               "whose rows batch normalisation sees, of several processes: per_rank, those of its "
               "own; synchronised, those that all compute at the same time, so that the step is "
               "that "
               "of one process",
           .choices = {"per_rank", "synchronised"}}),
      setting(&S::lr,
              {.name = "lr", .doc = "learning rate", .min = 0, .max = 1e6, .min_excluded = true}),
      setting(&S::lr_min, {.name = "lr_min", .doc = "what it falls to", .min = 0, .up_to = "lr"},
              with_schedule("cosine")),
      setting(&S::schedule, {.name = "schedule",
                             .doc = "how the learning rate falls, step by step: cosine to lr_min; "
                                    "step: times decay at each of the milestones; constant",
                             .choices = {"cosine", "step", "constant"}}),
      setting(&S::milestones, {.name = "milestones", .doc = "steps at which it falls: 32000,48000"},
              with_schedule("step")),
      setting(&S::decay,
              {.name = "decay",
               .doc = "factor at a milestone",
               .min = 0,
               .max = 1,
               .min_excluded = true},
              with_schedule("step")),
      setting(
          &S::warmup,
          {.name = "warmup",
           .doc =
               "steps in which the learning rate rises linearly to lr, fewer than those of the run",
           .min = 0,
           .max = 1e12}),
      setting(&S::optimiser, {.name = "optimiser",
                              .doc = "adamw: its weight decay does not pass through the moments",
                              .choices = {"sgd", "adamw"}}),
      setting(&S::momentum,
              {.name = "momentum",
               .doc = "how slowly the sum of the gradients fades",
               .min = 0,
               .max = 1,
               .max_excluded = true},
              with_optimiser("sgd")),
      setting(&S::nesterov, {.name = "nesterov", .doc = "Nesterov's form of the momentum"},
              with_optimiser("sgd")),
      setting(&S::beta1,
              {.name = "beta1",
               .doc = "how slowly the mean of the gradient moves",
               .min = 0,
               .max = 1,
               .max_excluded = true},
              with_optimiser("adamw")),
      setting(&S::beta2,
              {.name = "beta2",
               .doc = "how slowly the mean of its square moves",
               .min = 0,
               .max = 1,
               .max_excluded = true},
              with_optimiser("adamw")),
      setting(&S::eps,
              {.name = "eps",
               .doc = "added to the root of that mean",
               .min = 0,
               .max = 1,
               .min_excluded = true},
              with_optimiser("adamw")),
      setting(
          &S::weight_decay,
          {.name = "weight_decay", .doc = "pull of parameters towards 0", .min = 0, .max = 1e6}),
      setting(&S::weight_decay_on,
              {.name = "weight_decay_on",
               .doc = "all parameters, or kernels: neither biases nor normalisation",
               .choices = {"all", "kernels"}},
              {"weight_decay above 0", [](const S& s) { return s.weight_decay > 0; }}),
      setting(&S::layer_decay,
              {.name = "layer_decay",
               .doc = "factor of the learning rate for each layer further from the last one",
               .min = 0,
               .max = 1,
               .min_excluded = true}),
      setting(&S::head_lr, {.name = "head_lr",
                            .doc = "factor of the learning rate of the last layer",
                            .min = 0,
                            .max = 1e6}),
      setting(&S::clip, {.name = "clip",
                         .doc = "largest norm of the gradient, longer ones are shortened; 0: any",
                         .min = 0,
                         .max = 1e12}),
      setting(&S::ema, {.name = "ema",
                        .doc = "decay of a running mean of the weights, which is then validated "
                               "and written in their place; 0: none",
                        .min = 0,
                        .max = 1,
                        .max_excluded = true}),
      setting(
          &S::precision,
          {.name = "precision",
           .doc = "what the network computes in; tf32: products of ten bits on a GPU; bfloat16: "
                  "by autocast, with parameters, losses and validation in float32",
           .choices = {"float32", "tf32", "bfloat16"}}),
      setting(&S::augment, {.name = "augment",
                            .doc = "random changes to the pictures, crop(padding=4),flip",
                            .names = {"augmentations"}}),
      setting(
          &S::new_head,
          {.name = "new_head",
           .doc = "start with a new last layer where the classes of the weights "
                  "are others than those of the data"},
          {"weights in model=", [](const S& s) { return s.model.find(':') != std::string::npos; }}),
      setting(&S::device,
              {.name = "device",
               .doc = "auto (the first CUDA device, else the CPU), cpu, cuda or cuda:N"}),
      setting(&S::workers, {.name = "workers",
                            .doc = "threads that prepare pictures, any number gives the same ones; "
                                   "auto: 2, or for a GPU all cores",
                            .min = 1,
                            .max = 1024}),
      setting(&S::cache, {.name = "cache",
                          .doc = "keep decoded pictures in memory; auto: where they take at most "
                                 "1 GiB",
                          .choices = {"auto", "true", "false"}}),
      setting(&S::cuda_graphs, {.name = "cuda_graphs",
                                .doc = "on a CUDA device record a step once and play it again, in "
                                       "the place of a launch for each of its "
                                       "kernels; auto: where batch and method allow it. Not the "
                                       "default before it was measured",
                                .choices = {"false", "auto", "true"}}),
      setting(&S::checkpoint_every,
              {.name = "checkpoint_every",
               .doc = "steps between checkpoints; the last step is followed by one",
               .min = 1,
               .max = 1e12}),
      setting(&S::checkpoint_seconds, {.name = "checkpoint_seconds",
                                       .doc = "the same after so long; 0: not by time",
                                       .unit = "s",
                                       .min = 0,
                                       .max = 1e9}),
      setting(&S::keep_checkpoints,
              {.name = "keep_checkpoints",
               .doc = "how many of the newest stay, 2 or more; every(N): the newest two and one of "
                      "every N steps, for `nescio trace`"}),
      setting(&S::log_every, {.name = "log_every",
                              .doc = "steps that a row of metrics is the mean of",
                              .min = 1,
                              .max = 1e12}),
  };
}

}  // namespace

const std::vector<Parameter<TrainSettings>>& train_parameters() {
  static const auto parameters = declare();
  return parameters;
}

std::size_t workers_of(const TrainSettings& settings, bool on_gpu) {
  if (settings.workers) return static_cast<std::size_t>(*settings.workers);
  return on_gpu ? std::max<std::size_t>(2, static_cast<std::size_t>(thread_count())) : 2;
}

bool is_free_on_resume(std::string_view name) {
  return std::ranges::find(free_on_resume, name) != free_on_resume.end();
}

std::vector<std::pair<std::string, std::string>> print_settings(const TrainSettings& settings) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& parameter : train_parameters()) {
    std::string value = parameter.get(settings);
    if (value.empty() || (parameter.counts && !parameter.counts(settings))) continue;
    out.emplace_back(parameter.info.name, std::move(value));
  }
  out.emplace_back("seed", print_value(settings.seed));
  return out;
}

void check_settings(const TrainSettings& s) {
  if (s.steps.has_value() == s.epochs.has_value()) {
    fail("expected one of steps= and epochs=, found ", s.steps ? "both" : "none");
  }
  std::vector<std::string> changed;
  for (const auto& parameter : train_parameters()) {
    if (parameter.get(s) != parameter.default_value) changed.push_back(parameter.info.name);
  }
  check_parameters(s, train_parameters(), "train:", changed);
  if (s.optimiser == "sgd" && s.nesterov && s.momentum == 0) {
    fail("nesterov=true needs momentum > 0; set nesterov=false for plain gradient descent");
  }
  for (const auto& [name, size] :
       {std::pair("batch", s.batch), std::pair("outlier_batch", s.outlier_batch.value_or(0))}) {
    if (size % s.accumulate == 0) continue;
    fail("accumulate=", s.accumulate, ": ", name, '=', size, " cannot be split into as many equal ",
         "parts");
  }
  kept_checkpoints(s.keep_checkpoints);
  Schedule(s, 1);
}

}  // namespace nescio::train
