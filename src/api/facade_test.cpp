// The C++ classes over the C functions, as a program that knows nothing else sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nescio/nescio.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t width = 8, classes = 3;

struct Cloud {
  std::vector<float> values;
  std::vector<float> logits;
  std::vector<std::int64_t> labels;

  Cloud(std::size_t rows, bool known, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> noise;
    for (std::size_t r = 0; r < rows; ++r) {
      labels.push_back(static_cast<std::int64_t>(r % classes));
      for (std::size_t d = 0; d < width; ++d) {
        const float value = noise(random) + (known && d == r % classes ? 8.0f : 0.0f);
        values.push_back(value);
        if (d < classes) logits.push_back(value);
      }
    }
  }
  nescio::Arrays features() const { return {{"features", values.data(), labels.size(), width, 0}}; }
  nescio::Arrays both() const {
    return {{"features", values.data(), labels.size(), width, 0},
            {"logits", logits.data(), labels.size(), classes, 0}};
  }
};

class Facade : public testing::Test {
 protected:
  Facade() {
    std::string pattern = (fs::temp_directory_path() / "nescio-facade-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Facade() override { fs::remove_all(folder_); }

  nescio::Detector fitted(const std::string& spec = "knn(k=3)") const {
    nescio::FitData data;
    data.train = {train.both(), train.labels.data()};
    data.class_names = {"ant", "bee", "cat"};
    return {spec, data};
  }
  /// The message of the nescio::Error that `run` throws; empty if it throws none.
  template <class Run>
  static std::string error_of(const Run& run) {
    try {
      run();
    } catch (const nescio::Error& e) {
      return e.what();
    }
    return {};
  }

  const Cloud train{300, true, 1}, held_out{200, true, 2}, known{100, true, 3},
      unknown{100, false, 4};
  fs::path folder_;
};

TEST_F(Facade, FitsCalibratesSavesAndAnswers) {
  nescio::Detector detector = fitted();
  EXPECT_EQ(detector.spec(), "knn(k=3)");
  EXPECT_EQ(detector.notices(), "");
  ASSERT_EQ(detector.inputs().size(), 1u);
  EXPECT_EQ(detector.inputs()[0].name, "features");
  EXPECT_EQ(detector.inputs()[0].width, width);
  nescio::Calibration what;
  what.value = 0.9;
  what.name = "mine";
  const nescio::Threshold threshold =
      detector.calibrate(held_out.features(), what, unknown.features());
  EXPECT_NEAR(threshold.kept.share, 0.9, 0.01);
  EXPECT_LT(threshold.kept.lower, 0.9);
  EXPECT_GT(threshold.caught.share, 0.5);
  detector.save((folder_ / "detector").string());

  const nescio::Scorer from_disk((folder_ / "detector").string(), {"mine"});
  const nescio::Scorer from_memory(nescio::Detector::load((folder_ / "detector").string()));
  const auto answers = from_disk.answers(known.both());
  const auto scores = from_memory.scores(known.both());
  std::size_t flagged = 0;
  for (std::size_t r = 0; r < answers.size(); ++r) {
    EXPECT_EQ(static_cast<float>(answers[r].score), scores[r]);
    EXPECT_EQ(answers[r].threshold, threshold.value);
    flagged += answers[r].is_ood == 1;
  }
  EXPECT_LT(flagged, 25u);
  const nescio::Answer one = from_disk.answer({{"features", known.values.data(), 1, width, 0},
                                               {"logits", known.logits.data(), 1, classes, 0}});
  EXPECT_NEAR(one.score, answers[0].score, 1e-5);
  EXPECT_STREQ(one.class_name, "ant");
}

TEST_F(Facade, WritesABankAndFitsOnIt) {
  nescio::Bank bank = nescio::Bank::create((folder_ / "bank").string());
  bank.add("mine/train", {train.both(), train.labels.data()});
  bank.add("mine/val", {held_out.both(), held_out.labels.data()});
  const nescio::Detector detector("mahalanobis", nescio::Bank((folder_ / "bank").string()),
                                  {"mine/train"});
  nescio::FitData data;
  data.train = {train.both(), train.labels.data()};
  EXPECT_EQ(nescio::Scorer(detector).scores({bank.array("mine/val", "features")}),
            nescio::Scorer(nescio::Detector("mahalanobis", data)).scores(held_out.features()));
  const std::vector<float> weight(classes * width, 1), bias(classes + 1);
  bank.set_head({weight.data(), bias.data(), classes, width});
  EXPECT_THAT(error_of([&] {
                bank.set_head({weight.data(), bias.data(), classes + 1, 1});
              }),
              HasSubstr("head"));
  EXPECT_EQ(bank.splits().size(), 2u);
}

TEST_F(Facade, MeasuresScores) {
  const nescio::Scorer scorer(fitted());
  const auto id = scorer.scores(known.features()), ood = scorer.scores(unknown.features());
  const auto one = nescio::evaluate(id, ood, "auroc");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_STREQ(one[0].name, "auroc");
  double pairs = 0;
  for (const float a : id) {
    for (const float b : ood) pairs += b > a ? 1 : b == a ? 0.5 : 0;
  }
  EXPECT_NEAR(one[0].value, pairs / 1e4, 1e-12);
  EXPECT_LE(one[0].lower, one[0].value);
  EXPECT_GT(nescio::evaluate(id, ood, "", 0).size(), 3u);
  EXPECT_THAT(error_of([&] { nescio::evaluate(id, ood, "aurok"); }), HasSubstr("auroc"));
  EXPECT_THAT(error_of([&] { nescio::evaluate(id, ood, "id_accuracy"); }), HasSubstr("answers"));
  EXPECT_NE(error_of([&] { nescio::evaluate({}, ood); }), "");
  EXPECT_NE(error_of([&] { nescio::evaluate({NAN}, ood); }), "");
}

TEST_F(Facade, ListsAndDescribes) {
  const auto names = nescio::list_detectors();
  EXPECT_THAT(names, testing::Contains("knn"));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(nescio::describe("knn"), HasSubstr("\"default\""));
  EXPECT_THAT(error_of([] { nescio::describe("knm"); }), HasSubstr("knn"));
  EXPECT_EQ(nescio::library_version().find('.'), 1u);
  nescio::set_threads(2);
  EXPECT_THAT(error_of([] { nescio::set_threads(0); }), HasSubstr("at least 1"));
}

TEST_F(Facade, SaysWhatIsWrong) {
  EXPECT_THAT(error_of([&] { fitted("knm"); }), HasSubstr("knn"));
  EXPECT_THAT(error_of([&] { fitted("knn(k=0)"); }), HasSubstr("k"));
  EXPECT_THAT(error_of([&] { nescio::Detector("knn", {}); }), HasSubstr("no rows"));
  EXPECT_THAT(error_of([&] { nescio::Scorer((folder_ / "none").string()); }), HasSubstr("none"));
  EXPECT_THAT(error_of([&] { nescio::Bank((folder_ / "none").string()); }), HasSubstr("none"));
  nescio::Detector detector = fitted();
  std::ofstream(folder_ / "mine.txt") << "mine";
  EXPECT_NE(error_of([&] { detector.save(folder_.string()); }), "");
  EXPECT_TRUE(fs::exists(folder_ / "mine.txt"));
  nescio::Calibration strict;
  strict.value = 0.999;
  strict.guarantee = true;
  EXPECT_THAT(error_of([&] { detector.calibrate(held_out.features(), strict); }),
              HasSubstr("rows"));
  nescio::Calibration unnamed;
  unnamed.name = "a/b";
  EXPECT_THAT(error_of([&] { detector.calibrate(held_out.features(), unnamed); }), HasSubstr("64"));
  EXPECT_THAT(error_of([&] { nescio::Scorer(detector, {"mine"}); }), HasSubstr("not calibrated"));
}

TEST_F(Facade, DamagedAndNewerFoldersAreRefused) {
  const fs::path path = folder_ / "detector";
  const auto refusal = [&] { return error_of([&] { nescio::Scorer(path.string()); }); };
  const auto edit = [&](const std::string& file, const std::string& from, const std::string& to) {
    fitted().save(path.string());
    std::ifstream in(path / file, std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(in)), {});
    in.close();
    const auto at = content.find(from);
    if (at == std::string::npos) return std::string("no ") + from;
    content.replace(at, from.size(), to);
    std::ofstream(path / file, std::ios::binary) << content;
    return refusal();
  };
  EXPECT_THAT(edit("detector.json", "\"format\": 1", "\"format\": 2"), HasSubstr("format 2"));
  EXPECT_THAT(edit("detector.json", "\"spec\"", "\"spek\""), HasSubstr("'spec' is missing"));
  EXPECT_THAT(edit("learned.safetensors", "F32", "F64"), HasSubstr("damaged"));
  fs::resize_file(path / "detector.json", 10);
  EXPECT_NE(refusal(), "");
}

TEST_F(Facade, HandlesMoveAndScorersOutliveTheirDetector) {
  std::unique_ptr<nescio::Scorer> scorer;
  {
    nescio::Detector detector = fitted("energy");
    nescio::Detector moved = std::move(detector);
    scorer = std::make_unique<nescio::Scorer>(moved);
  }
  nescio::Scorer other = std::move(*scorer);
  EXPECT_EQ(other.scores(known.both()).size(), 100u);
}

}  // namespace
