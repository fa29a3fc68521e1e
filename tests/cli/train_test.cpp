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
  std::string bytes(const std::string& path) { return read_text(task_.path(path)); }

  TinyTask task_;
};

TEST_F(Train, TheConfigsThatComeWithItRun) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(NESCIO_SOURCE) / "configs")) {
    const std::string name = entry.path().stem().string();
    std::vector<std::string> words = {
        "train",    entry.path().string(), "model=resnet8", "data=procedural:shapes?count=32",
        "batch=32", "device=cpu",          "threads=1",     "out=" + task_.path(name)};
    const std::string config = read_text(entry.path());
    words.push_back(config.find("\nsteps:") == std::string::npos ? "epochs=1" : "steps=1");
    if (config.find("outliers=") != std::string::npos) {
      words.push_back("outliers=procedural:noise?count=32");
      words.push_back("outlier_batch=32");
    }
    const Outcome outcome = nescio_program(words);
    EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.log;
    ++found;
  }
  EXPECT_GE(found, 8);
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
  for (const char* step : {"000000000004", "000000000018"}) {
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
  expect_refusal(nescio_program(arguments("x", {"steps=1", "method=cross"})), 1, {"cross_entropy"});
  expect_refusal(nescio_program(arguments("x", {"steps=1", "out=/proc/nescio"})), 2, {"twice"});
  EXPECT_FALSE(exists("x"));
}

TEST_F(Train, AFullDiskLosesNothing) {
  ASSERT_EQ(nescio_program(arguments("whole", {"steps=60"})).code, 0);
  const Outcome at_once = nescio_program_on_full_disk(100, arguments("run", {"steps=60"}));
  expect_refusal(at_once, 1, {"step-", "none written"});

  // With a checkpoint there, it survives, and so do the curves.
  const Outcome stopped = nescio_program_signalled(
      SIGKILL, [&] { return exists("run/checkpoints/step-000000000006.json"); },
      arguments("run", {"steps=60", "resume=true"}));
  ASSERT_EQ(stopped.code, 128 + SIGKILL);
  const Outcome full =
      nescio_program_on_full_disk(100, arguments("run", {"steps=60", "resume=true"}));
  expect_refusal(full, 1,
                 {"step-", "the last good checkpoint is", "step-00000000000", "resume=true"});
  const Outcome resumed = nescio_program(arguments("run", {"steps=60", "resume=true"}));
  EXPECT_EQ(resumed.code, 0) << resumed.log;
  EXPECT_TRUE(bytes("run/last.safetensors") == bytes("whole/last.safetensors"));
  EXPECT_EQ(lines(bytes("run/metrics.jsonl")), lines(bytes("whole/metrics.jsonl")));
}

}  // namespace
}  // namespace nescio
