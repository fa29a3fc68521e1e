// What ends a run, and what it says then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/json_file.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

TrainResult train(const TrainSettings& settings, const TrainOptions& options) {
  return Trainer(settings).run(options);
}

std::string fault(const TrainSettings& settings, const fs::path& out, bool resume = false) {
  return io::error_of([&] { train(settings, {.out = out, .resume = resume}); });
}

TEST(TrainerErrors, ALossThatIsNotFiniteStopsWithTheCulprits) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.lr = 1e30;
  settings.warmup = 0;
  settings.momentum = 0;
  settings.nesterov = false;
  settings.weight_decay = 1;
  const std::string message = fault(settings, task.path("run"));
  EXPECT_THAT(message, HasSubstr("[cross_entropy] step "));
  EXPECT_THAT(message, HasSubstr("for the pictures "));
  EXPECT_THAT(message, HasSubstr("at a learning rate of 9.966e+29 for"));
  EXPECT_THAT(message, HasSubstr("no checkpoint was written yet, so begin again in another out="));
  EXPECT_THAT(message, Not(HasSubstr("resume")));
}

TEST(TrainerErrors, ADivergedRunGoesOnFromItsCheckpoint) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.steps = 6;
  train(settings, {.out = task.path("run")});
  settings.steps = 27;
  settings.lr = 1e30;
  const std::string message = io::error_of(
      [&] { train(settings, {.out = task.path("run"), .resume = true, .changed = true}); });
  EXPECT_THAT(message, HasSubstr("[cross_entropy] step "));
  EXPECT_THAT(message, HasSubstr("the last good checkpoint is "));
  EXPECT_THAT(message, HasSubstr("a smaller lr=, a longer warmup= or clip=1 and resume=changed"));
}

TEST(TrainerErrors, WeightsThatAreNotFiniteAreNoCheckpoint) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.lr = 1e300;  // infinite in float32
  settings.checkpoint_every = 1;
  settings.val = {};
  const std::string message = fault(settings, task.path("run"));
  EXPECT_THAT(message, HasSubstr("[cross_entropy] step 0: network."));
  EXPECT_THAT(message, HasSubstr("holds NaN or infinity after it, at a learning rate of 1e+300"));
  EXPECT_THAT(message, Not(HasSubstr("resume")));
}

TEST(TrainerErrors, AFolderThatCannotBeWritten) {
  const TinyTask task;
  io::write_text(task.path("file"), "x");
  EXPECT_THAT(fault(task.settings(), task.path("file/run")), HasSubstr("file/run"));
  EXPECT_THAT(fault(task.settings(), "/proc/nescio"), HasSubstr("/proc/nescio"));
  // Found at the first checkpoint.
  fs::create_directories(task.path("run"));
  io::write_text(task.path("run/checkpoints"), "x");
  const std::string message = fault(task.settings(), task.path("run"));
  EXPECT_THAT(message, HasSubstr("run/checkpoints"));
  EXPECT_THAT(message, HasSubstr("none written"));
}

TEST(TrainerErrors, ClassesAndStartWeights) {
  const TinyTask task;
  const fs::path run = task.path("run");
  TrainSettings settings = task.settings();
  settings.steps = 2;
  train(settings, {.out = run});

  const std::string four = task.path("four_labels.npy");
  std::vector<std::int64_t> labels(48, 3);
  io::write_npy(four, Array({48}, labels));
  settings.data = "npy:" + task.path("train.npy") + "?labels=" + four;
  settings.model = "resnet8:" + (run / "last.safetensors").string();
  EXPECT_THAT(fault(settings, task.path("next")), HasSubstr("has 3 classes, the data has 4"));
  EXPECT_THAT(fault(settings, task.path("next")), HasSubstr("new_head=true"));
  settings.new_head = true;
  EXPECT_EQ(train(settings, {.out = task.path("new")}).classes, 4);

  labels[7] = -1;
  io::write_npy(four, Array({48}, labels));
  EXPECT_THAT(fault(settings, task.path("x")), HasSubstr("picture 7 has no label"));
  settings.data = "npy:" + task.path("train.npy");
  EXPECT_THAT(fault(settings, task.path("x")), HasSubstr("has no label"));
}

