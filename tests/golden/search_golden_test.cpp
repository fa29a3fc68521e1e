// The search of OpenOOD on real features: golden/search.json has the AUROC of every setting of its grids
// and what it chose. NESCIO_GOLDEN names the folder; without it the tests are skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "evaluation/evaluate.h"
#include "io/json_file.h"
#include "io/npy.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;
using evaluation::SweptDetector;

/// An entry of search.json and what we call it. OpenOOD's grid is our published one, unless the spec has
/// lists: its 256 and 1000 dimensions for ViM are more than the 64 features.
struct Search {
  const char* id;
  const char* spec;
  double tolerance = 2e-6;  // of an AUROC: a pair of rows counts 2e-6
};

constexpr Search searches[] = {
    {"ebo", "energy(T=[1])"},
    // OpenOOD computes 1 - p in float32 and loses the term of a p that rounds to 1.
    {"gen", "gen", 0.03},
    {"ash", "ash(kind=b)+energy"},
    {"scale", "scale+energy"},
    {"react", "react+energy"},
    {"vra", "vra(variant=openood)+energy"},
    {"knn", "knn"},
    {"relation", "relation"},
    {"nci", "nci"},
    {"fdbd", "fdbd"},
    {"vim", "vim(dim=[8,16,32,48])", 4e-5},  // float32 eigenvectors of small eigenvalues
};

class SearchGolden : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("NESCIO_GOLDEN");
    if (!path) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
    golden_ = path;
  }

  bank::BankViews bank() const {
    const auto read = [&](const std::string& name) {
      return io::read_npy(golden_ / "bank" / (name + ".npy"));
    };
    std::vector<bank::BankView> views;
    for (const std::string split : {"train", "id_val", "ood_val", "id_test", "near_cifar100"}) {
      views.push_back(bank::view_of(split,
                                    {{"features", read(split + "_features")},
                                     {"logits", read(split + "_logits")},
                                     {"labels", read(split + "_labels")}},
                                    Head{read("head_weight"), read("head_bias")}));
    }
    return bank::BankViews(std::move(views));
  }

  evaluation::Results sweep(const std::vector<std::string>& detectors,
                            const expr::Executor& executor) const {
    return evaluation::evaluate(bank(),
                                {.train = "train",
                                 .val = "id_val",
                                 .id = "id_test",
                                 .near = {"near_cifar100"},
                                 .far = {},
                                 .ood_val = {"ood_val"}},
                                {.detectors = detectors,
                                 .sweep = true,
                                 .executor = executor,
                                 .intervals = {.resamples = 0}});
  }

  fs::path golden_;
};

// The places of the settings with the highest AUROC, the first of equal ones.
std::size_t best_of(const nlohmann::json& settings) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < settings.size(); ++i) {
    if (settings[i].at("auroc") > settings[best].at("auroc")) best = i;
  }
  return best;
}

TEST_F(SearchGolden, ChoosesAsOpenOodDoes) {
  const auto theirs = io::read_json(golden_ / "search.json");
  EXPECT_EQ(theirs.size(), std::size(searches)) << "an entry that is not looked at";
  std::vector<std::string> specs;
  for (const Search& search : searches) specs.emplace_back(search.spec);
  for (const expr::Executor& executor : {expr::Executor::cpu, expr::Executor::reference}) {
    const evaluation::Results results = sweep(specs, executor);
    ASSERT_EQ(results.sweep.detectors.size(), std::size(searches));
    for (std::size_t d = 0; d < std::size(searches); ++d) {
      const SweptDetector& ours = results.sweep.detectors[d];
      const auto& entry = theirs.at(searches[d].id);
      const auto& settings = entry.at("settings");
      ASSERT_EQ(ours.tried.size(), settings.size()) << ours.asked;
      for (std::size_t i = 0; i < settings.size(); ++i) {
        EXPECT_NEAR(ours.tried[i].auroc, settings[i].at("auroc").get<double>(),
                    searches[d].tolerance)
            << ours.tried[i].detector << ' ' << executor.name;
      }
      const std::size_t best = best_of(settings);
      EXPECT_EQ(settings[best].at("params"), entry.at("best").at("params"));
      EXPECT_EQ(ours.chosen, ours.tried[best].detector) << executor.name;
    }
  }
}

}  // namespace
}  // namespace nescio
