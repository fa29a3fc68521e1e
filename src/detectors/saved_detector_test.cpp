#include "detectors/saved_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <thread>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/json_file.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* odin = "odin(epsilon=0.0014,T=1000)";

/// The arrays that any detector reads with its default parameters.
std::set<std::string> probe_arrays() {
  std::set<std::string> names;
  for (const std::string& spec : all_specs()) {
    for (const std::string& name : Chain(spec).needs().arrays) names.insert(name);
  }
  return names;
}

class SavedDetector : public testing::Test {
 protected:
  void SetUp() override {
    // Two rows of each class as they are, and others that the network is right about.
    for (std::size_t r = 2 * ToyBank::classes; r < ToyBank::train_rows; ++r) {
      toy.labels[r] = std::ranges::max_element(toy.train_logits[r]) - toy.train_logits[r].begin();
    }
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder / "bank");
    std::vector<bank::ArrayPlan> plans = {{"logits", DType::float32, {ToyBank::classes}},
                                          {"features", DType::float32, {ToyBank::width}},
                                          {"labels", DType::int64, {}}};
    for (const std::string& name : probe_arrays()) {
      plans.push_back({name, DType::float32, {ToyBank::classes}});
      rows[name] = ToyBank::array(ToyBank::probed(toy.test_logits));
    }
    bank::SplitWriter writer(bank, "toy/train", ToyBank::train_rows, plans, {});
    writer.write("logits", ToyBank::array(toy.train_logits));
    writer.write("features", ToyBank::array(toy.train_features));
    for (const std::string& name : probe_arrays()) {
      writer.write(name, ToyBank::array(ToyBank::probed(toy.train_logits)));
    }
    writer.write("labels", Array({ToyBank::train_rows}, std::vector<std::int64_t>(toy.labels)));
    writer.commit(ToyBank::train_rows);
    writer.finish();
    bank.set_head({ToyBank::array(toy.weight),
                   Array({ToyBank::classes}, std::vector<float>(toy.bias.begin(), toy.bias.end()))},
                  {});
  }

  bank::FeatureBank bank() const { return bank::FeatureBank::open(folder / "bank"); }
  Batch batch() const { return to_batch(rows); }
  std::vector<double> scores(const FittedDetector& detector) const {
    std::vector<double> out(ToyBank::test_rows);
    detector.compile()->run(batch(), {out.data()});
    return out;
  }
  fs::path save(const std::string& spec) const {
    save_detector(fit_detector(bank(), spec, {"toy/train", "toy/train"}), batch(),
                  folder / "detector");
    return folder / "detector";
  }
  static std::string load_error(const fs::path& path) {
    return io::error_of([&] { load_detector(path); });
  }

  ToyBank toy;
  io::TestFolder folder;
  std::map<std::string, Array> rows{{"logits", ToyBank::array(toy.test_logits)},
                                    {"features", ToyBank::array(toy.test_features)}};
};

TEST_F(SavedDetector, ComesBackAfterACrashWhileItWasReplaced) {
  const fs::path path = save("energy");
  fs::rename(path, path.string() + ".partial.old");
  EXPECT_EQ(load_error(path), "");
}

TEST_F(SavedDetector, IsReplacedAfterACrashBehindTheExchange) {
  // The one that was replaced, with its calibration, lies where the next one is written.
  const fs::path old = save("energy").string() + ".partial";
  fs::rename(folder / "detector", old);
  io::write_text(old / "calibration.safetensors", "");
  EXPECT_EQ(io::error_of([&] { save("msp"); }), "");
  EXPECT_FALSE(fs::exists(old));
  EXPECT_EQ(load_error(folder / "detector"), "");
}

