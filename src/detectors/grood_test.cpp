#include <gmock/gmock.h>

#include <limits>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
using testing::HasSubstr;

double distance(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(sum);
}

Row mean_row(const std::vector<Row>& rows) {
  Row out(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t d = 0; d < out.size(); ++d)
      out[d] += row[d] / static_cast<double>(rows.size());
  }
  return out;
}

struct Prototypes {
  std::vector<Row> classes;
  Row ood;

  Prototypes(const ToyBank& bank, bool of_ood_rows) {
    for (std::size_t c = 0; c < ToyBank::classes; ++c) {
      std::vector<Row> rows;
      for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
        if (bank.labels[r] == static_cast<std::int64_t>(c)) rows.push_back(bank.train_features[r]);
      }
      classes.push_back(mean_row(rows));
    }
    ood = mean_row(of_ood_rows ? bank.test_features : classes);
  }

  /// -log softmax(-distances)_y as a function of the OOD prototype.
  double loss(const Row& h, const Row& at, std::size_t y) const {
    Row distances;
    for (const Row& m : classes) distances.push_back(-distance(h, m));
    distances.push_back(-distance(h, at));
    return log_sum_exp(distances) - distances[y];
  }

  Row gradient(const Row& h) const {
    Row distances;
    for (const Row& m : classes) distances.push_back(-distance(h, m));
    const double away = distance(h, ood);
    distances.push_back(-away);
    const double p = std::exp(-away - log_sum_exp(distances));
    Row g;
    for (std::size_t d = 0; d < h.size(); ++d) {
      g.push_back(away > 0 ? p * (h[d] - ood[d]) / away : 0);
    }
    return g;
  }
};

bool right(const ToyBank& bank, std::size_t r) {
  const Row& z = bank.train_logits[r];
  return std::ranges::max_element(z) - z.begin() == bank.labels[r];
}

void expect_grood(const ToyBank& bank, const std::string& prototype) {
  const Prototypes p(bank, prototype == "ood_val");
  const std::string with = ",prototype=" + prototype + ")";
  expect_formula(bank, "grood(mode=nearest" + with, [&](std::size_t r) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t t = 0; t < ToyBank::train_rows; ++t) {
      if (!right(bank, t)) continue;
      least = std::min(
          least, distance(p.gradient(bank.test_features[r]), p.gradient(bank.train_features[t])));
    }
    return least * least;
  });
  expect_formula(bank, "grood(mode=norm" + with, [&](std::size_t r) {
    double sum = 0;
    for (const double v : p.gradient(bank.test_features[r])) sum += std::abs(v);
    return sum;
  });
  expect_formula(bank, "grood(mode=distance" + with,
                 [&](std::size_t r) { return -distance(bank.test_features[r], p.ood); });
}

TEST(Grood, IsThePapersEquation) {
  const ToyBank bank;
  expect_grood(bank, "mean");
  expect_grood(bank, "ood_val");
}

TEST(Grood, HasTheGradientOfTheLossByTheOodPrototype) {
  const ToyBank bank;
  const Prototypes p(bank, true);
  const Row& h = bank.test_features[3];
  const Row g = p.gradient(h);
  for (std::size_t d = 0; d < ToyBank::width; ++d) {
    Row above = p.ood, below = p.ood;
    above[d] += 1e-5;
    below[d] -= 1e-5;
    for (const std::size_t y : {0u, 4u}) {
      EXPECT_NEAR(g[d], (p.loss(h, above, y) - p.loss(h, below, y)) / 2e-5, 1e-9);
    }
  }
}

TEST(Grood, OfTheOodPrototypeItselfHasNoGradient) {
  ToyBank bank;
  for (Row& h : bank.test_features) h = bank.test_features[0];
  EXPECT_EQ(bank.scores("grood(mode=norm,prototype=ood_val)", Executor::reference)[0], 0);
}

/// So many rows: those of the bank again and again, each time moved a little.
statistics::Statistics repeated(const ToyBank& bank, std::size_t rows) {
  std::vector<Row> features, logits;
  std::vector<std::int64_t> labels;
  for (std::size_t r = 0; r < rows; ++r) {
    features.push_back(bank.train_features[r % ToyBank::train_rows]);
    logits.push_back(bank.train_logits[r % ToyBank::train_rows]);
    for (double& v : features.back()) v = static_cast<float>(v + 1e-3 * static_cast<double>(r));
    labels.push_back(bank.labels[r % ToyBank::train_rows]);
  }
  return {{"toy",
           {{"features", ToyBank::array(features)}, {"logits", ToyBank::array(logits)}},
           Array({rows}, std::move(labels)),
           ToyBank::classes},
          Executor::cpu};
}

