// What `inspect` says of everything that this program writes, and of what it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bank/answers.h"
#include "base/text.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_zip.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

Json inspected(const std::string& path, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"inspect", path, "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome done = nescio_program(words);
  EXPECT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(done.log, "");
  return done.code == 0 ? Json::parse(done.out) : Json();
}

std::string said_of(const std::string& path) {
  const Outcome done = nescio_program({"inspect", path});
  EXPECT_EQ(done.code, 0) << done.log;
  return done.out;
}

/// The row of a table whose `key` is `value`.
Json row_of(const Json& table, const std::string& key, const std::string& value) {
  const auto found = std::ranges::find_if(table, [&](const Json& r) { return r[key] == value; });
  EXPECT_NE(found, table.end()) << key << "=" << value << " in " << table;
  return found == table.end() ? Json::object() : *found;
}

class Inspect : public testing::Test {
 protected:
  static void SetUpTestSuite() { world = new TestBank(); }
  static void TearDownTestSuite() { delete world; }

  static void done(const std::vector<std::string>& words) {
    const Outcome outcome = nescio_program(words);
    ASSERT_EQ(outcome.code, 0) << outcome.log;
  }
  static std::string file(const std::string& name, const std::string& content) {
    io::write_text(world->folder() / name, content);
    return world->path(name);
  }
  static void refused(const std::string& path, const std::vector<std::string>& words,
                      int code = 1) {
    expect_refusal(nescio_program({"inspect", path}), code, words);
  }

  static TestBank* world;
};
TestBank* Inspect::world = nullptr;

TEST_F(Inspect, BankHasSplitsArraysAndHead) {
  const Json facts = inspected(world->bank());
  EXPECT_EQ(facts.at("kind"), "feature bank");
  EXPECT_EQ(facts.at("classes"), 4);
  EXPECT_EQ(facts.at("feature_width"), 8);
  EXPECT_EQ(facts.at("splits").size(), 6u);
  const Json split = row_of(facts.at("splits"), "split", "in/train");
  EXPECT_EQ(split.at("rows"), 200);
  EXPECT_THAT(split.at("arrays").get<std::vector<std::string>>(),
              ElementsAre("features", "labels", "logits"));
  EXPECT_EQ(facts.at("arrays").size(), 6u * 3 + 2);
  EXPECT_FALSE(facts.contains("damaged"));
  const Json manifest = io::read_json(world->folder() / "bank/bank.json");
  for (const Json& array : facts.at("arrays")) {
    const Json& entry = array.at("split") == "head"
                            ? manifest.at("head")
                            : manifest.at("splits").at(array.at("split").get<std::string>());
    const Json& known = entry.at("arrays").at(array.at("array").get<std::string>());
    EXPECT_EQ(array.at("sha256"), known.at("sha256"));
    EXPECT_EQ(array.at("shape"), known.at("shape"));
    EXPECT_THAT(array.at("made_by").get<std::string>(), HasSubstr("import of "));
  }
  EXPECT_EQ(inspected(world->bank() + "/bank.json"), facts) << "a manifest stands for its folder";

  const std::string words = said_of(world->bank());
  EXPECT_THAT(words, HasSubstr("kind           feature bank\n"));
  EXPECT_THAT(words, HasSubstr("\nsplits\n"));
  EXPECT_THAT(words, HasSubstr("[200, 8]"));
}

