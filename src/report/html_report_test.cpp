#include "report/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <span>

#include "base/rng.h"
#include "io/npy.h"
#include "io/test_folder.h"
#include "metrics/curves.h"
#include "report/contenders.h"
#include "report/findings.h"
#include "report/run_folder.h"
#include "report/sections.h"
#include "report/test_page.h"

namespace nescio::report {
namespace {

constexpr std::size_t rows = 40;

// A bank with an id split and OOD splits, each of them pictures (CIFAR records) and logits.
class World {
 public:
  World() : bank(bank::FeatureBank::open_or_create(folder / "bank")) {
    for (const char* split : {"in/test", "a/test", "b/test", "c/test"}) add_split(split);
  }

  io::TestFolder folder;
  bank::FeatureBank bank;

 private:
  void add_split(const std::string& split) {
    const bool id = split == "in/test";
    std::string bytes;
    std::vector<std::int64_t> labels, index;
    std::vector<float> logits;
    for (std::size_t r = 0; r < rows; ++r) {
      labels.push_back(id ? static_cast<std::int64_t>(r % 3) : -1);
      index.push_back(static_cast<std::int64_t>(r));
      for (std::size_t c = 0; c < 3; ++c) logits.push_back(c == r % 3 ? 1.0F : 0.0F);
      bytes += static_cast<char>(r % 3) + std::string(3072, static_cast<char>(r));
    }
    const std::string file = split.substr(0, split.find('/')) + ".bin";
    bank::SplitWriter writer(bank, split, rows,
                             {{"logits", DType::float32, {3}},
                              {"labels", DType::int64, {}},
                              {"index", DType::int64, {}}},
                             {{"data", "records:" + folder.file(file, bytes).string()}});
    writer.write("logits", Array({rows, 3}, logits));
    writer.write("labels", Array({rows}, labels));
    writer.write("index", Array({rows}, index));
    writer.commit(rows);
    writer.finish();
  }
};

const World& world() {
  static const World made;
  return made;
}

const evaluation::Roles near_and_far = {.id = "in/test", .near = {"a/test"}, .far = {"b/test"}};

// Random scores of each detector, measured.
RunRecord measured(const evaluation::Roles& roles, const std::vector<std::string>& detectors,
                   const bank::BankViews& bank = world().bank) {
  RunRecord record{
      .results = {}, .run = {{"settings", {{"seed", 0}}}}, .command = "nescio", .scores = {}};
  evaluation::Results& results = record.results;
  results.detectors = detectors;
  for (double cost = 1000; const std::string& detector : detectors) {
    results.costs.push_back({detector, cost});
    cost /= 100;
  }
  for (const auto& [split, role] : evaluation::scored_splits(roles))
    results.sets.push_back({split, role, bank.has(split) ? bank.at(split).rows : rows});
  for (const std::string& detector : detectors) {
    Rng rng(results.rows.size() + 1);
    std::vector<float> id;
    for (const evaluation::SetInfo& set : results.sets) {
      std::vector<float> scores(set.rows);
      for (float& score : scores) {
        score = static_cast<float>(rng.normal()) + (set.role == "id" ? 0.0F : 1.5F);
      }
      record.scores[{detector, set.name}] = Array({set.rows}, scores);
      if (set.role == "id") {
        id = scores;
        results.rows.push_back(
            {detector, set.name, "id", "id_accuracy", 1, metrics::Bounds{0.9, 1}});
        continue;
      }
      for (const metrics::Measurement& m :
           metrics::measure(metrics::rank_rows(Array({id.size()}, id), Array({set.rows}, scores)),
                            {.resamples = 0})) {
        results.rows.push_back({detector, set.name, set.role, m.metric->name, m.value, m.bounds});
        results.rows.push_back(
            {detector, evaluation::mean_of_sets, set.role, m.metric->name, m.value, std::nullopt});
      }
    }
  }
  return record;
}

RunRecord two_detectors() { return measured(near_and_far, {"energy", "msp"}); }

std::string page_of(const RunRecord& record, const evaluation::Roles& roles = near_and_far) {
  return html_report(record, world().bank, roles, pictures_section);
}

// The page is too long to be printed where something is missing.
bool has(const std::string& page, const std::string& words) {
  return page.find(words) != std::string::npos;
}

std::vector<std::string> sections(const std::string& page) {
  std::vector<std::string> out;
  for (const Element& element : read_page(page)) {
    if (element.name == "section") out.push_back(element.attributes.at("id"));
  }
  return out;
}

TEST(HtmlReport, IsWellFormedAndComplete) {
  EXPECT_THAT(sections(page_of(two_detectors())),
              testing::ElementsAre("run", "heat-map", "results", "choice", "histograms", "roc",
                                   "classes", "pictures", "detectors", "settings"));
}

// Scores that were measured in memory: no bank, nothing that reads pictures.
TEST(HtmlReport, IsCompleteWithScoresAlone) {
  const std::string page = html_report(two_detectors(), {}, near_and_far, nullptr);
  EXPECT_THAT(sections(page), testing::ElementsAre("run", "heat-map", "results", "choice",
                                                   "histograms", "roc", "detectors", "settings"));
  EXPECT_TRUE(has(page, "to tell the classes of the in-distribution"));
}

TEST(HtmlReport, NeedsNothingElse) {
  for (const Element& element : read_page(page_of(two_detectors()))) {
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
  for (const Element& element : read_page(page_of(two_detectors()))) {
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
  const RunRecord record = two_detectors();
  const std::string page = page_of(record);
  for (const evaluation::ResultRow& row : record.results.rows) {
    EXPECT_TRUE(has(page, per_cent(row.value))) << row.metric;
    if (row.bounds) {
      EXPECT_TRUE(has(page, per_cent(row.bounds->lower) + "\u2013" + per_cent(row.bounds->upper)));
    }
  }
}

TEST(HtmlReport, ChartsSayTheSameNumbers) {
  const RunRecord record = two_detectors();
  const std::string page = page_of(record);
  for (const std::string detector : {"energy", "msp"}) {
    for (const evaluation::ResultRow& row : record.results.rows) {
      if (row.detector != detector || row.metric != "auroc" || row.set == evaluation::mean_of_sets)
        continue;
      EXPECT_TRUE(has(page, " " + detector + ": AUROC " + per_cent(row.value, 1) + " %"));
    }
  }
  // Classes: the definition, class by class, for the detector on top.
  const auto scores = [&](const char* set) {
    return record.scores.at({"energy", set}).as<float>();
  };
  for (std::size_t label = 0; label < 3; ++label) {
    std::vector<float> of_class;
    for (std::size_t r = label; r < rows; r += 3) of_class.push_back(scores("in/test")[r]);
    const double area =
        metrics::auroc(metrics::rank(std::span<const float>(of_class), scores("a/test")));
    EXPECT_TRUE(has(page, text(" class ", label, " ", per_cent(area, 1))));
  }
}

TEST(HtmlReport, SurvivesScoresThatAreAllEqual) {
  RunRecord record = two_detectors();
  for (auto& [key, scores] : record.scores) {
    scores = Array({rows}, std::vector<float>(rows, 1.0F));
  }
  const std::string page = page_of(record);
  EXPECT_EQ(sections(page).size(), 10U);
  for (const Element& element : read_page(page)) {
    if (element.name == "path") {
      EXPECT_EQ(element.attributes.at("d").find("nan"), std::string::npos);
    }
  }
}

TEST(HtmlReport, EqualInputsGiveEqualBytes) {
  EXPECT_EQ(page_of(two_detectors()), page_of(two_detectors()));
}

TEST(HtmlReport, EscapesWhatComesFromOutside) {
  RunRecord record = measured(near_and_far, {"<script>'\"&\xFF"});
  record.command = "</pre><script>alert(1)</script>";
  record.run["settings"]["</td><script>"] = "<script>\xC3";
  record.results.skipped = {{"<script>", "</li><script>"}};
  const std::string page = page_of(record);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NO_THROW(read_page(page));
}

TEST(HtmlReport, IsCompleteWithoutPictures) {
  const World changed;
  std::filesystem::remove(changed.folder / "a.bin");
  changed.folder.file("b.bin", std::string(3073, 'x'));
  const std::string page =
      html_report(two_detectors(), changed.bank, near_and_far, pictures_section);
  EXPECT_TRUE(has(page, "no picture"));
  EXPECT_TRUE(has(page, "The data set of b/test has changed: 1 pictures now, 40 when it"));
  EXPECT_TRUE(has(page, "<img src"));  // those of the id set are there
  EXPECT_EQ(sections(page).size(), 10U);
}

TEST(HtmlReport, RanksByFarWhereThereIsNoNearSet) {
  const evaluation::Roles roles = {.id = "in/test", .far = {"b/test", "c/test"}};
  const std::string page = page_of(measured(roles, {"energy", "msp"}), roles);
  EXPECT_EQ(sections(page).size(), 10U);
  EXPECT_TRUE(has(page, "by mean far AUROC"));
  EXPECT_FALSE(has(page, "near auroc"));
}

TEST(HtmlReport, WorksForOneDetector) {
  EXPECT_TRUE(has(page_of(measured(near_and_far, {"msp"})), "Shown: the only detector."));
}

TEST(HtmlReport, LeavesOutWhatNeedsScores) {
  RunRecord record = two_detectors();
  record.scores.clear();
  EXPECT_THAT(sections(page_of(record)), testing::ElementsAre("run", "heat-map", "results",
                                                              "choice", "detectors", "settings"));
}

TEST(HtmlReport, ShowsThePromiseOfAThresholdBesideWhatHappened) {
  RunRecord record = two_detectors();
  evaluation::Roles roles = near_and_far;
  roles.val = "c/test";
  EXPECT_FALSE(
      has(html_report(record, world().bank, roles, pictures_section), "What a threshold keeps"));
  const auto flag = [&](const char* detector, const char* set, const char* role, std::size_t n) {
    record.results.flagged.push_back(
        {detector, set, role, 1.5, {n, rows}, metrics::clopper_pearson_interval({n, rows}, 0.95)});
  };
  flag("energy", "in/test", "id", 4);
  flag("energy", "a/test", "near", 30);
  const std::string page = html_report(record, world().bank, roles, pictures_section);
  EXPECT_THAT(sections(page), testing::Contains("thresholds"));
  EXPECT_TRUE(has(page, "keeps 95 % of c/test (40 rows)"));
  EXPECT_TRUE(has(page, "Share of in/test that is kept. energy: 90.0 %."));
  EXPECT_TRUE(has(page, "Share of a/test that is caught. energy: 75.0 %."));
  const auto json = results_json(record.results, record.run).at("thresholds");
  EXPECT_EQ(json.at(0).at("flagged"), 0.1);
  EXPECT_EQ(json.at(0).at("threshold"), 1.5);
}

Mixing mixing_of_three() {
  Mixing mixing{.id = "in/test", .outliers = "a/test", .pairs = 3, .seed = 7};
  mixing.path = {{0, 0.1, 0.3, 0.3, 0}, {0.5, 0.55, 0.4, 0.6, 1.5}, {1, 1, 0.9, 0.9, 0}};
  for (const char* name : {"id", "near", "pictures", "logits"}) {
    mixing.groups.push_back({name, {0.2, 0.4, 0.9}, {1, 2, 3}, {{-1, 0}, {0, 1}, {1, 0}}});
  }
  mixing.explained = {0.6, 0.3};
  return mixing;
}

TEST(HtmlReport, ShowsMixturesWhereTheyWereMeasured) {
  RunRecord record = two_detectors();
  const Mixing mixing = mixing_of_three();
  record.mixing = {mixing, mixing};
  const std::string page = page_of(record);
  EXPECT_THAT(sections(page), testing::Contains("mixing"));
  EXPECT_TRUE(has(page, "3 pairs, drawn without replacement by seed 7."));
  EXPECT_TRUE(has(page, "mixed pictures 40.0 %, mixed logits 60.0 %, target 55.0 %"));
  EXPECT_TRUE(has(page, "60 and 30 % of the variance"));
  const auto charts = std::ranges::count(read_page(page), "svg", &Element::name);
  const auto before =
      std::ranges::count(read_page(page_of(two_detectors())), "svg", &Element::name);
  EXPECT_EQ(charts - before, 2 * 5);

  for (LogitGroup& group : record.mixing[0].groups) group.plane = {{0, 0}, {0, 0}, {0, 0}};
  for (MixingPoint& point : record.mixing[0].path) point.gap = 0;
  EXPECT_FALSE(has(page_of(record), "nan"));

  const auto json = to_json(mixing);
  EXPECT_EQ(json.at("path").at(1).at("gap"), 1.5);
  EXPECT_EQ(json.at("groups").at("pictures").at("plane").at(2).at(0), -0.0 + 1);
}

TEST(HtmlReport, ChartsTheBestOfASweep) {
  std::vector<std::string> detectors;
  for (int k = 1; k <= 40; ++k) detectors.push_back("knn(k=" + std::to_string(k) + ")");
  const std::string page = page_of(measured(near_and_far, detectors));
  EXPECT_TRUE(has(page, "the best 12 of 40 detectors"));
  for (const std::string& detector : detectors) EXPECT_TRUE(has(page, detector)) << detector;
  const auto elements = read_page(page);
  // Histograms, ROC of two sets, classes, places and cost.
  EXPECT_EQ(std::ranges::count(elements, "svg", &Element::name), 12 + 2 + 1 + 2);
  EXPECT_TRUE(has(page, "<summary>The other 28</summary>"));
}

// Every number that the section says, against its definition.
TEST(HtmlReport, SaysWhichDetectorsLeadAndWhatTheyCost) {
  RunRecord record = measured(near_and_far, {"energy", "msp", "far"});
  record.results.costs[2].arrays = {"odin(epsilon=0.0014,T=1000)"};
  const auto score = [&](const char* detector, const char* set) -> Array& {
    return record.scores.at({detector, set});
  };
  score("msp", "in/test") =
      score("energy", "in/test");  // the same scores: nothing tells them apart
  for (const char* set : {"a/test", "b/test"}) score("msp", set) = score("energy", set);
  std::vector<float> none(rows, 0.0F), small(rows, -1.0F);
  score("far", "in/test") = Array({rows}, none);
  for (const char* set : {"a/test", "b/test"}) score("far", set) = Array({rows}, small);
  for (evaluation::ResultRow& row : record.results.rows) {
    if (row.metric != "auroc") continue;
    row.value = row.detector == "far" ? 0 : row.detector == "msp" ? 0.9 : 0.91;
  }
  const std::string page = page_of(record);
  EXPECT_TRUE(has(page,
                  "On near OOD <code>energy</code> leads with a mean AUROC of 91.00 %. These "
                  "rows cannot tell it from <code>msp</code>. The cheapest of these is "
                  "<code>msp</code>."));
  EXPECT_TRUE(has(page, "energy: 91 % for 1000. msp: 90 % for 10."));
  EXPECT_TRUE(has(page, "which are not counted"));
  EXPECT_TRUE(has(page, "energy: 1.0. msp: 2.0. far: 3.0."));
  EXPECT_EQ(contenders(Findings(record, world().bank, near_and_far), "near"),
            (std::vector<std::string>{"energy", "msp"}));
}

RunRecord swept() {
  RunRecord record = measured(near_and_far, {"gen(m=50)", "vim"});
  record.results.sweep = {
      .val = "in/val",
      .ood_val = {"a/val"},
      .detectors = {{.asked = "gen",
                     .chosen = "gen(m=50)",
                     .tried = {{"gen(m=10)", 0.5}, {"gen(m=50)", 0.75}},
                     .left_out = {{"gen(m=0)", "m < 1"}}},
                    {.asked = "vim", .chosen = "vim", .left_out = {{"vim(dim=9)", "9 > 8"}}}}};
  return record;
}

TEST(HtmlReport, ShowsTheWholeGridOfASweep) {
  EXPECT_FALSE(has(page_of(two_detectors()), "Which settings were chosen"));
  const std::string page = page_of(swept());
  EXPECT_THAT(sections(page), testing::Contains("sweep"));
  EXPECT_TRUE(has(page, "AUROC of in/val against a/val;"));
  EXPECT_TRUE(has(page, "<code>gen(m=10)</code></th><td class=\"number\">50.00</td><td></td>"));
  EXPECT_TRUE(has(page,
                  "<strong><code>gen(m=50)</code></strong></th>"
                  "<td class=\"number\">75.00</td><td>chosen</td>"));
  EXPECT_TRUE(has(page, "left out: m &lt; 1"));
}

TEST(WriteResults, SayWhatASweepChose) {
  const RunRecord record = swept();
  const auto json = results_json(record.results, record.run);
  const auto& gen = json.at("sweep").at("detectors").at(0);
  EXPECT_EQ(gen.at("chosen"), "gen(m=50)");
  EXPECT_EQ(gen.at("tried").at(1), nlohmann::json({{"detector", "gen(m=50)"}, {"auroc", 0.75}}));
  EXPECT_EQ(gen.at("left_out").at(0).at("reason"), "m < 1");
  EXPECT_FALSE(results_json(two_detectors().results, record.run).contains("sweep"));
  for (const std::string& shown :
       {results_text(record.results), results_markdown(record.results, "nescio")}) {
    EXPECT_TRUE(has(shown, "AUROC of in/val against a/val"));
    EXPECT_TRUE(has(shown, "75.00"));
  }
}

// Rows of the full spectrum are those of its splits: each has pictures, hashes and scores of its own.
TEST(HtmlReport, TellsTheSplitsOfTheFullSpectrumApart) {
  const evaluation::Evaluated whole = evaluation::full_spectrum(
      world().bank,
      {.id = "in/test", .shifted = {"c/test"}, .near = {"a/test"}, .ood_val = {"b/test"}});
  RunRecord record = measured(whole.roles, {"energy"}, whole.bank);
  auto& id = record.scores.at({"energy", "in/test+c/test"});
  std::vector<float> scores(id.as<float>().begin(), id.as<float>().end());
  scores[3] = 50;         // of in/test
  scores[rows + 5] = 60;  // of c/test
  id = Array({scores.size()}, scores);
  const std::string page = html_report(record, whole.bank, whole.roles, pictures_section);
  for (const char* words :
       {"in/test</th><td>id: to be kept", "c/test</th><td>shifted: to be kept",
        "b/test</th><td>ood_val: to choose on", "in/test / logits", "c/test / logits",
        "b/test / logits", "<small>in/test, row 3</small>", "<small>c/test, row 5</small>"}) {
    EXPECT_TRUE(has(page, words)) << words;
  }
  EXPECT_FALSE(has(page, "was imported as arrays"));
  const io::TestFolder folder;
  record.keep_scores = true;
  write_results(record, whole.bank, whole.roles, folder.path());
  EXPECT_EQ(io::read_npy(folder / "scores/energy/in/test.npy").as<float>()[3], 50);
  EXPECT_EQ(io::read_npy(folder / "scores/energy/c/test.npy").as<float>()[5], 60);
}

// A folder holds one run: what an earlier one wrote there is not shown as if it were of this one.
TEST(WriteResults, RemovesWhatAnEarlierRunWrote) {
  const io::TestFolder folder;
  const auto there = [&](const char* name) { return std::filesystem::exists(folder / name); };
  RunRecord first = two_detectors();
  first.mixing = {mixing_of_three()};
  first.keep_scores = true;
  first.further = {{"protocol.yaml", "name: toy\n"}, {"protocol.json", "{}\n"}};
  write_results(first, world().bank, near_and_far, folder.path());
  folder.file("scores/energy/notes.txt", "mine");
  folder.file("notes.txt", "mine");
  for (const char* name : {"mixing.json", "scores/msp/a/test.npy", "scores/energy/in/test.npy"}) {
    EXPECT_TRUE(there(name)) << name;
  }
  RunRecord second = measured(near_and_far, {"msp"});
  second.keep_scores = true;
  write_results(second, world().bank, near_and_far, folder.path());
  for (const char* name : {"mixing.json", "protocol.yaml", "protocol.json",
                           "scores/energy/in/test.npy", "scores/energy/in"}) {
    EXPECT_FALSE(there(name)) << name;
  }
  for (const char* name : {"scores/msp/a/test.npy", "scores/energy/notes.txt", "notes.txt"}) {
    EXPECT_TRUE(there(name)) << name;
  }
}

TEST(WriteResults, KeepsScoresOfLongSpecs) {
  const io::TestFolder folder;
  RunRecord record = measured(near_and_far, {std::string(300, 'x'), std::string(301, 'x')});
  record.keep_scores = true;
  write_results(record, world().bank, near_and_far, folder.path());
  const std::filesystem::directory_iterator kept(folder / "scores");
  EXPECT_EQ(std::distance(begin(kept), end(kept)), 2);
}

// The list is a file like any other, and may lie.
TEST(WriteResults, RemovesNothingElse) {
  const io::TestFolder folder;
  folder.file("mine.npy", "mine");
  folder.file("run/report.txt", "mine");
  folder.file("run/results.json", R"({"format": 1, "files": ["../mine.npy", "scores/../../mine.npy",
                                      "report.txt", 7, "scores"]})");
  write_results(two_detectors(), world().bank, near_and_far, folder / "run");
  EXPECT_TRUE(std::filesystem::exists(folder / "mine.npy"));
  EXPECT_TRUE(std::filesystem::exists(folder / "run/report.txt"));
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
    const metrics::Ranking ranking = metrics::rank(std::span<const double>(id), ood);
    EXPECT_DOUBLE_EQ(static_cast<double>(accepted) / 50,
                     metrics::find_metric("fpr95_id").of_ranking(ranking))
        << n;
  }
}

}  // namespace
}  // namespace nescio::report
