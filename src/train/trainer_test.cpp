#include "train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/interrupt.h"
#include "base/threads.h"
#include "io/csv.h"
#include "io/json_file.h"
#include "nn/model.h"
#include "train/test_run.h"
#include "train/training_streams.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TrainResult train(const TrainSettings& settings, const TrainOptions& options) {
  return Trainer(settings).run(options);
}

std::string bytes_of(const fs::path& path) { return io::read_text(path); }

struct Killed {};

/// Runs until `step` steps are done and then leaves as a kill would: no checkpoint is written.
void train_until(const TrainSettings& settings, const fs::path& out, std::size_t step,
                 bool resume = false) {
  const auto kill = [&](std::string_view what, std::size_t done, std::size_t) {
    if (what != "validating" && done == step) throw Killed();
  };
  EXPECT_THROW(train(settings, {.out = out, .resume = resume, .progress = kill}), Killed);
}

std::string fault(const TrainSettings& settings, const fs::path& out, bool resume = false) {
  return io::error_of([&] { train(settings, {.out = out, .resume = resume}); });
}

TEST(Trainer, LearnsAndLeavesWeightsThatLoad) {
  const TinyTask task;
  const fs::path run = task.path("run");
  const TrainResult done = train(task.settings(), {.out = run});
  EXPECT_EQ(done.steps, 27);
  EXPECT_EQ(done.classes, 3);
  EXPECT_GT(*done.val, 0.9);
  EXPECT_GE(*done.best_val, *done.val);
  EXPECT_LT(done.loss.value(), 0.7);
  for (const char* file : {"last", "best"}) {
    const fs::path path = run / (std::string(file) + ".safetensors");
    const nn::Model model = nn::Model::load("resnet8:" + path.string(), "cpu");
    EXPECT_EQ(model.classes(), 3u);
    const auto facts = io::read_safetensors(path).metadata;
    EXPECT_EQ(facts.at("nescio.network"), "resnet8");
    EXPECT_EQ(nlohmann::json::parse(facts.at("nescio.preprocessing")).at("height"), 32);
  }
  const auto config = io::read_json(run / "config.json");
  EXPECT_EQ(config.at("settings").at("lr"), "0.05");
  EXPECT_EQ(config.at("steps_per_epoch"), 6);
  EXPECT_THAT(io::read_text(run / "config.yaml"), HasSubstr("lr: 0.05\n"));
}

TEST(Trainer, SaysTheLossOfEveryStep) {
  const TinyTask task;
  std::vector<std::string> said;
  const auto listen = [&](std::string_view what, std::size_t, std::size_t) {
    if (what != "validating") said.emplace_back(what);
  };
  train(task.settings(), {.out = task.path("run"), .progress = listen});
  ASSERT_EQ(said.size(), 27U);
  for (const std::string& words : said) EXPECT_THAT(words, HasSubstr("accuracy"));
  EXPECT_THAT(said[4], testing::Not(HasSubstr("loss 0.000")));  // the last one of its log row
}

TEST(Trainer, ShowsTheLossThatItsTermsAreThePartsOf) {
  const TinyTask task;
  TrainSettings settings = task.outlier_settings("outlier_exposure");
  settings.val = {};
  std::vector<std::string> said;
  train(settings, {.out = task.path("run"), .progress = [&](std::string_view what, auto, auto) {
                     said.emplace_back(what);
                   }});
  ASSERT_EQ(said.size(), 27U);
  for (const std::string& words : said) {
    const auto shown = [&](const std::string& name) {
      return std::stod(words.substr(words.find("  " + name + " ") + name.size() + 3));
    };
    EXPECT_NEAR(shown("loss"), shown("ce") + shown("oe"), 0.002) << words;
  }
}

TEST(Trainer, WritesTheCurves) {
  const TinyTask task;
  const fs::path run = task.path("run");
  train(task.settings(), {.out = run});
  const auto rows = io::parse_csv(io::read_text(run / "metrics.csv"), "csv");
  EXPECT_EQ(rows[0], (std::vector<std::string>{"step", "epoch", "split", "lr", "loss", "accuracy",
                                               "images_per_second", "rows"}));
  std::vector<std::string> places;
  for (std::size_t i = 1; i < rows.size(); ++i) places.push_back(rows[i][2] + " " + rows[i][0]);
  EXPECT_EQ(join(places),
            "train 5, train 6, val 6, train 11, train 12, val 12, train 17, train 18, val 18, "
            "train 23, train 24, val 24, train 27, val 27");
  EXPECT_GT(fs::file_size(run / "events.out.tfevents.nescio"), 1000u);
}