TEST(TrainerErrors, Outliers) {
  const TinyTask task;
  const auto with = [&](auto change) {
    TrainSettings settings = task.outlier_settings();
    change(settings);
    return fault(settings, task.path("x"));
  };
  EXPECT_THAT(with([](TrainSettings& s) {
                s.outliers = {};
                s.outlier_batch = {};
              }),
              HasSubstr("expected outliers="));
  EXPECT_THAT(with([](TrainSettings& s) { s.method = "cross_entropy"; }),
              HasSubstr("does not read outliers"));
  EXPECT_THAT(with([](TrainSettings& s) { s.outlier_batch = 12; }),
              HasSubstr("expected at least the 12 pictures of a batch, found 11"));
  EXPECT_THAT(with([](TrainSettings& s) { s.outliers += "?index=0-0&except=0"; }),
              HasSubstr("holds no pictures"));
  EXPECT_FALSE(fs::exists(task.path("x")));
}

TEST(TrainerErrors, SettingsWithoutSense) {
  const TinyTask task;
  const auto with = [&](auto change) {
    TrainSettings settings = task.settings();
    change(settings);
    return fault(settings, task.path("x"));
  };
  EXPECT_THAT(with([](TrainSettings& s) { s.model = "resnet9"; }), HasSubstr("Did you mean"));
  EXPECT_THAT(with([](TrainSettings& s) { s.batch = 49; }), HasSubstr("only 48 pictures"));
  EXPECT_THAT(with([](TrainSettings& s) { s.augment = "crp"; }), HasSubstr("'crop'"));
  EXPECT_THAT(with([](TrainSettings& s) { s.device = "tpu"; }), HasSubstr("device"));
  EXPECT_THAT(with([](TrainSettings& s) { s.new_head = true; }),
              HasSubstr("counts only with weights in model="));
  EXPECT_FALSE(fs::exists(task.path("x")));
}

TEST(TrainerErrors, ABrokenPictureSaysHowToGoOnWithoutIt) {
  const TinyTask task;
  const fs::path data = task.path("data"), val = task.path("val");
  write_class_folders(data, 2, 4);
  write_class_folders(val, 2, 4);
  TrainSettings settings{
      .model = "resnet8", .data = "folder:" + data.string(), .steps = 8, .batch = 2};
  settings.val = "folder:" + val.string();
  settings.device = nn::test_device();
  ASSERT_EQ(fault(settings, task.path("whole")), "");

  // Met by the validation behind the first epoch: what was done is kept.
  io::write_text(val / "1" / "3.png", "broken");
  const std::string met = fault(settings, task.path("run"));
  EXPECT_THAT(met, HasSubstr("step 4 of 8: "));
  EXPECT_THAT(met, HasSubstr("3.png"));
  EXPECT_THAT(met, HasSubstr("step-000000000004"));
  EXPECT_THAT(met, HasSubstr("broken=skip"));
  EXPECT_THAT(met, HasSubstr("resume=changed"));
  settings.val += "?broken=skip";
  EXPECT_THAT(fault(settings, task.path("run"), true),
              HasSubstr("the validation pictures are others"));
  EXPECT_EQ(
      train(settings, {.out = task.path("run"), .resume = true, .changed = true}).steps_before, 4);

  io::write_text(data / "0" / "0.png", "broken");
  const std::string first = fault(settings, task.path("other"));
  EXPECT_THAT(first, HasSubstr("of 8: "));
  EXPECT_THAT(first, HasSubstr("0.png"));
  EXPECT_THAT(first, HasSubstr("checkpoint"));
}

