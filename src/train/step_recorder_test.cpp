#include "train/step_recorder.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(StepRecorder, IsSaidWhereItCannotBeAndIsWanted) {
  const TinyTask task;
  const auto fault = [&](TrainSettings settings) -> std::string {
    settings.cuda_graphs = "true";
    try {
      Trainer(settings).run({.out = task.path("run")});
    } catch (const UsageError& e) {
      return e.what();
    }
    return "";
  };
  TrainSettings on_cpu = task.settings();
  on_cpu.device = "cpu";
  EXPECT_THAT(fault(on_cpu), HasSubstr("cuda_graphs=true: the device is cpu"));
  TrainSettings changing = task.settings();
  changing.method = "vos(start_epoch=1,queue=4,sample_from=20)";
  EXPECT_THAT(fault(changing), HasSubstr("does not do the same in every step"));
  TrainSettings in_parts = task.settings();
  in_parts.accumulate = 2;
  EXPECT_THAT(fault(in_parts), HasSubstr("computed in several parts"));
}

TEST(StepRecorder, DoesWhatItCannotRecord) {
  const auto network = nn::find_network("resnet8").make(3);
  StepRecorder recorder(true);
  std::int64_t done = 0;
  for (std::int64_t number = 0; number < 6; ++number) {
    const TrainingStep step{
        .number = number, .network = *network, .images = torch::ones({2, 3, 8, 8})};
    const StepSaid said = recorder(step, [&](const TrainingStep& given) {
      ++done;
      return StepSaid::of(given, given.images.sum() * static_cast<double>(given.number));
    });
    EXPECT_EQ(said.values[0].item<double>(), 384.0 * static_cast<double>(number));
  }
  EXPECT_EQ(done, 6);
  EXPECT_THAT(recorder.fault(), HasSubstr("images lies in the host's memory"));
}

/// On a GPU, runs with and without records end with the same bits.
class RecordedRuns : public testing::TestWithParam<const char*> {};

TEST_P(RecordedRuns, EndWithTheSameBits) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  const std::string method = GetParam();
  if (make_method(method)->needs().outliers) settings = task.outlier_settings();
  settings.method = method;
  if (!nn::RecordedWork::fault(nn::find_device(settings.device)).empty()) {
    GTEST_SKIP() << "nothing can be recorded on " << settings.device;
  }
  if (method.starts_with("umap") || method.starts_with("unleashing_mask")) {
    settings.model = trained(task);
  }
  const auto run = [&](const std::string& name, const char* graphs) {
    settings.cuda_graphs = graphs;
    std::string said;
    Trainer(settings).run(
        {.out = task.path(name), .warn = [&](const std::string& s) { said += s + "\n"; }});
    EXPECT_THAT(said, Not(HasSubstr("kernel by kernel")));
    return io::read_text(task.path(name + "/last.safetensors"));
  };
  EXPECT_EQ(run("played", "true"), run("launched", "false"));
}

INSTANTIATE_TEST_SUITE_P(Methods, RecordedRuns,
                         testing::Values("cross_entropy",
                                         "mixup+cross_entropy(label_smoothing=0.1)", "cutmix",
                                         "outlier_exposure", "energy_bounded", "mixoe",
                                         "logit_mixoe", "logit_mixoe(preset=mixoe)", "logit_norm",
                                         "flooding(b=0.5)", "simclr", "umap(b=0.2)",
                                         "unleashing_mask(b=0.2)", "random_mask(keep=0.8)",
                                         "magnitude_pruning(keep=0.8)"));

/// What else goes into a step.
TEST(RecordedRuns, EndWithTheSameBitsInAllTheirParts) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  if (!nn::RecordedWork::fault(nn::find_device(settings.device)).empty()) {
    GTEST_SKIP() << "nothing can be recorded on " << settings.device;
  }
  settings.optimiser = "adamw";
  settings.lr = 0.002;
  settings.clip = 0.5;
  settings.ema = 0.9;
  settings.precision = "bfloat16";
  settings.batch = 10;  // of 48 pictures: the last batch of an epoch is done as it is
  settings.drop_last = false;
  const auto run = [&](const std::string& name, const char* graphs) {
    settings.cuda_graphs = graphs;
    Trainer(settings).run({.out = task.path(name)});
    return io::read_text(task.path(name + "/last.safetensors"));
  };
  EXPECT_EQ(run("played", "true"), run("launched", "false"));
  expect_the_same_after_a_kill(task, settings);
}

}  // namespace
}  // namespace nescio::train