TEST_F(Inspect, SplitSaysWhatATeacherWouldTeach) {
  const Json facts = inspected(world->bank() + "#in/train");
  EXPECT_EQ(facts.at("kind"), "split of a feature bank");
  EXPECT_EQ(facts.at("rows"), 200);
  // The definitions as plain loops.
  const Array logits = io::read_npy(world->folder() / "train_logits.npy");
  const Array labels = io::read_npy(world->folder() / "train_labels.npy");
  double right = 0, label_p = 0, entropy = 0;
  std::vector<std::size_t> bins(10);
  for (std::size_t r = 0; r < 200; ++r) {
    const auto z = logits.as<float>().subspan(r * 4, 4);
    const auto y = static_cast<std::size_t>(labels.as<std::int64_t>()[r]);
    double sum = 0, h = 0;
    for (const double v : z) sum += std::exp(v);
    for (const double v : z) h -= std::exp(v) / sum * std::log(std::exp(v) / sum);
    right += std::ranges::max_element(z) - z.begin() == static_cast<std::ptrdiff_t>(y);
    label_p += std::exp(double{z[y]}) / sum;
    entropy += h;
    ++bins[std::min<std::size_t>(9, static_cast<std::size_t>(10 * h / std::log(4)))];
  }
  const Json& answers = facts.at("answers");
  EXPECT_EQ(answers.at("classes"), 4);
  EXPECT_EQ(answers.at("kept"), 4);
  EXPECT_EQ(answers.at("rows_with_label"), 200);
  EXPECT_NEAR(answers.at("accuracy"), right / 200, 1e-12);
  EXPECT_NEAR(answers.at("disagreement"), 1 - right / 200, 1e-12);
  EXPECT_NEAR(answers.at("mean_label_p"), label_p / 200, 1e-12);
  EXPECT_NEAR(answers.at("mean_entropy"), entropy / 200, 1e-12);
  EXPECT_EQ(answers.at("mean_mass"), 1);
  EXPECT_EQ(answers.at("mean_lambda"), 0.5);
  for (std::size_t b = 0; b < 10; ++b) {
    EXPECT_EQ(facts.at("entropies")[b].at("answers"), bins[b]) << b;
    EXPECT_NEAR(facts.at("entropies")[b].at("to"), std::log(4) * static_cast<double>(b + 1) / 10,
                1e-12);
  }
  const Json ood = inspected(world->bank() + "#near/test").at("answers");
  EXPECT_EQ(ood.at("rows_with_label"), 0);
  EXPECT_TRUE(ood.at("accuracy").is_null());
  EXPECT_THAT(said_of(world->bank() + "#near/test"), Not(HasSubstr("accuracy")));
}

TEST_F(Inspect, SplitOfMostProbableClasses) {
  const bank::AnswersMade made{.augment = "flip", .seed = 1, .classes = 5, .top = 2};
  const Json inputs = {{"network", "resnet20"}, {"answers", bank::to_json(made)}};
  auto teacher = bank::FeatureBank::open_or_create(world->folder() / "teacher");
  bank::SplitWriter writer(teacher, "t/train", 2,
                           {{"labels", DType::int64, {}},
                            {"top_classes(view=0)", DType::int32, {2}, inputs},
                            {"top_log_p(view=0)", DType::float32, {2}, inputs},
                            {"tail_log_p(view=0)", DType::float32, {}, inputs},
                            {"label_log_p(view=0)", DType::float32, {}, inputs}},
                           {{"data", "toy:DIR"}, {"class_names", {"a", "b", "c", "d", "e"}}});
  const auto logs = [](Shape shape, std::vector<float> p) {
    for (float& v : p) v = std::log(v);
    return Array(std::move(shape), std::move(p));
  };
  writer.write("labels", Array({2}, std::vector<std::int64_t>{0, 4}));
  writer.write("top_classes(view=0)", Array({2, 2}, std::vector<std::int32_t>{0, 3, 1, 2}));
  writer.write("top_log_p(view=0)", logs({2, 2}, {0.8F, 0.15F, 0.4F, 0.3F}));
  writer.write("tail_log_p(view=0)", logs({2}, {0.05F, 0.3F}));
  writer.write("label_log_p(view=0)", logs({2}, {0.8F, 0.04F}));
  writer.commit(2);
  writer.finish();

  const Json facts = inspected(world->path("teacher") + "#t/train");
  EXPECT_EQ(facts.at("data"), "toy:DIR");
  EXPECT_EQ(facts.at("class_names").size(), 5u);
  const Json& answers = facts.at("answers");
  EXPECT_EQ(answers.at("classes"), 5);
  EXPECT_EQ(answers.at("kept"), 2);
  EXPECT_EQ(answers.at("views"), 1);
  EXPECT_EQ(answers.at("augment"), "flip");
  EXPECT_NEAR(answers.at("accuracy"), 0.5, 1e-12);
  EXPECT_NEAR(answers.at("mean_label_p"), (0.8 + 0.04) / 2, 1e-6);
  EXPECT_NEAR(answers.at("mean_mass"), (0.95 + 0.7) / 2, 1e-6);
  EXPECT_NEAR(answers.at("mean_lambda"), (1 / 1.95 + 1 / 1.7) / 2, 1e-6);
  const auto h = [](const std::vector<double>& p) {
    double sum = 0;
    for (const double v : p) sum -= v * std::log(v);
    return sum;
  };
  EXPECT_NEAR(answers.at("mean_entropy"),
              (h({0.8, 0.15, 0.05 / 3, 0.05 / 3, 0.05 / 3}) + h({0.4, 0.3, 0.1, 0.1, 0.1})) / 2,
              1e-6);
  EXPECT_EQ(row_of(facts.at("arrays"), "array", "top_log_p(view=0)").at("made_by"),
            "resnet20, views by flip");
}

