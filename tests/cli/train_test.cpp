// nescio train: a run, its death, its resurrection, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"
#include "train/test_run.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Train : public testing::Test {
 protected:
  void SetUp() override {
    if (nescio_program({"list", "methods"}).code != 0) GTEST_SKIP() << "this build has no libtorch";
  }

  std::vector<std::string> arguments(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"train",
                                      "model=resnet8",
                                      "data=" + task_.spec("train"),
                                      "val=" + task_.spec("val"),
                                      "batch=8",
                                      "augment=crop(padding=2),flip",
                                      "checkpoint_every=4",
                                      "device=cpu",
                                      "threads=1",
                                      "out=" + task_.path(out)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  bool exists(const std::string& path) { return fs::exists(task_.path(path)); }
  static auto lines(const std::string& text) { return std::ranges::count(text, '\n'); }
  std::string bytes(const std::string& path) { return io::read_text(task_.path(path)); }

  train::TinyTask task_;
};

/// The command that a config begins with, as words: "# nescio train ... \\" over several lines.
std::vector<std::string> command_of(const std::string& config) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (std::size_t at = config.find("#   nescio train "); at < config.size(); ++at) {
    const char c = config[at];
    if (c == '\'') {
      quoted = !quoted;
    } else if (c == '\\') {
      at = config.find('#', at);  // and on the next line
    } else if (c == '\n') {
      break;
    } else if (c != ' ' || quoted) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  EXPECT_FALSE(quoted);
  words.erase(words.begin(),
              words.begin() + std::min<std::ptrdiff_t>(2, std::ssize(words)));  // "#", "nescio"
  return words;
}

/// What stands for the data sets and weights in the commands of the configs, made small.
class Configs : public Train {
 protected:
  void SetUp() override {
    Train::SetUp();
    if (IsSkipped()) return;
    const fs::path data = task_.path("DIR");
    train::write_class_folders(data / "train", 151, 1);
    train::write_class_folders(data / "val", 151, 1);
    train::write_class_folders(task_.path("OUTLIERS"), 1, 3);
    std::string records;
    for (const char label : {'\0', '\1'}) records += std::string(1, label) + std::string(3072, 'x');
    for (int i = 1; i <= 5; ++i) io::write_text(data / text("data_batch_", i, ".bin"), records);
    const Outcome started = nescio_program(
        {"train", "model=resnet18?size=64&short_side=64", "steps=1", "batch=2", "threads=1",
         "device=cpu", "data=folder:" + (data / "train").string(), "out=" + task_.path("start")});
    ASSERT_EQ(started.code, 0) << started.log;
    io::write_safetensors(task_.path("IMAGENET.pth"),
                          io::read_safetensors(task_.path("start/last.safetensors")).tensors);
  }

  /// "BASELINE comes from configs/NAME.yaml"; empty where it starts from no other one's weights.
  static std::string baseline_of(const std::string& config) {
    const std::string words = "BASELINE comes from configs/";
    const auto at = config.find(words);
    if (at == std::string::npos) return {};
    const auto begin = at + words.size();
    return config.substr(begin, config.find(".yaml", begin) - begin);
  }

  /// Runs the command of a config as it stands there but for the size of the run, and for ResNet-18
  /// in the place of the larger one of the same input.
  Outcome run(const std::string& name, std::vector<std::string> more = {}) {
    const std::string config =
        io::read_text(fs::path(NESCIO_SOURCE) / "configs" / (name + ".yaml"));
    std::vector<std::string> words = command_of(config);
    const std::string baseline = baseline_of(config);
    for (std::string& word : words) {
      if (word.ends_with("DIR/train")) word += "?index=0-3";
      for (const auto& [from, to] :
           {std::pair<std::string, std::string>{"configs/", NESCIO_SOURCE "/configs/"},
            {"DIR", task_.path("DIR")},
            {"OUTLIERS", task_.path("OUTLIERS")},
            {"BASELINE", task_.path(baseline)},
            {"IMAGENET.pth", task_.path("IMAGENET.pth")},
            {"resnet50", "resnet18"},
            {"drawn(150,0)", "drawn(150,0)&index=0-3"},
            {"RUN", task_.path(name)}}) {
        const auto at = word.find(from);
        if (at != std::string::npos) word.replace(at, from.size(), to);
      }
    }
    words.insert(words.end(), {"batch=2", "device=cpu", "threads=1", "workers=1"});
    words.push_back(config.find("\nsteps:") == std::string::npos ? "epochs=1" : "steps=1");
    if (config.find("\noutlier_batch:") != std::string::npos) words.push_back("outlier_batch=2");
    if (config.find("\nwarmup:") != std::string::npos) words.push_back("warmup=0");
    // Networks that have learned nothing yet have nothing to forget: a level as if they had.
    const std::string estimate = "b=estimate,estimate_keep=0.965";
    if (const auto at = config.find(estimate); at != std::string::npos) {
      const auto begin = config.rfind("method: ", at) + 8;
      std::string method = config.substr(begin, config.find('\n', begin) - begin);
      words.push_back("method=" + method.replace(method.find(estimate), estimate.size(), "b=0.1"));
    }
    words.insert(words.end(), more.begin(), more.end());
    return nescio_program(words);
  }
};

