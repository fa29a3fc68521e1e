#include "report/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <span>

#include "base/rng.h"
#include "io/test_folder.h"
#include "metrics/curves.h"
#include "report/findings.h"
#include "report/test_page.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t rows = 40;

// A bank of random rows with pictures (CIFAR records) for the id set and any OOD sets.
class TestRun {
 public:
  explicit TestRun(Roles roles, std::vector<std::string> detectors = {"energy", "msp"})
      : bank(FeatureBank::open_or_create(folder / "bank")), roles(std::move(roles)) {
    for (const auto& [split, role] : scored_splits(this->roles)) {
      add_split(split, role == "id");
      record.results.sets.push_back({split, role, rows});
    }
    record.results.detectors = std::move(detectors);
    record.command = "nescio evaluate";
    record.run = {{"settings", {{"seed", 0}}}};
    for (const std::string& detector : record.results.detectors) measure_one(detector);
  }

  std::string page() const { return html_report(record, bank, roles); }

  TestFolder folder;
  FeatureBank bank;
  Roles roles;
  RunRecord record;

 private:
  void add_split(const std::string& split, bool labelled) {
    std::string bytes;
    std::vector<std::int64_t> labels, index;
    std::vector<float> logits;
    for (std::size_t r = 0; r < rows; ++r) {
      labels.push_back(labelled ? static_cast<std::int64_t>(r % 3) : -1);
      index.push_back(static_cast<std::int64_t>(r));
      for (std::size_t c = 0; c < 3; ++c) logits.push_back(c == r % 3 ? 1.0F : 0.0F);
      bytes += static_cast<char>(r % 3) + std::string(3072, static_cast<char>(r));
    }
    std::string file = split + ".bin";
    std::ranges::replace(file, '/', '_');
    const std::string data = "records:" + folder.file(file, bytes).string();
    SplitWriter writer(bank, split, rows,
                       {{"logits", DType::float32, {3}},
                        {"labels", DType::int64, {}},
                        {"index", DType::int64, {}}},
                       {{"data", data}});
    writer.write("logits", Array({rows, 3}, logits));
    writer.write("labels", Array({rows}, labels));
    writer.write("index", Array({rows}, index));
    writer.commit(rows);
    writer.finish();
  }

  void measure_one(const std::string& detector) {
    auto& results = record.results;
    Rng rng(results.rows.size() + 1);
    std::vector<float> id;
    for (const SetInfo& set : results.sets) {
      std::vector<float> scores(rows);
      for (float& score : scores) {
        score = static_cast<float>(rng.normal()) + (set.role == "id" ? 0.0F : 1.5F);
      }
      record.scores[{detector, set.name}] = Array({rows}, scores);
      if (set.role == "id") {
        id = scores;
        results.rows.push_back({detector, set.name, "id", "id_accuracy", 1, Bounds{0.9, 1}});
        continue;
      }
      for (const Measurement& m : measure(rank(std::span<const float>(id), scores))) {
        results.rows.push_back({detector, set.name, set.role, m.metric->name, m.value, m.bounds});
        results.rows.push_back(
            {detector, mean_of_sets, set.role, m.metric->name, m.value, std::nullopt});
      }
    }
  }
};

TestRun small_run() { return TestRun({.id = "in/test", .near = {"a/test"}, .far = {"b/test"}}); }

std::vector<std::string> sections(const std::string& page) {
  std::vector<std::string> out;
  for (const Element& element : read_page(page)) {
    if (element.name == "section") out.push_back(element.attributes.at("id"));
  }
  return out;
}

TEST(HtmlReport, IsWellFormedAndComplete) {
  EXPECT_THAT(sections(small_run().page()),
              testing::ElementsAre("run", "results", "heat-map", "histograms", "roc", "classes",
                                   "pictures", "detectors", "settings"));
}

TEST(HtmlReport, NeedsNothingElse) {
  for (const Element& element : read_page(small_run().page())) {
    EXPECT_NE(element.name, "script");
    EXPECT_NE(element.name, "link");
    if (element.attributes.contains("src")) {
      EXPECT_THAT(element.attributes.at("src"), testing::StartsWith("data:image/png;base64,"));
    }
  }
}

TEST(HtmlReport, CanBeReadWithoutEyes) {
  int level = 0, images = 0;
  std::set<std::string> ids;
  for (const Element& element : read_page(small_run().page())) {
    const std::string& name = element.name;
    const auto& attributes = element.attributes;
    if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
      EXPECT_LE(name[1] - '0', level + 1) << "a level is left out";
      level = name[1] - '0';
    }
    if (name == "html") {
      EXPECT_EQ(attributes.at("lang"), "en");
    }
    if (name == "th") {
      EXPECT_TRUE(attributes.contains("scope"));
    }
    if (name == "img") {
      EXPECT_FALSE(attributes.at("alt").empty());
    }
    if (name == "svg") {
      EXPECT_FALSE(attributes.at("aria-label").empty());
    }
    if (attributes.contains("id")) {
      EXPECT_TRUE(ids.insert(attributes.at("id")).second);
    }
    images += name == "img";
  }
  EXPECT_GT(images, 8);
}

TEST(HtmlReport, TablesHaveTheResults) {
  const TestRun run = small_run();
  const std::string page = run.page();
  for (const ResultRow& row : run.record.results.rows) {
    EXPECT_THAT(page, HasSubstr(per_cent(row.value))) << row.metric;
    if (row.bounds) {
      EXPECT_THAT(page,
                  HasSubstr(per_cent(row.bounds->lower) + "\u2013" + per_cent(row.bounds->upper)));
    }
  }
}