TEST_F(Inspect, LabelsOfOtherClassesAreCounted) {
  const std::string bank = world->path("foreign_bank");
  io::write_npy(world->folder() / "z.npy", Array({2, 2}, std::vector<float>{1, 0, 0, 1}));
  io::write_npy(world->folder() / "y.npy", Array({2}, std::vector<std::int64_t>{0, 7}));
  done({"import", "bank=" + bank, "as=a/test", "logits=" + world->path("z.npy"),
        "labels=" + world->path("y.npy")});
  const Json answers = inspected(bank + "#a/test").at("answers");
  EXPECT_EQ(answers.at("rows_with_label"), 1);
  EXPECT_EQ(answers.at("rows_of_foreign_label"), 1);
  EXPECT_EQ(answers.at("accuracy"), 1);
}

TEST_F(Inspect, DamagedPartsOfABankAreNamedAndTheRestIsShown) {
  std::filesystem::copy(world->bank(), world->path("hurt"),
                        std::filesystem::copy_options::recursive);
  file("hurt/in/test/logits.npy", "no array");
  const Json facts = inspected(world->path("hurt"));
  ASSERT_EQ(facts.at("damaged").size(), 1u);
  EXPECT_THAT(facts.at("damaged")[0].at("what").get<std::string>(),
              AllOf(HasSubstr("in/test/logits.npy"), HasSubstr("extract or import in/test again")));
  EXPECT_EQ(facts.at("splits").size(), 6u);
  const Json split = inspected(world->path("hurt") + "#in/test");
  EXPECT_FALSE(split.contains("answers"));
  EXPECT_EQ(split.at("damaged").size(), 1u);
  const std::string manifest = io::read_text(world->folder() / "bank/bank.json");
  file("hurt/bank.json", manifest.substr(0, manifest.size() / 2));
  refused(world->path("hurt"), {"hurt/bank.json", "extract again into a new bank"});
}

TEST_F(Inspect, SavedDetectorIsRunAndTakenApart) {
  const std::string detector = world->path("detector");
  done({"fit", "mean(knn(k=5),react+energy(T=2))", "bank=" + world->bank(), "train=in/train",
        "val=in/val", "out=" + detector});
  const Json facts = inspected(detector);
  EXPECT_EQ(facts.at("kind"), "saved detector");
  EXPECT_EQ(facts.at("spec"), "mean(knn(k=5),react+energy(T=2))");
  EXPECT_EQ(facts.at("classes"), 4);
  const auto value = [&](const std::string& name, const std::string& parameter) {
    for (const Json& row : facts.at("parameters")) {
      if (row["name"] == name && row["parameter"] == parameter) return row["value"];
    }
    return Json();
  };
  EXPECT_EQ(value("knn", "k"), "5");
  EXPECT_EQ(value("energy", "T"), "2");
  EXPECT_EQ(value("react", "q"), "0.9") << "a default";
  EXPECT_EQ(value("react", "fit_on"), "val");
  // Of knn inside of mean; every array that was stored is there.
  const Json knn = row_of(facts.at("learned"), "name", "knn");
  EXPECT_EQ(knn.at("stage"), "0.0.0");
  std::size_t stored = 0;
  for (const auto& [name, array] :
       io::read_safetensors(world->folder() / "detector/learned.safetensors").tensors) {
    stored += name.starts_with("learned.");
  }
  EXPECT_EQ(facts.at("learned").size(), stored);
  const Json from = row_of(facts.at("fitted_on"), "role", "train");
  EXPECT_EQ(from.at("split"), "in/train");
  EXPECT_EQ(from.at("rows"), 200);
  EXPECT_THAT(said_of(detector), HasSubstr("saved detector"));

  file("detector/learned.safetensors", "{}");
  refused(detector, {"learned.safetensors", "damaged"});
}