TEST(Trainer, WritesTheAccuracyOfValidationWhereTrainingKnowsNone) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "mixup";
  train(settings, {.out = task.path("run")});
  const auto rows = io::parse_csv(io::read_text(task.path("run") + "/metrics.csv"), "csv");
  EXPECT_EQ(rows[0][5], "accuracy");
  EXPECT_EQ(rows[1][5], "");
  EXPECT_EQ(rows[3][2], "val");
  EXPECT_GE(std::stod(rows[3][5]), 0);
}

/// The names of a run's checkpoints, without what follows the step.
std::vector<std::string> checkpoints_of(const fs::path& run) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
    const fs::path& path = entry.path();
    if (path.extension() == ".json") names.push_back(path.stem().string().substr(15));
  }
  std::ranges::sort(names);
  return names;
}

TEST(Trainer, SavesByStepsAndKeepsAsManyAsAsked) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.checkpoint_every = 10;
  settings.keep_checkpoints = "9";
  train(settings, {.out = task.path("steps")});
  EXPECT_THAT(checkpoints_of(task.path("steps")), testing::ElementsAre("10", "20", "27"));
  settings.keep_checkpoints = "2";
  train(settings, {.out = task.path("two")});
  EXPECT_THAT(checkpoints_of(task.path("two")), testing::ElementsAre("20", "27"));
  settings.keep_checkpoints = "every(6)";
  settings.checkpoint_every = 10;
  train(settings, {.out = task.path("many")});
  EXPECT_THAT(checkpoints_of(task.path("many")),
              testing::ElementsAre("06", "12", "18", "24", "27"));
  settings.keep_checkpoints = "99";
  settings.checkpoint_every = 1000;
  settings.checkpoint_seconds = 1e-9;  // each step takes longer
  train(settings, {.out = task.path("seconds")});
  EXPECT_EQ(checkpoints_of(task.path("seconds")).size(), 27u);
}

TEST(Trainer, ValidatesAsOftenAsAsked) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.validate_every = 10;
  train(settings, {.out = task.path("run")});
  std::vector<std::string> at;
  for (const auto& row : io::parse_csv(io::read_text(task.path("run") + "/metrics.csv"), "csv")) {
    if (row[2] == "val") at.push_back(row[0]);
  }
  EXPECT_THAT(at, testing::ElementsAre("10", "20", "27"));
}

class TrainerResume : public testing::Test {
 protected:
  /// Expects that the run in `out` ended as one that was never stopped.
  void expect_equal_end(const fs::path& out) {
    for (const char* file : {"last.safetensors", "best.safetensors"}) {
      EXPECT_TRUE(bytes_of(out / file) == bytes_of(whole_ / file)) << file;
    }
    const auto ours = io::parse_csv(io::read_text(out / "metrics.csv"), "csv");
    const auto theirs = io::parse_csv(io::read_text(whole_ / "metrics.csv"), "csv");
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(ours[i][k], theirs[i][k]) << "row " << i;
    }
  }

  void SetUp() override {
    whole_ = task_.path("whole");
    train(task_.settings(), {.out = whole_});
  }

  TinyTask task_;
  fs::path whole_;
};

TEST_F(TrainerResume, EndsWithTheSameBitsAfterAnyKill) {
  for (const std::size_t step : {2u, 6u, 11u, 27u}) {
    const fs::path out = task_.path("killed" + std::to_string(step));
    train_until(task_.settings(), out, step);
    TrainSettings other = task_.settings();
    other.workers = 1;
    other.cache = "false";
    other.checkpoint_every = 5;
    train(other, {.out = out, .resume = true});
    expect_equal_end(out);
  }
}

