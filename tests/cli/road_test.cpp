// The whole road: import, fit, score, evaluate.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "io/csv.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

class Road : public testing::Test {
 protected:
  static void SetUpTestSuite() { world = new TestBank(); }
  static void TearDownTestSuite() { delete world; }

  static Outcome evaluate(const std::string& run, std::vector<std::string> more) {
    more.insert(more.begin(),
                {"evaluate", "bank=" + world->bank(), "id=in/test", "out=" + world->path(run)});
    return nescio_program(more);
  }
  static std::vector<std::vector<std::string>> csv(const std::string& run) {
    const auto path = world->folder() / run / "results.csv";
    return io::parse_csv(io::read_text(path), path.string());
  }

  static TestBank* world;
};
TestBank* Road::world = nullptr;

bool has_libtorch() {
  return nescio_program({"--version"}).out.find("no libtorch") == std::string::npos;
}

TEST_F(Road, FittedDetectorScoresEverySet) {
  const std::string detector = world->path("knn");
  const Outcome fitted =
      nescio_program({"fit", "knn(k=5)", "bank=" + world->bank(), "train=in/train", "val=in/val",
                      "ood_val=near/test", "out=" + detector});
  ASSERT_EQ(fitted.code, 0) << fitted.log;
  EXPECT_EQ(fitted.out, detector + "\n");
  const Outcome scored = nescio_program({"score", detector, "bank=" + world->bank(),
                                         "sets=in/test,near/test", "out=" + world->path("s")});
  ASSERT_EQ(scored.code, 0) << scored.log;
  const Array id = io::read_npy(world->folder() / "s/in/test.npy");
  const Array ood = io::read_npy(world->folder() / "s/near/test.npy");
  EXPECT_EQ(id.shape(), Shape({100}));
  EXPECT_EQ(id.dtype(), DType::float32);
  EXPECT_EQ(ood.shape(), Shape({50}));
  const auto mean = [](const Array& a) {
    double sum = 0;
    for (const float v : a.as<float>()) sum += v;
    return sum / static_cast<double>(a.size());
  };
  EXPECT_GT(mean(ood), mean(id));
}

TEST_F(Road, Float64OnWish) {
  const std::string detector = world->path("energy");
  for (const char* ending : {"", "/"}) {  // the second one replaces the first
    ASSERT_EQ(
        nescio_program({"fit", "energy", "bank=" + world->bank(), "out=" + detector + ending}).code,
        0);
  }
  ASSERT_EQ(nescio_program({"score", detector, "bank=" + world->bank(), "sets=in/test",
                            "out=" + world->path("s64"), "float64=true"})
                .code,
            0);
  EXPECT_EQ(io::read_npy(world->folder() / "s64/in/test.npy").dtype(), DType::float64);
}

TEST_F(Road, ScoresDoNotDependOnThreads) {
  for (const std::string spec :
       {"mahalanobis", "react+energy", "vim(dim=4)", "mean(she,knn(k=5),weights=(2,1))"}) {
    std::vector<std::string> bytes;
    for (const std::string threads : {"1", "2"}) {
      const std::string detector = world->path("d" + threads);
      ASSERT_EQ(nescio_program({"fit", spec, "bank=" + world->bank(), "train=in/train",
                                "val=in/val", "out=" + detector, "threads=" + threads})
                    .code,
                0);
      ASSERT_EQ(nescio_program({"score", detector, "bank=" + world->bank(), "sets=in/test",
                                "out=" + world->path("t" + threads), "threads=" + threads})
                    .code,
                0);
      bytes.push_back(io::read_text(world->folder() / ("t" + threads) / "in/test.npy"));
    }
    EXPECT_EQ(bytes[0], bytes[1]) << spec;
  }
}