TEST_F(Configs, RunAsTheirFirstLinesSay) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(NESCIO_SOURCE) / "configs")) {
    names.push_back(entry.path().stem().string());
  }
  // What they fine-tune comes first.
  std::stable_partition(names.begin(), names.end(), [](const std::string& name) {
    return baseline_of(io::read_text(fs::path(NESCIO_SOURCE) / "configs" / (name + ".yaml")))
        .empty();
  });
  EXPECT_GE(names.size(), 10U);
  for (const std::string& name : names) {
    const Outcome outcome = run(name);
    EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.log;
    EXPECT_THAT(outcome.log, testing::Not(HasSubstr("does nothing"))) << name;
  }
}

TEST_F(Train, ARunSaysWhatItDid) {
  const Outcome text = nescio_program(arguments("run", {"steps=12"}));
  EXPECT_EQ(text.code, 0) << text.log;
  EXPECT_EQ(text.log, "");
  EXPECT_THAT(text.out, HasSubstr("last.safetensors: 12 steps, 3 classes, loss "));
  const auto config = nlohmann::json::parse(bytes("run/config.json"));
  EXPECT_THAT(config.at("command").get<std::string>(), HasSubstr("nescio train model=resnet8"));
  EXPECT_TRUE(config.at("versions").contains("libtorch"));

  // The settings that a run leaves make it again.
  const Outcome again = nescio_program({"train", task_.path("run/config.yaml"),
                                        "out=" + task_.path("again"), "threads=1", "--json"});
  EXPECT_EQ(again.code, 0) << again.log;
  EXPECT_EQ(nlohmann::json::parse(again.out).at("steps"), 12);
  EXPECT_TRUE(bytes("again/last.safetensors") == bytes("run/last.safetensors"));
}

TEST_F(Train, AKilledRunEndsWithTheSameBits) {
  const std::vector<std::string> everything = {
      "steps=60",     "method=mixoe", "outliers=npy:" + task_.path("outliers.npy"),
      "accumulate=2", "ema=0.9",      "optimiser=adamw",
      "lr=0.002",     "clip=1"};
  ASSERT_EQ(nescio_program(arguments("whole", everything)).code, 0);
  for (const char* step : {"000000000004", "000000000016"}) {
    const std::string out = std::string("killed") + step;
    const std::string checkpoint = out + "/checkpoints/step-" + step + ".json";
    const Outcome killed = nescio_program_signalled(
        SIGKILL, [&] { return exists(checkpoint); }, arguments(out, everything));
    EXPECT_EQ(killed.code, 128 + SIGKILL);
    EXPECT_FALSE(exists(out + "/last.safetensors"));
    auto again = arguments(out, everything);
    again.push_back("resume=true");
    const Outcome resumed = nescio_program(again);
    EXPECT_EQ(resumed.code, 0) << resumed.log;
    EXPECT_THAT(resumed.log, HasSubstr("nescio: went on after "));
    EXPECT_TRUE(bytes(out + "/last.safetensors") == bytes("whole/last.safetensors"));
    EXPECT_TRUE(bytes(out + "/best.safetensors") == bytes("whole/best.safetensors"));
  }
}

TEST_F(Train, AKilledRunGoesOnWithOtherSettingsIfTold) {
  ASSERT_EQ(nescio_program(arguments("run", {"steps=6"})).code, 0);
  expect_refusal(nescio_program(arguments("run", {"steps=8", "resume=true"})), 1,
                 {"steps was '6', is '8'", "resume=changed"});
  const Outcome more = nescio_program(arguments("run", {"steps=8", "resume=changed"}));
  EXPECT_EQ(more.code, 0) << more.log;
  EXPECT_THAT(more.log, HasSubstr("went on after 6 of 8 steps"));
  EXPECT_THAT(bytes("run/config.json"), HasSubstr("steps was '6', is '8'"));
  expect_refusal(nescio_program(arguments("run", {"steps=8", "resume=maybe"})), 2,
                 {"maybe", "false, true, changed"});
}

TEST_F(Train, CtrlCSaysHowToGoOn) {
  const Outcome stopped = nescio_program_signalled(
      SIGINT, [&] { return exists("run/checkpoints/step-000000000004.json"); },
      arguments("run", {"steps=100000"}));
  expect_refusal(stopped, 130, {"interrupted after step ", "of 100000", "resume=true"});
  expect_refusal(nescio_program(arguments("run", {"steps=100000"})), 1,
                 {"holds a training run already", "resume=true"});
  expect_refusal(nescio_program(arguments("run", {"steps=50", "lr=0.5", "resume=true"})), 1,
                 {"steps was '100000', is '50'", "lr was '0.1', is '0.5'"});
}