TEST_F(SavedDetector, IsAWholeOneHoweverManySaveItAtATime) {
  std::vector<FittedDetector> all;
  for (const char* spec : {"knn(k=3)", "msp", "vim"}) {
    all.push_back(fit_detector(bank(), spec, {"toy/train", "toy/train"}));
  }
  const Batch rows_of_bank = batch();
  std::vector<std::string> errors(all.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int times = 0; times < 30 && errors[i].empty(); ++times) {
        errors[i] = io::error_of([&] { save_detector(all[i], rows_of_bank, folder / "detector"); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(errors, testing::Each(""));
  EXPECT_EQ(load_error(folder / "detector"), "");
  EXPECT_EQ(io::error_of([&] { save("msp"); }), "");
  EXPECT_FALSE(fs::exists(folder / "detector.partial"));
}

TEST_F(SavedDetector, ScoresAsBefore) {
  auto specs = all_specs();
  specs.insert(specs.end(), {"react(q=0.5)+knn(k=3,normalize=false)", "scale(p=0.5)+msp(T=2)",
                             "mean(mean(knn(k=3),odin),react(q=0.5)+vim,weights=(2,1))"});
  for (const std::string& spec : specs) {
    const FittedDetector fitted = fit_detector(bank(), spec, {"toy/train", "toy/train"});
    save_detector(fitted, batch(), folder / "detector");
    const FittedDetector loaded = load_detector(folder / "detector");
    EXPECT_EQ(loaded.chain.spec(), fitted.chain.spec());
    EXPECT_EQ(scores(loaded), scores(fitted)) << spec;
  }
}

TEST_F(SavedDetector, InMemoryOfItsOwnOutlivesItsFile) {
  const fs::path saved = save("knn(k=5)");
  const FittedDetector detector = load_detector(saved, Executor::cpu, Held::copied);
  const std::vector<double> before = scores(detector);
  fs::resize_file(saved / "learned.safetensors", 0);  // who had it mapped would die of a signal
  EXPECT_EQ(scores(detector), before);
}

TEST_F(SavedDetector, OfAProbeWithoutItsSettingsIsRead) {
  const fs::path path = save("odin");
  // As it was written when the array of a probe was called as the probe alone.
  auto json = io::read_json(path / "detector.json");
  json["arrays"] = {{"odin", ToyBank::classes}};
  io::Safetensors stored = io::read_safetensors(path / "learned.safetensors");
  auto rows_of_test = stored.tensors.extract(text("self_test.", odin));
  rows_of_test.key() = "self_test.odin";
  stored.tensors.insert(std::move(rows_of_test));
  io::write_safetensors(path / "learned.safetensors", stored.tensors);
  json["learned_sha256"] = io::sha256_file(path / "learned.safetensors");
  io::write_json(path / "detector.json", json);
  EXPECT_EQ(scores(load_detector(path)), scores(fit_detector(bank(), "odin", {})));
}

TEST_F(SavedDetector, NeedsNoSplitWhereNothingIsLearned) {
  save_detector(fit_detector(bank(), "energy", {}), batch(), folder / "detector");
  EXPECT_EQ(load_error(folder / "detector"), "");
  EXPECT_THROW(fit_detector(bank(), "knn", {"", "toy/train"}), Error);
  EXPECT_THROW(fit_detector(bank(), "knn", {"toy/missing"}), Error);
}

TEST_F(SavedDetector, TakesFeaturesAndHeadForLogits) {
  bank::FeatureBank without = bank();
  bank::SplitWriter writer(without, "toy/train", ToyBank::train_rows,
                           {{"features", DType::float32, {ToyBank::width}}}, {});
  writer.write("features", ToyBank::array(toy.train_features));
  writer.commit(ToyBank::train_rows);
  writer.finish();
  for (const char* spec : {"energy", "react(q=0.5)+max_logit", "scale+energy", "vim"}) {
    const bool learns = !Chain(spec).fits_on().empty();
    const std::string split = learns ? "toy/train" : "";
    const FittedDetector fitted = fit_detector(without, spec, {split, split});
    const Batch features = {{"features", rows.at("features").matrix()}};
    save_detector(fitted, features, folder / "detector");
    const FittedDetector loaded = load_detector(folder / "detector");
    std::vector<double> by_head(ToyBank::test_rows);
    loaded.compile(Executor::cpu, LogitsFrom::head)->run(features, {by_head.data()});
    const auto of_network = scores(loaded);
    for (std::size_t r = 0; r < by_head.size(); ++r) {
      EXPECT_NEAR(by_head[r], of_network[r], 1e-4) << spec;
    }
  }
}

TEST_F(SavedDetector, IsNotSavedIfItsScoresAreNoNumbers) {
  EXPECT_THAT(io::error_of([&] { save("msp(T=1e-40)"); }), HasSubstr("row 0 of its bank scores "));
  EXPECT_FALSE(fs::exists(folder / "detector"));
}

TEST_F(SavedDetector, SaysWhereItCannotBeWritten) {
  const FittedDetector fitted = fit_detector(bank(), "energy", {});
  io::write_text(folder / "file", "in the way");
  EXPECT_THAT(io::error_of([&] { save_detector(fitted, batch(), folder / "file" / "detector"); }),
              HasSubstr("file/detector"));
}

TEST_F(SavedDetector, IsRefusedWhenDamaged) {
  const fs::path path = save("mahalanobis");
  const std::string json = io::read_text(path / "detector.json");
  const std::string arrays = io::read_text(path / "learned.safetensors");
  const auto with = [&](const std::string& j, const std::string& a) {
    io::write_text(path / "detector.json", j);
    io::write_text(path / "learned.safetensors", a);
    return load_error(path);
  };
  EXPECT_EQ(with(json, arrays), "");
  EXPECT_THAT(with(json, arrays.substr(0, arrays.size() - 7)), HasSubstr("damaged"));
  std::string flipped = arrays;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  EXPECT_THAT(with(json, flipped), HasSubstr("SHA-256"));
  EXPECT_THAT(with("{", arrays), HasSubstr("detector.json"));
  EXPECT_THAT(with("[]", arrays), HasSubstr("'format' is missing"));
  auto changed = nlohmann::json::parse(json);
  changed["format"] = 2;
  EXPECT_THAT(with(changed.dump(), arrays), HasSubstr("format 2; this program reads 1"));
  changed = nlohmann::json::parse(json);
  changed["spec"] = "knn";
  EXPECT_THAT(with(changed.dump(), arrays), HasSubstr("lacks '0.rows'"));
  changed["arrays"] = {{"odin", "wide"}};
  EXPECT_THAT(with(changed.dump(), arrays), HasSubstr("odin is no width"));
  for (const std::string newer : {"knew(k=5)", "knn(more=5)"}) {
    changed["spec"] = newer;
    EXPECT_THAT(with(changed.dump(), arrays), testing::StartsWith(path.string() + ": ")) << newer;
  }
  changed = nlohmann::json::parse(json);
  changed["spec"] = 5;
  EXPECT_THAT(with(changed.dump(), arrays), HasSubstr("wrong type"));
  fs::remove(path / "detector.json");
  EXPECT_THAT(load_error(path), HasSubstr("no detector.json"));
  EXPECT_THAT(load_error(folder / "nowhere"), HasSubstr("nescio fit"));
}

// Written by the program before there were detectors made of others.
TEST_F(SavedDetector, OpensThoseOfOlderPrograms) {
  const FittedDetector old = load_detector(fs::path(NESCIO_SAVED_DETECTORS) / "react_vim");
  EXPECT_EQ(old.chain.spec(), "react(q=0.8)+vim(dim=3)");
  const std::vector<float> features = {0, 1, 0.5, 0, 2, 1}, logits = {1, -1, 0.5};
  std::vector<double> score(1);
  old.compile()->run({{"features", {features.data(), 1, 6}}, {"logits", {logits.data(), 1, 3}}},
                     {score.data()});
  EXPECT_NEAR(score[0], 1.05698752, 1e-6);  // as it said
}

TEST_F(SavedDetector, ReplaysItsSelfTest) {
  const fs::path path = save("energy");
  io::Safetensors stored = io::read_safetensors(path / "learned.safetensors");
  const auto old = stored.tensors.at("self_test.scores").as<double>();
  std::vector<double> wrong(old.begin(), old.end());
  wrong[3] += 0.5;
  stored.tensors["self_test.scores"] = Array({old.size()}, std::move(wrong));
  io::write_safetensors(path / "learned.safetensors", stored.tensors);
  auto json = io::read_json(path / "detector.json");
  json["learned_sha256"] = io::sha256_file(path / "learned.safetensors");
  io::write_json(path / "detector.json", json);
  EXPECT_THAT(load_error(path), HasSubstr("self-test row 3"));
}

TEST_F(SavedDetector, RefusesAnOriginThatIsNone) {
  const fs::path path = save("energy");
  nlohmann::json manifest = io::read_json(path / "detector.json");
  const io::Safetensors arrays = io::read_safetensors(path / "learned.safetensors");
  parse_detector(manifest, arrays, path);
  for (const nlohmann::json& none : {nlohmann::json(nullptr), nlohmann::json(3)}) {
    manifest["origin"] = none;
    EXPECT_THAT(io::error_of([&] { parse_detector(manifest, arrays, path); }),
                HasSubstr("origin is of the wrong type"));
  }
}

TEST_F(SavedDetector, TakesASelfTestWithoutRows) {
  const fs::path path = save("energy");
  io::Safetensors arrays = io::read_safetensors(path / "learned.safetensors");
  arrays.tensors.insert_or_assign("self_test.scores", Array({0}, std::vector<double>{}));
  arrays.tensors.insert_or_assign("self_test.logits",
                                  Array({0, ToyBank::classes}, std::vector<float>{}));
  parse_detector(io::read_json(path / "detector.json"), arrays, path);
}

TEST_F(SavedDetector, MayBeFittedOnArraysInMemory) {
  const bank::BankViews disk = bank();
  const bank::BankView& split = disk.at("toy/train");
  std::map<std::string, Array> arrays;
  for (const auto& [name, array] : split.arrays) arrays.emplace(name, array.read());
  const bank::BankViews memory(std::vector{bank::view_of("toy/train", arrays, split.head())});
  const FittedDetector fitted = fit_detector(memory, "vim", {"toy/train"});
  EXPECT_EQ(scores(fitted), scores(fit_detector(disk, "vim", {"toy/train"})));
  save_detector(fitted, batch(), folder / "detector");
  EXPECT_EQ(scores(load_detector(folder / "detector")), scores(fitted));
}

}  // namespace
}  // namespace nescio::detectors