TEST(HtmlReport, ChartsSayTheSameNumbers) {
  const TestRun run = small_run();
  const std::string page = run.page();
  for (const std::string detector : {"energy", "msp"}) {
    for (const ResultRow& row : run.record.results.rows) {
      if (row.detector != detector || row.metric != "auroc" || row.set == mean_of_sets) continue;
      EXPECT_TRUE(page.find(" " + detector + ": AUROC " + per_cent(row.value, 1) + " %") !=
                  std::string::npos);
    }
  }
  // Classes: the definition, class by class, for the detector on top.
  const auto scores = [&](const char* set) {
    return run.record.scores.at({"energy", set}).as<float>();
  };
  for (std::size_t label = 0; label < 3; ++label) {
    std::vector<float> of_class;
    for (std::size_t r = label; r < rows; r += 3) of_class.push_back(scores("in/test")[r]);
    const double area = auroc(rank(std::span<const float>(of_class), scores("a/test")));
    EXPECT_TRUE(page.find(text(" class ", label, " ", per_cent(area, 1))) != std::string::npos);
  }
}

TEST(HtmlReport, SurvivesScoresThatAreAllEqual) {
  TestRun run = small_run();
  for (auto& [key, scores] : run.record.scores) {
    scores = Array({rows}, std::vector<float>(rows, 1.0F));
  }
  const std::string page = run.page();
  EXPECT_EQ(sections(page).size(), 9U);
  for (const Element& element : read_page(page)) {
    if (element.name == "path") {
      EXPECT_EQ(element.attributes.at("d").find("nan"), std::string::npos);
    }
  }
}

TEST(HtmlReport, EqualInputsGiveEqualBytes) {
  const TestRun run = small_run();
  EXPECT_EQ(run.page(), run.page());
}

TEST(HtmlReport, EscapesWhatComesFromOutside) {
  TestRun run({.id = "in/test", .near = {"a/test"}}, {"<script>'\"&\xFF"});
  run.record.command = "</pre><script>alert(1)</script>";
  run.record.run["settings"]["</td><script>"] = "<script>\xC3";
  run.record.results.skipped = {{"<script>", "</li><script>"}};
  const std::string page = run.page();
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_NO_THROW(read_page(page));
}

TEST(HtmlReport, IsCompleteWithoutPictures) {
  TestRun run = small_run();
  std::filesystem::remove(run.folder / "a_test.bin");
  run.folder.file("b_test.bin", std::string(3073, 'x'));
  const std::string page = run.page();
  EXPECT_THAT(page, HasSubstr("no picture"));
  EXPECT_THAT(page, HasSubstr("The data set of b/test has changed: 1 pictures now, 40 when it"));
  EXPECT_THAT(page, HasSubstr("<img src"));  // those of the id set are there
  EXPECT_EQ(sections(page).size(), 9U);
}

TEST(HtmlReport, RanksByFarWhereThereIsNoNearSet) {
  const std::string page = TestRun({.id = "in/test", .far = {"b/test", "c/test"}}).page();
  EXPECT_EQ(sections(page).size(), 9U);
  EXPECT_THAT(page, HasSubstr("by mean far AUROC"));
  EXPECT_THAT(page, Not(HasSubstr("near auroc")));
}

TEST(HtmlReport, WorksForOneDetector) {
  EXPECT_THAT(TestRun({.id = "in/test", .near = {"a/test"}}, {"msp"}).page(),
              HasSubstr("Shown: the only detector."));
}

TEST(HtmlReport, LeavesOutWhatNeedsScores) {
  TestRun run = small_run();
  run.record.scores.clear();
  EXPECT_THAT(sections(run.page()),
              testing::ElementsAre("run", "results", "heat-map", "detectors", "settings"));
}

TEST(HtmlReport, ChartsTheBestOfASweep) {
  std::vector<std::string> detectors;
  for (int k = 1; k <= 40; ++k) detectors.push_back("knn(k=" + std::to_string(k) + ")");
  const std::string page = TestRun({.id = "in/test", .near = {"a/test"}}, detectors).page();
  EXPECT_THAT(page, HasSubstr("the best 12 of 40 detectors"));
  for (const std::string& detector : detectors) EXPECT_THAT(page, HasSubstr(detector));
  const auto elements = read_page(page);
  EXPECT_EQ(std::ranges::count(elements, "svg", &Element::name), 12 + 1 + 1);
}

TEST(Findings, ThresholdIsThatOfTheMetric) {
  Rng rng(1);
  for (const std::size_t n : {1U, 19U, 20U, 21U, 40U, 100U, 1000U}) {
    std::vector<double> id(n), ood(50);
    for (double& score : id) score = std::round(4 * rng.normal());
    for (double& score : ood) score = std::round(4 * rng.normal() + 4);
    const double threshold = threshold_keeping_95(id);
    const auto accepted =
        std::ranges::count_if(ood, [&](double score) { return score <= threshold; });
    const Ranking ranking = rank(std::span<const double>(id), ood);
    EXPECT_DOUBLE_EQ(static_cast<double>(accepted) / 50,
                     find_metric("fpr95_id").of_ranking(ranking))
        << n;
  }
}

}  // namespace
}  // namespace nescio
