// A protocol carried out from pictures to results, and single pictures scored.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

#include "bank/feature_bank.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "nn/test_weights.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

bool without_libtorch() {
  return nescio_program({"--version"}).out.find("no libtorch") != std::string::npos;
}

/// Made-up pictures of 4 classes, a made-up network, and a protocol over them.
class BenchmarkTest : public testing::Test {
 protected:
  void SetUp() override {
    io::write_safetensors(folder_ / "w.safetensors", nn::made_up_resnet20(4, 1));
    std::uint32_t seed = 1;
    for (const auto& [name, count] : {std::pair("train", 40U), {"test", 30U}, {"ood", 12U}}) {
      std::vector<std::uint8_t> pixels;
      for (const float value : nn::made_up_numbers(count * 32 * 32 * 3, ++seed)) {
        pixels.push_back(static_cast<std::uint8_t>(127 * (value + 1)));
      }
      io::write_npy(folder_ / text(name, ".npy"), Array({count, 32, 32, 3}, pixels));
      std::vector<std::int64_t> labels(count);
      for (std::size_t i = 0; i < count; ++i) labels[i] = static_cast<std::int64_t>(i % 4);
      io::write_npy(folder_ / text(name, "_labels.npy"), Array({count}, labels));
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string model() const { return "resnet20:" + path("w.safetensors"); }
  std::string protocol(const std::string& near = "{data: 'npy:{root}/ood.npy', rows: 12}") const {
    return folder_
        .file("toy.yaml",
              "name: toy\n"
              "sets:\n"
              "  in/train: 'npy:{root}/train.npy?labels={root}/train_labels.npy'\n"
              "  in/val:\n"
              "    data: npy:{root}/test.npy?labels={root}/test_labels.npy\n"
              "    index: [0, 5-9]\n"
              "    rows: 6\n"
              "  in/test:\n"
              "    data: npy:{root}/test.npy?labels={root}/test_labels.npy\n"
              "    except: [0, 5-9]\n"
              "  near/test: " +
                  near +
                  "\n"
                  "  spare/test: npy:{root}/nowhere.npy\n"
                  "roles: {train: in/train, val: in/val, id: in/test, near: near/test}\n")
        .string();
  }
  Outcome benchmark(const std::string& run, std::vector<std::string> more) const {
    more.insert(more.begin(), {"benchmark", path("toy.yaml"), "out=" + path(run), "bootstrap=0",
                               "detectors=energy,knn(k=3),react+energy"});
    return nescio_program(more);
  }

  io::TestFolder folder_;
};

TEST_F(BenchmarkTest, RunsTheProbesThatNamedDetectorsNeed) {
  if (without_libtorch()) GTEST_SKIP() << "no libtorch";
  protocol();
  const auto run = [&](const std::string& detectors, const std::string& probes) {
    return nescio_program({"benchmark", path("toy.yaml"), "out=" + path("run"), "bootstrap=0",
                           "model=" + model(), "data=" + folder_.path().string(), "device=cpu",
                           "detectors=" + detectors, "probes=" + probes});
  };
  const Outcome without = run("odin", "");
  EXPECT_EQ(without.code, 1);
  EXPECT_THAT(without.log,
              HasSubstr("in/test has no array 'odin(epsilon=0.0014,T=1000)'; add it with "
                        "nescio extract model="));
  EXPECT_THAT(without.log, HasSubstr("as=in/test 'probes=odin(epsilon=0.0014,T=1000)'"));
  const Outcome named = run("energy,odin", "auto");
  ASSERT_EQ(named.code, 0) << named.log;
  EXPECT_THAT(named.log, HasSubstr("in/test: 24 rows, logits [4], features [64], labels, index, "
                                   "odin(epsilon=0.0014,T=1000)"));
  EXPECT_THAT(named.log, HasSubstr("has logits, features, labels, index of in/test from the same "
                                   "inputs already; the rest was added"));
  EXPECT_THAT(io::read_text(folder_ / "run/results.csv"), HasSubstr("odin,near/test,near,auroc,"));
  const auto bank = bank::FeatureBank::open(folder_ / "run/bank");
  EXPECT_FALSE(bank.has("in/train", "odin(epsilon=0.0014,T=1000)"));  // nothing is learned from it
  // Values between layers cost no word of the user's either.
  const Outcome tapped = run("on(layer2)+knn(k=3)", "auto");
  ASSERT_EQ(tapped.code, 0) << tapped.log;
  EXPECT_THAT(tapped.log, HasSubstr("index, tap(at=layer2)"));
  EXPECT_THAT(io::read_text(folder_ / "run/results.csv"),
              HasSubstr("on(layer2)+knn(k=3),near/test,near,auroc,"));
  // What the bank has by now serves those that need less.
  EXPECT_THAT(run("energy", "auto").log, HasSubstr("has in/test from the same inputs already"));

  ASSERT_EQ(
      nescio_program({"fit", "odin", "bank=" + path("run/bank"), "out=" + path("fitted")}).code, 0);
  const Outcome of_bank = nescio_program({"score", path("fitted"), "bank=" + path("run/bank"),
                                          "sets=near/test", "out=" + path("scores")});
  EXPECT_EQ(of_bank.code, 0) << of_bank.log;
  EXPECT_EQ(io::read_npy(folder_ / "scores/near/test.npy").size(), 12U);
  const Outcome of_pictures = nescio_program(
      {"score", path("fitted"), "model=" + model(), "data=npy:" + path("ood.npy"), "device=cpu"});
  EXPECT_EQ(of_pictures.code, 1);
  EXPECT_THAT(of_pictures.log, HasSubstr("which a picture alone does not have"));
}

TEST_F(BenchmarkTest, FromPicturesToResults) {
  if (without_libtorch()) GTEST_SKIP() << "no libtorch";
  protocol();
  const std::vector<std::string> pictures = {"model=" + model(), "data=" + folder_.path().string(),
                                             "device=cpu"};
  const Outcome first = benchmark("run", pictures);
  ASSERT_EQ(first.code, 0) << first.log;
  EXPECT_THAT(first.out, HasSubstr("near: near/test (12 rows)"));
  EXPECT_THAT(first.log, HasSubstr("without a role: spare/test"));
  EXPECT_THAT(first.log, HasSubstr("in/test: 24 rows, logits [4], features [64]"));
  EXPECT_EQ(io::read_text(folder_ / "run/protocol.yaml"), io::read_text(path("toy.yaml")));
  const auto resolved = io::read_json(folder_ / "run/protocol.json");
  EXPECT_EQ(resolved.at("sets").at("in/val").at("rows"), 6);
  EXPECT_EQ(resolved.at("sets").at("in/val").at("expected_rows"), 6);
  EXPECT_FALSE(resolved.at("sets").contains("spare/test"));
  const auto results = io::read_json(folder_ / "run/results.json");
  EXPECT_EQ(results.at("protocol"), resolved);
  EXPECT_EQ(results.at("settings").at("model"), model());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/mixing.json"));

  // The second time nothing is extracted; with the bank alone neither network nor pictures count.
  std::vector<std::string> and_mixing = pictures;
  and_mixing.push_back("mixing=20");
  const Outcome again = benchmark("run", and_mixing);
  ASSERT_EQ(again.code, 0) << again.log;
  for (const char* set : {"in/train", "in/val", "in/test", "near/test"}) {
    EXPECT_THAT(again.log, HasSubstr(text(" has ", set, " from the same inputs already")));
  }
  const auto mixing = io::read_json(folder_ / "run/mixing.json");
  ASSERT_EQ(mixing.size(), 1U);
  EXPECT_EQ(mixing.at(0).at("pairs"), 12);  // as many as near/test has
  EXPECT_EQ(mixing.at(0).at("outliers"), "near/test");
  EXPECT_EQ(mixing.at(0).at("path").size(), 11U);
  EXPECT_EQ(benchmark("other", {"bank=" + path("run/bank"), "mixing=20"}).code, 2);
  const Outcome bank_only = benchmark("other", {"bank=" + path("run/bank")});
  ASSERT_EQ(bank_only.code, 0) << bank_only.log;
  EXPECT_EQ(io::read_text(folder_ / "other/results.csv"),
            io::read_text(folder_ / "run/results.csv"));
}

TEST_F(BenchmarkTest, NamesEverythingThatIsMissingAtOnce) {
  if (without_libtorch()) GTEST_SKIP() << "no libtorch";
  protocol("npy:{root}/absent.npy");
  std::filesystem::remove(folder_ / "train.npy");
  expect_refusal(benchmark("run", {"model=" + model(), "data=" + folder_.path().string()}), 1,
                 {"2 of 4 data sets", "in/train: [npy]", "near/test: [npy]", "absent.npy"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(BenchmarkTest, SaysWhichSizesDiffer) {
  if (without_libtorch()) GTEST_SKIP() << "no libtorch";
  protocol("{data: 'npy:{root}/ood.npy', rows: 13}");
  const Outcome done = benchmark("run", {"model=" + model(), "data=" + folder_.path().string()});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.log, HasSubstr("warning: near/test: toy counts on 13 pictures, found 12"));
  const auto resolved = io::read_json(folder_ / "run/protocol.json");
  EXPECT_EQ(resolved.at("sets").at("near/test").at("expected_rows"), 13);
  EXPECT_EQ(resolved.at("sets").at("near/test").at("rows"), 12);
}

TEST_F(BenchmarkTest, ABankIsEnough) {
  const TestBank world;
  protocol();
  expect_refusal(benchmark("run", {"bank=" + path("nowhere")}), 1, {"nowhere"});
  const Outcome done = benchmark("run", {"bank=" + world.bank()});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.log, HasSubstr("near/test: toy counts on 12 pictures, found 50"));
  folder_.file("toy.yaml",
               "name: toy\nsets: {in/train: 'x:y', in/val: 'x:y', in/test: 'x:{root}', "
               "far/val: 'x:y', a/b: 'x:y'}\n"
               "roles: {train: in/train, val: in/val, id: in/test, far: [far/val, a/b]}\n");
  expect_refusal(benchmark("refused", {"bank=" + world.bank()}), 1,
                 {"lacks far/val, a/b", "model="});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "refused"));
}

TEST_F(BenchmarkTest, RefusesWhatCannotWork) {
  protocol();
  const std::vector<std::string> world = {"bank=" + path("none")};
  expect_refusal(nescio_program({"benchmark"}), 2, {"protocol=", "out="});
  expect_refusal(nescio_program({"benchmark", path("toy.yml"), "out=" + path("run")}), 1,
                 {"toy.yml"});
  expect_refusal(
      nescio_program({"benchmark", path("toy.yaml"), "out=" + path("run"), "detectors=enregy"}), 2,
      {"Did you mean 'energy'?"});
  folder_.file("toy.yaml", "name: toy\nsets: {a/b: x}\nroles: {id: a/b, near: c/d}\n");
  expect_refusal(benchmark("run", world), 1, {"toy.yaml: roles.near: 'c/d' is none of the sets"});
}

TEST_F(BenchmarkTest, ScoresSinglePictures) {
  if (without_libtorch()) GTEST_SKIP() << "no libtorch";
  protocol();
  const std::string data = "data=npy:" + path("ood.npy") + "?index=3,7";
  ASSERT_EQ(benchmark("run", {"model=" + model(), "data=" + folder_.path().string()}).code, 0);
  const std::string detector = path("knn");
  ASSERT_EQ(nescio_program({"fit", "knn(k=3)", "bank=" + path("run/bank"), "train=in/train",
                            "out=" + detector})
                .code,
            0);
  const Outcome json =
      nescio_program({"score", detector, "model=" + model(), data, "out=" + path("s"), "--json"});
  ASSERT_EQ(json.code, 0) << json.log;
  std::vector<nlohmann::json> answers;
  std::istringstream in(json.out);
  for (std::string line; std::getline(in, line);) answers.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_FALSE(answers[0].contains("is_ood"));  // it is not calibrated

  // The same rows through the bank have the same scores, but for the batch's rounding.
  ASSERT_EQ(nescio_program({"score", detector, "bank=" + path("run/bank"), "sets=near/test",
                            "out=" + path("s")})
                .code,
            0);
  const Array of_bank = io::read_npy(folder_ / "s/near/test.npy");
  const Array of_pictures = io::read_npy(folder_ / "s/scores.npy");
  for (const std::size_t i : {0U, 1U}) {
    const float expected = of_bank.as<float>()[i == 0 ? 3 : 7];
    EXPECT_NEAR(answers[i].at("score").get<float>(), expected, 1e-4F * expected);
    EXPECT_EQ(of_pictures.as<float>()[i], answers[i].at("score").get<float>());
  }

  const std::string photo = std::string(NESCIO_TEST_PICTURES) + "/cmyk.jpg";
  const Outcome one = nescio_program({"score", detector, "model=" + model(), "data=" + photo});
  ASSERT_EQ(one.code, 0) << one.log;
  EXPECT_THAT(one.out, HasSubstr("cmyk.jpg"));
}

TEST_F(BenchmarkTest, DetectorAndNetworkMustBelongTogether) {
  if (without_libtorch()) GTEST_SKIP() << "no libtorch";
  protocol();
  ASSERT_EQ(benchmark("run", {"model=" + model(), "data=" + folder_.path().string()}).code, 0);
  const std::string detector = path("energy");
  ASSERT_EQ(nescio_program({"fit", "energy", "bank=" + path("run/bank"), "out=" + detector}).code,
            0);
  io::write_safetensors(folder_ / "v.safetensors", nn::made_up_resnet20(4, 2));
  expect_refusal(nescio_program({"score", detector, "model=resnet20:" + path("v.safetensors"),
                                 "data=npy:" + path("ood.npy")}),
                 1, {"[energy]", "weights_sha256", "found"});
}

TEST_F(BenchmarkTest, ScoreNeedsPicturesOrRows) {
  expect_refusal(nescio_program({"score", "d"}), 2, {"model= and data=", "bank= and sets="});
  expect_refusal(nescio_program({"score", "d", "model=m", "data=p", "bank=b"}), 2, {"model= and"});
}

}  // namespace
}  // namespace nescio