TEST_F(Road, ResultsInLongFormat) {
  const Outcome done = evaluate(
      "run", {"train=in/train", "near=near/test", "far=far/test,other/test", "bootstrap=20",
              "detectors=msp,energy(T=[1,2]),react(q=0.9,fit_on=train)+energy"});
  ASSERT_EQ(done.code, 0) << done.log;
  const auto rows = csv("run");
  EXPECT_EQ(rows[0], (std::vector<std::string>{"detector", "set", "role", "metric", "value",
                                               "lower", "upper"}));
  // By (detector, set, role, metric).
  std::map<std::vector<std::string>, std::vector<std::string>> found;
  std::vector<std::string> order;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    ASSERT_EQ(rows[r].size(), 7U);
    EXPECT_TRUE(found
                    .emplace(std::vector(rows[r].begin(), rows[r].begin() + 4),
                             std::vector(rows[r].begin() + 4, rows[r].end()))
                    .second);
    if (order.empty() || order.back() != rows[r][0]) order.push_back(rows[r][0]);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"msp", "energy(T=1)", "energy(T=2)",
                                             "react(q=0.9,fit_on=train)+energy"}));
  EXPECT_EQ(rows.size(), 1 + 4 * (1 + 5 * 5));  // accuracy; 5 metrics of 3 sets and 2 means
  const auto number = [&](const char* set, const char* role, const char* metric) {
    return parse_number(found.at({"energy(T=1)", set, role, metric}).at(0), metric);
  };
  EXPECT_GT(number("near/test", "near", "auroc"), 0.6);
  EXPECT_DOUBLE_EQ(number("mean", "far", "auroc"),
                   (number("far/test", "far", "auroc") + number("other/test", "far", "auroc")) / 2);
  EXPECT_NE(found.at({"msp", "mean", "far", "fpr95_id"}).at(1), "");
  EXPECT_NE(found.at({"msp", "far/test", "far", "fpr95_id"}).at(1), "");
  EXPECT_GT(number("in/test", "id", "id_accuracy"), 0.5);
  EXPECT_NE(io::read_text(world->folder() / "run/results.csv")
                .find("\n\"react(q=0.9,fit_on=train)+energy\",near/test,near,auroc,"),
            std::string::npos);
}