TEST_F(TrainerResume, SeveralKillsInOneRun) {
  const fs::path out = task_.path("often");
  train_until(task_.settings(), out, 5);
  train_until(task_.settings(), out, 13, true);
  train_until(task_.settings(), out, 14, true);
  const TrainResult done = train(task_.settings(), {.out = out, .resume = true});
  EXPECT_EQ(done.steps_before, 12);
  expect_equal_end(out);
  // Nothing is left to do, and nothing changes.
  EXPECT_FALSE(train(task_.settings(), {.out = out, .resume = true}).loss);
  expect_equal_end(out);
}

TEST_F(TrainerResume, CtrlCWritesACheckpointWhereItIs) {
  const fs::path out = task_.path("stopped");
  const auto stop = [](std::string_view, std::size_t done, std::size_t) {
    if (done == 10) request_interrupt();
  };
  try {
    train(task_.settings(), {.out = out, .progress = stop});
    ADD_FAILURE() << "was not interrupted";
  } catch (const Interrupted& e) {
    EXPECT_THAT(e.what(), HasSubstr("after step 10 of 27"));
    EXPECT_THAT(e.what(), HasSubstr("resume=true"));
  }
  clear_interrupt();
  EXPECT_EQ(train(task_.settings(), {.out = out, .resume = true}).steps_before, 10);
  expect_equal_end(out);
}

TEST_F(TrainerResume, CtrlCWhileValidatingLosesNothing) {
  const fs::path out = task_.path("stopped");
  const auto stop = [](std::string_view what, std::size_t, std::size_t) {
    if (what == "validating") request_interrupt();
  };
  EXPECT_THROW(train(task_.settings(), {.out = out, .progress = stop}), Interrupted);
  clear_interrupt();
  EXPECT_EQ(train(task_.settings(), {.out = out, .resume = true}).steps_before, 6);
  expect_equal_end(out);
}

TEST_F(TrainerResume, ADamagedCheckpointFallsBackToTheOneBefore) {
  const fs::path out = task_.path("damaged");
  train_until(task_.settings(), out, 10);
  io::write_text(out / "checkpoints" / "step-000000000008.safetensors", "short");
  std::vector<std::string> warnings;
  const TrainResult done = train(
      task_.settings(),
      {.out = out, .resume = true, .warn = [&](const std::string& s) { warnings.push_back(s); }});
  EXPECT_EQ(done.steps_before, 4);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("damaged"));
  expect_equal_end(out);
}

TEST_F(TrainerResume, OnTwoThreadsToo) {
  const int threads = thread_count();
  set_thread_count(2);
  whole_ = task_.path("two");
  train(task_.settings(), {.out = whole_});
  train_until(task_.settings(), task_.path("killed"), 15);
  train(task_.settings(), {.out = task_.path("killed"), .resume = true});
  set_thread_count(threads);
  expect_equal_end(task_.path("killed"));
}

TEST_F(TrainerResume, WarnsOfAnotherNumberOfThreads) {
  const fs::path out = task_.path("threads");
  const int threads = thread_count();
  train_until(task_.settings(), out, 10);
  set_thread_count(threads + 1);
  std::string warning;
  train(task_.settings(),
        {.out = out, .resume = true, .warn = [&](const std::string& s) { warning = s; }});
  set_thread_count(threads);
  EXPECT_THAT(warning, HasSubstr("threads was"));
}

TEST_F(TrainerResume, RefusesOtherSettingsAndListsThem) {
  TrainSettings other = task_.settings();
  other.lr = 0.1;
  other.val.clear();
  const std::string message = fault(other, whole_, true);
  EXPECT_THAT(message, HasSubstr("lr was '0.05', is '0.1'"));
  EXPECT_THAT(message, HasSubstr("is nothing"));
  EXPECT_THAT(fault(task_.settings(), whole_), HasSubstr("holds a training run already"));
}

TEST_F(TrainerResume, WithEveryEngineTheSameBits) {
  TrainSettings settings = task_.outlier_settings("mixoe");
  settings.outlier_batch = 4;
  settings.accumulate = 2;
  settings.optimiser = "adamw";
  settings.lr = 0.002;
  settings.layer_decay = 0.9;
  settings.weight_decay_on = "kernels";
  settings.ema = 0.8;
  settings.precision = "bfloat16";
  settings.clip = 1;
  whole_ = task_.path("every");
  train(settings, {.out = whole_});
  const fs::path out = task_.path("killed");
  train_until(settings, out, 11);
  train_until(settings, out, 18, true);
  train(settings, {.out = out, .resume = true});
  expect_equal_end(out);
}