TEST(Grood, LosesTheBatchThatOpenOodLoses) {
  const ToyBank bank;
  const Inputs in = make_inputs(ToyBank::classes, ToyBank::width, std::nullopt);
  const auto gradients = [&](const std::string& spec, std::size_t rows) {
    statistics::Statistics train = repeated(bank, rows);
    Chain chain(spec);
    chain.fit(in, {&train, nullptr});
    const Array found = chain.learned().at("0.gradients");
    return std::vector<float>(found.as<float>().begin(), found.as<float>().end());
  };
  // Batches 1 of 2, 1 of 2 (the last has one row), 4 of 5.
  for (const auto& [rows, first, last] :
       {std::tuple{400u, 200u, 400u}, {201u, 200u, 201u}, {1000u, 800u, 1000u}}) {
    auto expected = gradients("grood(variant=paper)", rows);
    std::size_t before = 0, lost = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      if (!right(bank, r % ToyBank::train_rows)) continue;
      ++(r < first ? before : lost);
      if (r >= last) --lost;
    }
    const auto at = [&](std::size_t row) {
      return expected.begin() + static_cast<std::ptrdiff_t>(row * ToyBank::width);
    };
    expected.erase(at(before), at(before + lost));
    EXPECT_THAT(gradients("grood", rows), testing::Pointwise(testing::FloatNear(1e-6f), expected))
        << rows;
  }
  // A single batch is all there is.
  EXPECT_EQ(gradients("grood", 200), gradients("grood(variant=paper)", 200));
}

TEST(Grood, ReadsWhatItsModeNeeds) {
  EXPECT_THAT(Chain("grood").fits_on(), testing::ElementsAre("train"));
  EXPECT_THAT(Chain("grood(prototype=ood_val)").fits_on(),
              testing::ElementsAre("train", "ood_val"));
  EXPECT_THAT(Chain("grood(mode=distance,prototype=ood_val)").fits_on(),
              testing::ElementsAre("ood_val"));
  EXPECT_FALSE(Chain("grood(mode=norm)").needs().logits);
  EXPECT_FALSE(Chain("grood(mode=distance,prototype=ood_val)").needs().labels);
  EXPECT_THAT(io::error_of([] { Chain("grood(mode=norm,variant=paper)"); }),
              HasSubstr("does nothing here"));
}

TEST(Grood, WeighsSplitsByTheirRows) {
  const ToyBank bank;
  const Inputs in = make_inputs(ToyBank::classes, ToyBank::width, std::nullopt);
  statistics::Statistics few(
      {"few", {{"features", ToyBank::array({bank.test_features[0]})}}, {}, 5}, Executor::cpu);
  const std::vector<Row> rest(bank.test_features.begin() + 1, bank.test_features.end());
  statistics::Statistics many({"many", {{"features", ToyBank::array(rest)}}, {}, 5}, Executor::cpu);
  Chain chain("grood(mode=distance,prototype=ood_val)");
  chain.fit(in, {nullptr, nullptr, {&few, &many}});
  const Array learned = chain.learned().at("0.ood_prototype");
  const Row expected = mean_row(bank.test_features);
  for (std::size_t d = 0; d < expected.size(); ++d) {
    EXPECT_NEAR(learned.as<double>()[d], expected[d], 1e-12);
  }
}

TEST(Grood, RefusesWhatGivesNoGradients) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_logits[r][static_cast<std::size_t>(bank.labels[r])] = -100;
  }
  EXPECT_THAT(io::error_of([&] { bank.scores("grood"); }),
              HasSubstr("no row of toy/train is classified right"));
  const Inputs in = make_inputs(1, 2, std::nullopt);
  statistics::Statistics one({"one",
                              {{"features", Array({1, 2}, std::vector<float>{1, 2})},
                               {"logits", Array({1, 1}, std::vector<float>{1})}},
                              Array({1}, std::vector<std::int64_t>{0}),
                              1},
                             Executor::cpu);
  EXPECT_THAT(io::error_of([&] {
                Chain("grood").fit(in, {&one, nullptr});
              }),
              HasSubstr("lies between at least 2 classes, found 1"));
  EXPECT_THAT(io::error_of([&] {
                Chain("grood(prototype=ood_val)").fit(in, {&one, nullptr});
              }),
              HasSubstr("no ood_val=SET/SPLIT is given"));
}

}  // namespace
}  // namespace nescio::detectors