TEST_F(Road, ResultsForPeopleAndPrograms) {
  const Outcome done =
      evaluate("run2", {"train=in/train", "val=in/val", "near=near/test", "far=far/test,other/test",
                        "bootstrap=0", "detectors=all", "scores=true", "seed=3"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_NE(done.out.find("far: mean of far/test (40 rows), other/test (40 rows)"),
            std::string::npos);
  const auto json = io::read_json(world->folder() / "run2/results.json");
  EXPECT_EQ(json.at("settings").at("seed"), "3");
  EXPECT_EQ(json.at("settings").at("bootstrap"), "0");
  EXPECT_TRUE(json.at("command").get<std::string>().starts_with("nescio evaluate bank="));
  EXPECT_EQ(json.at("bank")
                .at("splits")
                .at("in/test")
                .at("logits")
                .at("sha256")
                .get<std::string>()
                .size(),
            64U);
  EXPECT_EQ(json.at("rows").size() + 1, csv("run2").size());
  // No probe ran over imported features.
  std::map<std::string, std::string> skipped;
  for (const auto& entry : json.at("skipped")) skipped[entry.at("detector")] = entry.at("reason");
  EXPECT_TRUE(skipped.contains("gram"));
  ASSERT_TRUE(skipped.contains("odin"));
  for (const auto& [detector, why] : skipped) {
    EXPECT_NE(why.find(" has no array '"), std::string::npos) << detector << ": " << why;
  }
  // They share a line.
  const std::size_t said = done.log.find("skipped ");
  ASSERT_NE(said, std::string::npos) << done.log;
  EXPECT_EQ(done.log.find("skipped ", said + 1), std::string::npos) << done.log;
  EXPECT_NE(done.log.find("odin, rankfeat: they take passes of the network of their own"),
            std::string::npos)
      << done.log;
  const std::string& reason = skipped.at("odin");
  EXPECT_TRUE(reason.starts_with("in/test has no array 'odin(epsilon=0.0014,T=1000)'")) << reason;
  EXPECT_NE(reason.find("these rows came without, so extract them into another bank"),
            std::string::npos)
      << reason;
  EXPECT_NE(io::read_text(world->folder() / "run2/results.md").find("| knn |"), std::string::npos);
  const std::string page = io::read_text(world->folder() / "run2/report.html");
  EXPECT_NE(page.find("far/test was imported as arrays, without pictures."), std::string::npos);
  // Kept scores are those of `score`.
  for (const std::string spec : {"knn", "mahalanobis"}) {
    ASSERT_EQ(nescio_program({"fit", spec, "bank=" + world->bank(), "train=in/train",
                              "out=" + world->path("same")})
                  .code,
              0);
    ASSERT_EQ(nescio_program({"score", world->path("same"), "bank=" + world->bank(),
                              "sets=far/test", "out=" + world->path("same_scores")})
                  .code,
              0);
    const Array one = io::read_npy(world->folder() / "same_scores/far/test.npy");
    const Array all = io::read_npy(world->folder() / "run2/scores" / spec / "far/test.npy");
    ASSERT_EQ(one.size(), all.size());
    for (std::size_t r = 0; r < one.size(); ++r) {
      EXPECT_NEAR(one.as<float>()[r], all.as<float>()[r], 1e-4) << spec << " row " << r;
    }
  }
}

TEST_F(Road, ExecutorsAgree) {
  std::vector<double> aurocs;
  std::vector<std::string> executors = {"cpu", "reference"};
  if (has_libtorch()) executors.emplace_back("torch");
  for (const std::string& executor : executors) {
    const Outcome done =
        evaluate("x_" + executor, {"train=in/train", "near=near/test", "--json",
                                   "detectors=mahalanobis", "bootstrap=0", "executor=" + executor});
    ASSERT_EQ(done.code, 0) << done.log;
    const auto json = nlohmann::json::parse(done.out);
    for (const auto& row : json.at("rows")) {
      if (row.at("metric") == "auroc") aurocs.push_back(row.at("value"));
    }
  }
  ASSERT_EQ(aurocs.size(), 2 * executors.size());  // the set and the mean of one set
  EXPECT_EQ(aurocs[0], aurocs[1]);
  for (std::size_t i = 2; i < aurocs.size(); i += 2) EXPECT_NEAR(aurocs[0], aurocs[i], 1e-3);
}

// What a device changes is what was asked for: nothing on auto and cpu.
TEST_F(Road, DevicesOfDetectorsAreTheUsersChoice) {
  const auto scores = [](const std::string& run, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"train=in/train", "near=near/test", "scores=true",
                                      "detectors=knn(k=3),mahalanobis", "bootstrap=0"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome done = evaluate(run, words);
    EXPECT_EQ(done.code, 0) << done.log;
    const auto file = world->folder() / run / "scores/knn(k=3)/near/test.npy";
    return io::read_npy(file).to_float64();
  };
  const auto bytes = [](const Array& array) {
    const auto values = array.as<double>();
    return std::vector<double>(values.begin(), values.end());
  };
  const auto before = bytes(scores("d_auto", {}));
  EXPECT_EQ(bytes(scores("d_cpu", {"device=cpu"})), before);
  if (!has_libtorch()) {
    expect_refusal(evaluate("d_gpu", {"near=near/test", "device=cuda"}), 1, {"no libtorch"});
    return;
  }
  const auto torch = bytes(scores("d_torch", {"executor=torch", "device=cpu"}));
  for (std::size_t r = 0; r < before.size(); ++r) {
    EXPECT_NEAR(torch[r], before[r], 1e-5 * before[r]);
  }
  const std::vector<std::string> absent = {"train=in/train", "near=near/test", "device=cuda:99"};
  expect_refusal(evaluate("d_99", absent), 1, {"device cuda:99: not there; found", "device=cpu"});
  expect_refusal(evaluate("d_gpu", {"near=near/test", "device=gpu"}), 2,
                 {"auto, cpu, cuda or cuda:N, found 'gpu'"});
  expect_refusal(evaluate("d_ref", {"near=near/test", "device=cuda", "executor=reference"}), 2,
                 {"executor=reference computes on the CPU"});
  expect_refusal(nescio_program({"fit", "energy", "bank=" + world->bank(), "val=in/val",
                                 "out=" + world->path("d_fit"), "device=cuda:99"}),
                 1, {"device cuda:99: not there"});
  ASSERT_EQ(nescio_program({"fit", "energy", "bank=" + world->bank(), "val=in/val",
                            "out=" + world->path("d_energy"), "device=cpu"})
                .code,
            0);
  expect_refusal(nescio_program({"score", world->path("d_energy"), "bank=" + world->bank(),
                                 "sets=in/test", "device=cuda:99"}),
                 1, {"device cuda:99: not there"});
}

TEST_F(Road, AllSkipsWhatIsMissingAndSaysSo) {
  const Outcome done = evaluate("run3", {"near=near/test", "bootstrap=0"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_NE(done.log.find("skipped knn: it is fitted on train"), std::string::npos) << done.log;
  const auto json = io::read_json(world->folder() / "run3/results.json");
  const auto& skipped = json.at("skipped");
  EXPECT_TRUE(
      std::ranges::any_of(skipped, [](const auto& s) { return s.at("detector") == "vim"; }));
  EXPECT_NE(io::read_text(world->folder() / "run3/results.csv").find("energy,near/test"),
            std::string::npos);
}

}  // namespace
}  // namespace nescio