TEST_F(TrainerResume, RemovesWhatAKillLeftOfWriting) {
  const fs::path out = task_.path("cut");
  train_until(task_.settings(), out, 11);
  const std::vector<std::string> left = {"best.safetensors.17.tmp", "metrics.csv.4711.tmp"};
  const std::vector<std::string> others = {"notes.tmp", "best.safetensors.old.tmp", "draft.17.tmp"};
  for (const auto& names : {left, others}) {
    for (const std::string& name : names) io::write_text(out / name, "x");
  }
  train(task_.settings(), {.out = out, .resume = true});
  for (const std::string& name : left) EXPECT_FALSE(fs::exists(out / name)) << name;
  for (const std::string& name : others) EXPECT_TRUE(fs::exists(out / name)) << name;
  expect_equal_end(out);
}

TEST_F(TrainerResume, WithOtherSettingsIfTold) {
  const fs::path out = task_.path("changed");
  TrainSettings settings = task_.settings();
  settings.steps = 12;
  train(settings, {.out = out});
  settings.steps = 15;
  settings.lr = 0.01;
  EXPECT_THAT(fault(settings, out, true), HasSubstr("resume=changed"));
  const TrainResult done = train(settings, {.out = out, .resume = true, .changed = true});
  EXPECT_EQ(done.steps_before, 12);
  EXPECT_EQ(done.steps, 15);
  const auto config = io::read_json(out / "config.json");
  EXPECT_EQ(config.at("settings").at("lr"), "0.01");
  EXPECT_EQ(config.at("changes").dump(),
            R"([{"settings":["lr was '0.05', is '0.01'","steps was '12', is '15'"],"step":12}])");
  EXPECT_THAT(io::read_text(out / "config.yaml"), HasSubstr("lr: 0.01\n"));

  // From now on these are the run's settings; what was changed before stays on record.
  EXPECT_EQ(train(settings, {.out = out, .resume = true}).steps_before, 15);
  settings.steps = 16;
  train(settings, {.out = out, .resume = true, .changed = true});
  EXPECT_EQ(io::read_json(out / "config.json").at("changes").size(), 2U);
}

TEST_F(TrainerResume, GoesOnWithARecordOfSettingsThatDoNothing) {
  const fs::path out = task_.path("older");
  train_until(task_.settings(), out, 15);
  auto config = nlohmann::ordered_json::parse(io::read_text(out / "config.json"));
  EXPECT_FALSE(config.at("settings").contains("beta1"));
  config["settings"]["beta1"] = "0.9";
  io::write_text(out / "config.json", config.dump());
  train(task_.settings(), {.out = out, .resume = true});
  expect_equal_end(out);
}

TEST_F(TrainerResume, RefusesChangesThatTheCheckpointCannotFollow) {
  const auto with = [&](auto change) {
    TrainSettings settings = task_.settings();
    change(settings);
    return io::error_of([&] { train(settings, {.out = whole_, .resume = true, .changed = true}); });
  };
  EXPECT_THAT(with([](TrainSettings& s) { s.steps = 26; }), HasSubstr("has done 27 already"));
  EXPECT_THAT(with([](TrainSettings& s) { s.model = "resnet20"; }), HasSubstr("missing"));
  EXPECT_THAT(with([](TrainSettings& s) { s.optimiser = "adamw"; }), HasSubstr("missing"));
  EXPECT_FALSE(io::read_json(whole_ / "config.json").contains("changes"));
}

TEST(Trainer, WritesTheMeanOfTheWeights) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.ema = 0.9;
  train(settings, {.out = task.path("run")});
  const auto last = io::read_safetensors(task.path("run/last.safetensors")).tensors;
  const auto checkpoint =
      io::read_safetensors(task.path("run/checkpoints/step-000000000027.safetensors")).tensors;
  const auto equal = [&](const char* written, const char* kept) {
    return std::ranges::equal(last.at(written).as<float>(), checkpoint.at(kept).as<float>());
  };
  EXPECT_TRUE(equal("conv1.weight", "ema.conv1.weight"));
  EXPECT_FALSE(equal("conv1.weight", "network.conv1.weight"));
  EXPECT_TRUE(equal("bn1.running_mean", "ema.bn1.running_mean"));
  EXPECT_FALSE(equal("bn1.running_mean", "network.bn1.running_mean"));
}