TEST(TrainerErrors, ResumeKnowsWhatItGoesOnFrom) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.steps = 2;
  train(settings, {.out = task.path("start")});
  settings.seed = 7;
  train(settings, {.out = task.path("other")});
  const fs::path weights = task.path("weights.safetensors");
  fs::copy_file(task.path("start/last.safetensors"), weights);
  settings.model = "resnet8:" + weights.string();
  const auto begin_and_fault = [&](const char* out, const auto& change) {
    train(settings, {.out = task.path(out)});
    fs::remove_all(task.path(out) + "/checkpoints");
    change();
    return fault(settings, task.path(out), true);
  };
  EXPECT_EQ(begin_and_fault("same", [] {}), "");
  EXPECT_THAT(begin_and_fault("weights",
                              [&] {
                                fs::copy_file(task.path("other/last.safetensors"), weights,
                                              fs::copy_options::overwrite_existing);
                              }),
              HasSubstr("the start weights are others: was \""));
  EXPECT_THAT(begin_and_fault("val",
                              [&] {
                                std::vector<std::int64_t> labels(20, 1);
                                io::write_npy(task.path("val_labels.npy"), Array({20}, labels));
                              }),
              HasSubstr("the validation pictures are others"));
  // What preprocessing the weights bring is no setting.
  EXPECT_THAT(begin_and_fault("preprocessing",
                              [&] {
                                io::Safetensors file = io::read_safetensors(weights);
                                auto p =
                                    nlohmann::json::parse(file.metadata.at("nescio.preprocessing"));
                                p["mean"] = {0, 0, 0};
                                file.metadata["nescio.preprocessing"] = p.dump();
                                io::write_safetensors(weights, file.tensors, file.metadata);
                              }),
              HasSubstr("the preprocessing is another"));
}

TEST(TrainerErrors, ThePrecisionOfARunIsNotThatOfItsStartWeights) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = trained(task) + "?precision=bfloat16";
  EXPECT_THAT(fault(settings, task.path("run")), HasSubstr("say precision=bfloat16 beside model="));
}

TEST(TrainerErrors, StartWeightsAndDataMatchByName) {
  const TinyTask task;
  const auto shapes = [](const char* classes) {
    return text("procedural:shapes?count=40&classes=", classes);
  };
  TrainSettings settings{.model = "resnet8", .data = shapes("0,1,2"), .steps = 1, .batch = 4};
  settings.device = nn::test_device();
  train(settings, {.out = task.path("run")});
  const auto names = [](const fs::path& out) {
    return io::read_safetensors(out / "last.safetensors").metadata.at("nescio.class_names");
  };
  settings.model = "resnet8:" + task.path("run/last.safetensors");

  // The same steps on the same pictures, whoever numbered them.
  settings.data = shapes("2,0,1");
  Notices said;
  const TrainResult done =
      train(settings,
            {.out = task.path("turned"), .warn = [&](const std::string& s) { said.push_back(s); }});
  EXPECT_EQ(done.classes, 3);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_THAT(said[0], HasSubstr("data: the labels are now those of the start weights"));
  EXPECT_EQ(names(task.path("turned")), names(task.path("run")));

  settings.data = shapes("2,1");
  said.clear();
  EXPECT_EQ(train(settings, {.out = task.path("fewer"),
                             .warn = [&](const std::string& s) { said.push_back(s); }})
                .classes,
            3);
  EXPECT_THAT(join(said), HasSubstr("no picture of 1 of the 3 classes"));
  settings.data = shapes("1,2,3");
  EXPECT_THAT(fault(settings, task.path("more")),
              HasSubstr("not among the 3 of the start weights"));
  settings.data = shapes("3,4,5");
  EXPECT_THAT(fault(settings, task.path("others")), HasSubstr("new_head=true"));
  settings.new_head = true;
  EXPECT_EQ(fault(settings, task.path("new")), "");
  EXPECT_NE(names(task.path("new")), names(task.path("run")));
}

}  // namespace
}  // namespace nescio::train