TEST_F(Inspect, EvaluationAndComparisonHaveTheirMeans) {
  const std::string run = world->path("run");
  done({"evaluate", "bank=" + world->bank(), "train=in/train", "id=in/test", "near=near/test",
        "far=far/test", "detectors=msp,energy", "bootstrap=0", "out=" + run});
  const Json facts = inspected(run);
  EXPECT_EQ(facts.at("kind"), "evaluation run");
  EXPECT_EQ(facts.at("bank_state"), "as it was evaluated");
  EXPECT_EQ(row_of(facts.at("sets"), "role", "far").at("rows"), 40);
  const Json results = io::read_json(std::filesystem::path(run) / "results.json");
  std::size_t means = 0;
  for (const Json& row : results.at("rows")) {
    if (row["set"] != "mean") continue;
    ++means;
    bool found = false;
    for (const Json& line : facts.at("means_over_sets")) {
      if (line["detector"] != row["detector"] || line["role"] != row["role"]) continue;
      found = line.at(row["metric"].get<std::string>()) == row["value"];
    }
    EXPECT_TRUE(found) << row;
  }
  EXPECT_GE(means, 4u);
  EXPECT_EQ(facts.at("means_over_sets").size(), 4u);
  EXPECT_THAT(said_of(run), HasSubstr("means over sets\ndetector  role"));

  const std::string comparison = world->path("comparison");
  done({"compare", "arms=a=" + run + ";b=" + run, "bootstrap=0", "out=" + comparison});
  EXPECT_EQ(inspected(comparison).at("kind"), "comparison of runs");
  EXPECT_EQ(inspected(comparison).at("baseline"), "a");

  std::filesystem::rename(run, world->path("moved"));
  Json moved = results;
  moved["bank"]["path"] = world->path("gone/bank");
  io::write_json(world->folder() / "moved/results.json", moved);
  EXPECT_THAT(inspected(world->path("moved")).at("bank_state").get<std::string>(),
              HasSubstr("no feature bank"));
}

TEST_F(Inspect, TrainingRunAsItsFilesSay) {
  file("trained/config.json", R"({"settings": {"model": "resnet20", "method": "cross_entropy",
    "data": "folder:photos", "lr": "0.1"}, "steps": 60, "steps_per_epoch": 6, "pictures": 48,
    "data_sha256": "12", "changes": [{"step": 12, "settings": ["lr was '0.2', is '0.1'"]}]})");
  file("trained/metrics.jsonl",
       R"({"step": 12, "epoch": 1, "split": "train", "loss": 0.5, "time": 1})"
       "\n"
       R"({"step": 12, "epoch": 1, "split": "val", "loss": 0.75, "accuracy": 0.5, "time": 2})"
       "\n"
       R"({"step": 18, "epoch": 2, "split": "train", "loss": 0.25, "time": 3})"
       "\n{\"step\": 24, \"ep");  // a kill
  for (const char* step : {"12", "18"}) {
    file(text("trained/checkpoints/step-0000000000", step, ".json"),
         text(R"({"format": "nescio checkpoint", "version": 1, "step": )", step,
              R"(, "state": {"best": 0.5}, "tensors_sha256": "34"})"));
  }
  io::write_safetensors(world->folder() / "trained/last.safetensors",
                        {{"x", Array({1}, std::vector<float>{0})}},
                        {{"nescio.network", "resnet20"}, {"nescio.step", "18"}});
  const Json facts = inspected(world->path("trained"));
  EXPECT_EQ(facts.at("kind"), "training run");
  EXPECT_EQ(facts.at("method"), "cross_entropy");
  EXPECT_EQ(facts.at("steps"), 60);
  EXPECT_EQ(facts.at("steps_done"), 18);
  EXPECT_EQ(facts.at("resumes_after_step"), 18);
  EXPECT_EQ(facts.at("checkpoints"), Json({12, 18}));
  EXPECT_EQ(row_of(facts.at("last_metrics"), "split", "train").at("loss"), 0.25);
  EXPECT_EQ(row_of(facts.at("last_metrics"), "split", "val").at("accuracy"), 0.5);
  EXPECT_EQ(row_of(facts.at("settings"), "setting", "lr").at("value"), "0.1");
  EXPECT_EQ(row_of(facts.at("weights"), "file", "last.safetensors").at("step"), "18");
  EXPECT_THAT(said_of(world->path("trained")), HasSubstr("lr was '0.2', is '0.1'"));
  const Json one = inspected(world->path("trained/checkpoints/step-000000000018.json"));
  EXPECT_EQ(one.at("kind"), "checkpoint of a training run");
  EXPECT_EQ(one.at("step"), 18);
}

TEST_F(Inspect, TrainingRunOfTheProgram) {
  if (nescio_program({"--version"}).out.find("no libtorch") != std::string::npos) {
    GTEST_SKIP() << "no libtorch";
  }
  const std::string run = world->path("really_trained");
  done({"train", "model=resnet20", "data=procedural:shapes?count=16", "epochs=1", "batch=8",
        "device=cpu", "out=" + run});
  const Json facts = inspected(run);
  EXPECT_EQ(facts.at("kind"), "training run");
  EXPECT_EQ(facts.at("steps"), 2);
  EXPECT_EQ(facts.at("steps_done"), 2);
  EXPECT_EQ(row_of(facts.at("settings"), "setting", "model").at("value"), "resnet20");
  const Json weights = inspected(run + "/last.safetensors");
  EXPECT_EQ(weights.at("metadata").at("nescio.network"), "resnet20");
  EXPECT_EQ(weights.at("networks_that_fit"), Json({"resnet20"}));
}