TEST_F(Train, MistakesOnTheCommandLine) {
  expect_refusal(nescio_program({"train"}), 2, {"missing", "out=", "model=", "data="});
  expect_refusal(nescio_program(arguments("x")), 2, {"steps=", "epochs="});
  expect_refusal(nescio_program(arguments("x", {"steps=1", "momentum=1"})), 2, {"in [0, 1)"});
  expect_refusal(nescio_program(arguments("x", {"steps=1", "metod=x"})), 2,
                 {"Did you mean 'method'?"});
  const auto refused = [&](std::vector<std::string> words, const std::vector<std::string>& said) {
    words.push_back("steps=5");
    expect_refusal(nescio_program(arguments("x", words)), 2, said);
  };
  refused({"method=cross"}, {"cross_entropy"});
  refused({"method=cross_entropy(smoothing=1)"}, {"[cross_entropy] unknown parameter 'smoothing'"});
  refused({"method=logit_mixoe(preset=mixoe,mix_layer=2)", "outliers=procedural:noise?count=20"},
          {"mix_layer=2 does nothing here", "w_logit or w_cons above 0"});
  refused({"optimiser=adamw", "momentum=0.5"}, {"momentum=0.5", "only with optimiser=sgd"});
  refused({"outlier_batch=4"}, {"only with outliers="});
  refused({"warmup=5"}, {"warmup=5: expected fewer steps than the 5 of the run"});
  refused({"lr_min=0.2"}, {"lr_min: expected at most lr=0.1, found 0.2"});
  for (const char* lr : {"lr=inf", "lr=nan", "lr=-1", "lr=0", "lr=1e30"})
    refused({lr}, {"train: lr: "});
  // Options of which there may be one are given anew.
  const auto other = [&](const std::string& key, const std::string& value,
                         const std::vector<std::string>& said) {
    auto words = arguments("x", {"steps=5"});
    std::erase_if(words, [&](const std::string& w) { return w.starts_with(key + "="); });
    words.push_back(key + "=" + value);
    expect_refusal(nescio_program(words), 2, said);
  };
  other("augment", "flop", {"Did you mean 'flip'?"});
  other("augment", "none,flip", {"'none' stands alone"});
  other("augment", "random_resized_crop(scale_min=0.9,scale_max=0.2)", {"at most scale_max=0.2"});
  other("model", "resnet88", {"unknown network 'resnet88'"});
  other("model", "resnet8?siz=3", {"Did you mean 'size'?"});
  other("model", "resnet18?size=448", {"short_side"});
  other("device", "tpu", {"device: expected auto, cpu"});
  auto missing = arguments("x", {"steps=5"});
  missing[1] = "model=resnet8:/nowhere.pth";
  expect_refusal(nescio_program(missing), 1, {"/nowhere.pth"});
  expect_refusal(nescio_program(arguments("x", {"steps=1", "out=/proc/nescio"})), 2, {"twice"});
  EXPECT_FALSE(exists("x"));
}

#ifndef __SANITIZE_ADDRESS__  // which ends the program where libtorch would be refused memory
TEST_F(Train, ErrorsOfLibtorchComeWithoutATraceOfCalls) {
  auto huge = arguments("x", {"steps=1"});
  std::ranges::replace_if(
      huge, [](const std::string& w) { return w.starts_with("model="); },
      "model=vit_t4_32(width=1000000,heads=1)");
  const auto refused = nescio_program(huge);
  expect_refusal(refused, 1, {"can't allocate memory"});
  EXPECT_EQ(refused.log.find("frame #"), std::string::npos) << refused.log;
}
#endif

TEST_F(Train, AFullDiskLosesNothing) {
  ASSERT_EQ(nescio_program(arguments("whole", {"steps=60"})).code, 0);
  const Outcome at_once = nescio_program_on_full_disk(100, arguments("run", {"steps=60"}));
  expect_refusal(at_once, 1, {"could not be written", "none written"});

  // With a checkpoint there, it survives, and so do the curves.
  const Outcome stopped = nescio_program_signalled(
      SIGKILL, [&] { return exists("run/checkpoints/step-000000000004.json"); },
      arguments("run", {"steps=60", "resume=true"}));
  ASSERT_EQ(stopped.code, 128 + SIGKILL);
  const Outcome full =
      nescio_program_on_full_disk(100, arguments("run", {"steps=60", "resume=true"}));
  expect_refusal(
      full, 1,
      {"could not be written", "the last good checkpoint is", "step-00000000000", "resume=true"});
  const Outcome resumed = nescio_program(arguments("run", {"steps=60", "resume=true"}));
  EXPECT_EQ(resumed.code, 0) << resumed.log;
  EXPECT_TRUE(bytes("run/last.safetensors") == bytes("whole/last.safetensors"));
  EXPECT_EQ(lines(bytes("run/metrics.jsonl")), lines(bytes("whole/metrics.jsonl")));
}

}  // namespace
}  // namespace nescio
