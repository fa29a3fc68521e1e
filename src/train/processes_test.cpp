// A run by several processes, played by threads of which one runs at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_communicator.h"
#include "train/method.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

/// All pictures in one step each time, in a network whose normalisation does not depend on its batch.
TrainSettings settings_of(const TinyTask& task, const std::string& method) {
  TrainSettings s =
      make_method(method)->needs().outliers ? task.outlier_settings(method) : task.settings();
  s.method = method;
  s.outlier_batch = s.outliers.empty() ? std::nullopt : std::optional<std::int64_t>(4);
  s.steps = 7;
  s.workers = 1;
  s.lr = 0.002;  // what is not normalised by its batch runs away sooner
  return s;
}

/// Evaluation mode everywhere.
class Still final : public TrainingMethod {
 public:
  explicit Still(const std::string& spec) : inner_(register_module("inner", make_method(spec))) {}
  Draws draw(const StepFacts& facts) override { return inner_->draw(facts); }
  void prepare(TrainingStep& step) const override { inner_->prepare(step); }
  torch::Tensor loss(TrainingStep& step) override { return inner_->loss(step); }
  MethodNeeds needs() const override { return inner_->needs(); }
  bool needs_whole_batch() const override { return inner_->needs_whole_batch(); }
  void on_make(const MadeFor& made_for) override { inner_->on_make(made_for); }
  void set_mode(nn::Network& network) const override { network.eval(); }

 private:
  std::shared_ptr<TrainingMethod> inner_;
};

std::map<std::string, Array> weights_of(const std::string& run) {
  return io::read_safetensors(run + "/last.safetensors").tensors;
}

TEST(SeveralProcesses, TakeTheStepsOfOne) {
  for (const char* method : {"cross_entropy", "mixup+outlier_exposure", "logit_mixoe"}) {
    const TinyTask task;
    TrainSettings settings = settings_of(task, method);
    settings.accumulate = 4;
    const TrainResult one =
        Trainer(settings, std::make_shared<Still>(method)).run({.out = task.path("one")});
    for (const int size : {2, 4}) {
      settings.accumulate = 4 / size;
      const std::string out = task.path(text("by", size));
      std::vector<TrainResult> results(static_cast<std::size_t>(size));
      PlayedProcesses::run(size, [&](Communicator& processes) {
        Trainer trainer(settings, std::make_shared<Still>(method), processes);
        results[static_cast<std::size_t>(processes.rank())] = trainer.run({.out = out});
      });
      const auto expected = weights_of(task.path("one")), found = weights_of(out);
      for (const auto& item : expected) {
        if (item.second.dtype() != DType::float32) continue;
        const auto a = item.second.as<float>(), b = found.at(item.first).as<float>();
        for (std::size_t i = 0; i < a.size(); ++i) {
          ASSERT_NEAR(a[i], b[i], 2e-5 * (1 + std::abs(a[i])))
              << method << ' ' << size << ' ' << item.first;
        }
      }
      for (const TrainResult& result : results) {
        EXPECT_NEAR(*result.loss, *one.loss, 1e-5) << method;
        EXPECT_EQ(result.accuracy, one.accuracy) << method;
        EXPECT_NEAR(*result.val, *one.val, 1e-9) << method;
      }
    }
  }
}

// In training mode, where a batch is normalised by all of its rows.
TEST(SeveralProcesses, NormaliseTogether) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  // In double precision gradients agree to 1e-9 (synchronised_norm_test.cpp). In single precision rounding turns a
  // ReLU over here and there, 2e-5 after a step, and what follows grows as fast as with another number of threads.
  settings.steps = 1;
  settings.workers = 1;
  settings.lr = 0.005;
  settings.batch_norm = "synchronised";
  Trainer(settings).run({.out = task.path("one")});
  const auto expected = weights_of(task.path("one"));
  for (const char* batch_norm : {"synchronised", "per_rank"}) {
    settings.batch_norm = batch_norm;
    const std::string out = task.path(batch_norm);
    PlayedProcesses::run(
        2, [&](Communicator& processes) { Trainer(settings, processes).run({.out = out}); });
    const auto found = weights_of(out);
    double most = 0;
    for (const auto& item : expected) {
      if (item.second.dtype() != DType::float32) continue;
      const auto a = item.second.as<float>(), b = found.at(item.first).as<float>();
      for (std::size_t i = 0; i < a.size(); ++i) {
        most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]) / (1 + std::abs(a[i])));
      }
    }
    if (settings.batch_norm == "synchronised") {
      EXPECT_LT(most, 1e-4);
    } else {
      EXPECT_GT(most, 1e-3);
    }
  }
}

TEST(SeveralProcesses, RefuseWhatNeedsTheWholeBatch) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "vos";
  EXPECT_THAT(io::error_of([&] {
                PlayedProcesses::run(2, [&](Communicator& processes) {
                  Trainer(settings, make_method("vos"), processes);
                });
              }),
              testing::HasSubstr("cannot be trained by 2 processes"));
}

}  // namespace
}  // namespace nescio::train