TEST_F(Inspect, WeightsByTheirBytesNotTheirName) {
  const Array weight({2, 3}, std::vector<float>(6));
  const std::map<std::string, Array> tensors = {
      {"module.fc.weight", weight},
      {"module.fc.bias", Array({2}, std::vector<float>(2))},
      {"module.bn.running_mean", Array({5}, std::vector<float>(5))},
      {"module.bn.num_batches_tracked", Array({1}, std::vector<std::int64_t>(1))}};
  io::write_safetensors(world->folder() / "w.yaml", tensors, {{"nescio.network", "resnet20"}});
  const Json facts = inspected(world->path("w.yaml"));
  EXPECT_EQ(facts.at("kind"), "arrays");
  EXPECT_EQ(facts.at("format"), "a safetensors file");
  EXPECT_EQ(facts.at("tensors"), 4);
  EXPECT_EQ(facts.at("parameters"), 8);
  EXPECT_EQ(facts.at("groups")[0].at("prefix"), "module.");
  EXPECT_EQ(facts.at("metadata").at("nescio.network"), "resnet20");
  EXPECT_EQ(row_of(facts.at("arrays"), "name", "module.fc.weight").at("shape"), Json({2, 3}));
  EXPECT_EQ(inspected(world->path("w.yaml") + "#module.fc.bias").at("shape"), Json({2}));
  EXPECT_EQ(inspected(world->path("W.npy")).at("parameters"), 32);
  refused(world->path("w.yaml") + "#fc.bias", {"there is no array 'fc.bias'"});

  // One member of an archive that holds names does not hide the others.
  file("mixed.npz",
       io::test_zip({{.name = "z.npy", .content = io::read_text(world->folder() / "W.npy")},
                     {.name = "names.npy", .content = "text"}}));
  const Json mixed = inspected(world->path("mixed.npz"));
  EXPECT_EQ(row_of(mixed.at("arrays"), "name", "z").at("shape"), Json({4, 8}));
  EXPECT_THAT(row_of(mixed.at("not_read"), "name", "names").at("why").get<std::string>(),
              HasSubstr("#names: expected"));

  const std::string bytes = io::read_text(world->folder() / "w.yaml");
  refused(file("cut.safetensors", bytes.substr(0, bytes.size() - 3)), {"cut.safetensors"});
}

TEST_F(Inspect, ProtocolHasRolesAndSets) {
  const std::string protocols = NESCIO_SOURCE "/protocols/";
  const Json facts = inspected(protocols + "cifar10.yaml");
  EXPECT_EQ(facts.at("kind"), "protocol");
  EXPECT_EQ(facts.at("name"), "cifar10");
  const Json id = row_of(facts.at("roles"), "role", "id");
  EXPECT_EQ(id.at("set"), "cifar10/test");
  EXPECT_THAT(id.at("data").get<std::string>(),
              HasSubstr("{root}/cifar-10-batches-bin?split=test"));
  refused(protocols + "mood_one_class_cifar10.yaml", {"give it with split=N"}, 2);
  const Json one = inspected(protocols + "mood_one_class_cifar10.yaml", {"split=cat"});
  EXPECT_EQ(row_of(one.at("roles"), "role", "id").at("set"), "cat/test");
  expect_refusal(nescio_program({"inspect", world->bank(), "split=cat"}), 2,
                 {"only for a protocol"});
}

TEST_F(Inspect, WhatIsNotOursIsNamed) {
  refused(world->path("nothing"), {"nothing", "there is nothing here", "a feature bank"});
  std::filesystem::create_directory(world->path("empty"));
  refused(world->path("empty"), {"a folder without any of bank.json", "BANK#SET/SPLIT"});
  file("theirs/config.json", R"({"architectures": ["BertModel"]})");
  refused(world->path("theirs"), {"whose config.json is none that this program writes"});
  refused(file("page.pth", "<html>"), {"page.pth", "a web page"});
  refused(file("notes.yaml", "a: b\n"), {"notes.yaml", "no table of numbers"});
  refused(file("own.json", "[1]"), {"own.json", "found JSON"});
  refused(file("none.npy", ""), {"none.npy", "an empty file"});
  refused(world->bank() + "#in/trian", {"Did you mean 'in/train'?"});
  refused(world->path("empty") + "#a/b", {"expected a feature bank before '#a/b'"});
  file("odd/results.json", R"({"rows": 3, "sets": 4, "metrics": [], "roles": 7})");
  refused(world->path("odd"), {"odd/results.json"});
}

}  // namespace
}  // namespace nescio