TEST(Trainer, PreprocessingGoesWithTheWeights) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.steps = 1;
  settings.model = "resnet8?size=16";
  train(settings, {.out = task.path("small")});
  settings.model = "resnet8:" + task.path("small/last.safetensors");
  EXPECT_EQ(nn::Model::load(settings.model, "cpu").preprocessing().height, 16u);
  train(settings, {.out = task.path("next")});
  EXPECT_EQ(io::read_json(task.path("next/config.json")).at("preprocessing").at("width"), 16);
}

/// The pictures of each step, as a method sees them.
std::vector<std::string> rows_of(TrainSettings settings, std::int64_t first) {
  settings.val.clear();
  const TrainingData data = open_training_data(settings);
  TrainingStreams streams(settings, data, {.height = 8, .width = 8}, {},
                          {.per_epoch = 6, .first = first, .steps = 27});
  std::vector<std::string> rows;
  StepData data_of_step;
  for (std::int64_t step = first; step < 27; ++step) {
    streams.next(data_of_step);
    std::string row;
    for (const auto* some : {&data_of_step.images, &data_of_step.outliers}) {
      for (const std::int64_t i : some->index) row += text(i, ' ');
      row += '|';
    }
    rows.push_back(row);
  }
  return rows;
}

TEST(TrainingStreams, BeginAtAnyStep) {
  const TinyTask task;
  for (const char* order : {"shuffled", "offset"}) {
    TrainSettings settings = task.outlier_settings();
    settings.outlier_order = order;
    const auto whole = rows_of(settings, 0);
    for (const std::int64_t first : {1, 6, 13}) {
      EXPECT_EQ(rows_of(settings, first),
                std::vector<std::string>(whole.begin() + first, whole.end()))
          << order << ' ' << first;
    }
  }
}

TEST(TrainingStreams, OutliersDoNotChangeThePictures) {
  const TinyTask task;
  TrainSettings settings = task.outlier_settings();
  const auto first_part = [](const std::vector<std::string>& rows) {
    std::vector<std::string> parts;
    for (const std::string& row : rows) parts.push_back(row.substr(0, row.find('|')));
    return parts;
  };
  const auto with = rows_of(settings, 0);
  settings.outlier_batch = 5;
  EXPECT_EQ(first_part(rows_of(settings, 0)), first_part(with));
  settings.outliers = {};
  EXPECT_EQ(first_part(rows_of(settings, 0)), first_part(with));
}

TEST(Trainer, LogsTheTermsAndTheRowsOfAMethod) {
  const TinyTask task;
  TrainSettings settings = task.outlier_settings("logit_mixoe(w_oe=0.5)");
  settings.log_every = 1;
  train(settings, {.out = task.path("run")});
  const auto rows = io::parse_csv(io::read_text(fs::path(task.path("run")) / "metrics.csv"), "csv");
  EXPECT_EQ(join({rows[0].begin() + 7, rows[0].end()}), "rows, lambda, ce, oe, logit, cons");
  EXPECT_EQ(rows[1][7], "14.0");  // 8 pictures, 3 outliers, 3 mixed
  double sum = 0;
  for (const std::size_t term : {9u, 10u, 11u, 12u}) sum += std::stod(rows[1][term]);
  EXPECT_NEAR(sum, std::stod(rows[1][4]), 1e-4);
}

TEST_F(TrainerResume, WithOutliersEndsWithTheSameBits) {
  for (const char* order : {"shuffled", "offset"}) {
    TrainSettings settings = task_.outlier_settings("logit_mixoe(preset=author_fc)");
    settings.outlier_order = order;
    whole_ = task_.path(text("whole-", order));
    train(settings, {.out = whole_});
    const fs::path out = task_.path(text("killed-", order));
    train_until(settings, out, 11);
    train(settings, {.out = out, .resume = true});
    expect_equal_end(out);
  }
}

}  // namespace
}  // namespace nescio::train
