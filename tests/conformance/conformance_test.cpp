// What every detector and shaper must do, by being listed. Written once; nothing here names a
// detector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "base/error.h"
#include "base/rng.h"
#include "base/test_communicator.h"
#include "base/text.h"
#include "base/threads.h"
#include "cloud_world.h"
#include "detectors/combinator.h"
#include "expr/divided.h"

namespace nescio {

namespace detectors {
detectors::DetectorInfo
skeleton();  // the example to copy: not in the catalogue, but tested like the rest
}

void PrintTo(const detectors::DetectorInfo& info, std::ostream* out) { *out << info.name; }

namespace {

std::vector<detectors::DetectorInfo> entries() {
  std::vector<detectors::DetectorInfo> all = detectors::catalogue();
  all.push_back(detectors::skeleton());
  return all;
}

/// A stage with its default parameters; one that is made of detectors gets two that learn nothing.
std::unique_ptr<detectors::Stage> make(const detectors::DetectorInfo& info) {
  auto stage = info.make();
  if (info.combinator) {
    auto& members = static_cast<detectors::Combinator&>(*stage).members;
    for (const char* member : {"energy", "max_logit"}) members.emplace_back(member);
  }
  return stage;
}

/// A stage alone is scored through `energy` if it is a shaper.
class Fitted {
 public:
  explicit Fitted(const detectors::DetectorInfo& info, const World& w = world(),
                  const expr::Executor& executor = expr::Executor::cpu,
                  Communicator& processes = alone())
      : info_(info) {
    if (info.shaper) energy_ = detectors::find("energy").make();
    stage_ = make(info);
    in_ = w.inputs();
    if (info.fit_on.empty()) return;
    statistics::Statistics statistics(info.fit_on == "train" ? w.train : w.val, executor,
                                      processes);
    stage_->fit(in_, {&statistics, &statistics});
  }
  detectors::Stage& stage() { return *stage_; }
  expr::Expr score() const {
    if (!info_.shaper) return static_cast<const detectors::Detector&>(*stage_).score(in_);
    return static_cast<const detectors::Detector&>(*energy_).score(
        static_cast<const detectors::Shaper&>(*stage_).shape(in_));
  }
  std::vector<float> scores(const expr::Batch& batch,
                            const expr::Executor& executor = expr::Executor::cpu) const {
    std::vector<float> out(batch.at("logits").rows);
    compile({score()}, executor)->run(batch, {out.data()});
    return out;
  }

 private:
  const detectors::DetectorInfo& info_;
  std::unique_ptr<detectors::Stage> stage_, energy_;
  detectors::Inputs in_;
};

double mean(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x);
  return sum / static_cast<double>(v.size());
}

class Conformance : public testing::TestWithParam<detectors::DetectorInfo> {
 protected:
  const detectors::DetectorInfo& info() const { return GetParam(); }
};

TEST_P(Conformance, DescriptionIsComplete) {
  EXPECT_THAT(info().name, testing::MatchesRegex("[a-z][a-z0-9_]*"));
  EXPECT_THAT(info().summary, testing::EndsWith("."));
  EXPECT_FALSE(info().formula.empty());
  EXPECT_FALSE(info().paper.authors.empty());
  EXPECT_FALSE(info().paper.title.empty());
  EXPECT_FALSE(info().cost.empty()) << "what does a row cost? docs/catalogue/ and describe say it";
  EXPECT_FALSE(make(info())->needs().inputs().empty());
  EXPECT_EQ(info().fit_on.empty(), info().learned.empty())
      << "what is learned must be listed, so that it is saved";
  for (const auto& p : info().parameters) {
    EXPECT_FALSE(p.info.doc.empty()) << p.info.name;
    const auto stage = info().make();
    EXPECT_EQ(p.get(*stage), p.default_value) << p.info.name;
    EXPECT_NO_THROW(p.set(*stage, p.default_value)) << p.info.name;
    for (const std::string& value : p.info.sweep)
      EXPECT_NO_THROW(p.set(*stage, value)) << p.info.name << "=" << value;
    for (const std::string& value : p.info.choices)
      EXPECT_NO_THROW(p.set(*stage, value)) << p.info.name << "=" << value;
  }
}

TEST_P(Conformance, ParametersRoundTripAndKeepTheirRange) {
  for (const auto& p : info().parameters) {
    const auto stage = info().make();
    for (const std::string& value : p.info.sweep) {
      p.set(*stage, value);
      EXPECT_EQ(p.get(*stage), value) << p.info.name;
    }
    const bool any_text = p.type == type_name<std::string>() && p.info.choices.empty();
    if (any_text) continue;  // whether it names something, the network or the bank knows
    EXPECT_THROW(p.set(*stage, "no such value !"), Error) << p.info.name;
    if (std::isfinite(p.info.min)) {
      EXPECT_THROW(p.set(*stage, format_number(p.info.min - 1)), Error) << p.info.name;
    }
    if (std::isfinite(p.info.max)) {
      EXPECT_THROW(p.set(*stage, format_number(p.info.max + 1)), Error) << p.info.name;
    }
    if (p.info.min_excluded) {
      EXPECT_THROW(p.set(*stage, format_number(p.info.min)), Error) << p.info.name;
    }
  }
}

TEST_P(Conformance, OodScoresHigherThanId) {
  if (!info().weak_on_toy_data.empty()) GTEST_SKIP() << info().weak_on_toy_data;
  const Fitted fitted(info());
  EXPECT_GT(mean(fitted.scores(world().ood())), mean(fitted.scores(world().id())));
}

TEST_P(Conformance, CpuAgreesWithReference) {
  for (const auto& [classes, width] : {std::pair{10u, 24u}, {2u, 8u}, {3u, 70u}}) {
    const World w = make_world(classes, width, 300);
    const auto expected =
        Fitted(info(), w, expr::Executor::reference).scores(w.ood(), expr::Executor::reference);
    const auto found = Fitted(info(), w, expr::Executor::cpu).scores(w.ood(), expr::Executor::cpu);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 5e-5 * range(expected))
          << classes << " classes, row " << i;
    }
  }
}

TEST_P(Conformance, FitForgetsTheOneBefore) {
  Fitted twice(info());
  const auto once = twice.scores(world().id());
  if (info().fit_on.empty()) return;
  const World other = make_world(10, 24, 200);
  const detectors::Inputs in = world().inputs();
  statistics::Statistics elsewhere(info().fit_on == "train" ? other.val : other.train,
                                   expr::Executor::cpu);
  twice.stage().fit(in, {&elsewhere, &elsewhere});
  statistics::Statistics again(info().fit_on == "train" ? world().train : world().val,
                               expr::Executor::cpu);
  twice.stage().fit(in, {&again, &again});
  EXPECT_EQ(twice.scores(world().id()), once);
}

TEST_P(Conformance, FitDoesNotDependOnThreads) {
  const int before = thread_count();
  set_thread_count(1);
  const auto one = Fitted(info()).scores(world().id());
  set_thread_count(3);
  EXPECT_EQ(Fitted(info()).scores(world().id()), one);
  set_thread_count(before);
}

TEST_P(Conformance, FitDoesNotDependOnProcesses) {
  static const World w = make_world(10, 24, 6000);  // several chunks
  Fitted alone(info(), w);
  const auto one = alone.scores(w.id());
  PlayedProcesses::run(3, [&](Communicator& processes) {
    Fitted shared(info(), w, expr::Executor::cpu, processes);
    EXPECT_EQ(shared.scores(w.id()), one);
    for (const detectors::LearnedArray& a : info().learned) {
      const Array expected = a.get(alone.stage()), found = a.get(shared.stage());
      EXPECT_TRUE(same_bits(found, expected)) << a.name;
    }
    const auto divided = shared.scores(w.id(), expr::divided(expr::Executor::cpu, processes));
    for (std::size_t i = 0; i < one.size(); ++i) {
      ASSERT_NEAR(divided[i], one[i], 1e-6 * std::max(range(one), std::abs(one[i])));
    }
  });
}

TEST_P(Conformance, RowsAreScoredAlone) {
  const Fitted fitted(info());
  const World& w = world();
  const auto all = fitted.scores(w.ood());
  // Any cut and any order of the rows: within rounding, since a row's place in its block may change
  // its last bits.
  const auto order = Rng(1).permutation(w.rows);
  std::vector<float> f, z;
  for (const std::size_t r : order) {
    f.insert(f.end(), &w.ood_features[r * w.width], &w.ood_features[r * w.width] + w.width);
    z.insert(z.end(), &w.ood_logits[r * w.classes], &w.ood_logits[r * w.classes] + w.classes);
  }
  const auto shuffled = fitted.scores(w.batch(f, z, w.rows));
  for (std::size_t i = 0; i < order.size(); ++i)
    ASSERT_NEAR(shuffled[i], all[order[i]], 1e-6 * range(all));
  const auto few = fitted.scores(w.batch(w.ood_features, w.ood_logits, 3));
  for (std::size_t i = 0; i < 3; ++i) ASSERT_NEAR(few[i], all[i], 1e-6 * range(all));
}

TEST_P(Conformance, AcceptsNoRowsAndOneRow) {
  const Fitted fitted(info());
  const World& w = world();
  EXPECT_TRUE(fitted.scores(w.batch(w.id_features, w.id_logits, 0)).empty());
  const auto one = fitted.scores(w.batch(w.id_features, w.id_logits, 1));
  EXPECT_TRUE(std::isfinite(one[0]));
}

TEST_P(Conformance, WorksWithTwoClassesAndFewFeatures) {
  for (const auto& [classes, width] : {std::pair{2u, 2u}, {2u, 24u}, {10u, 3u}}) {
    const World w = make_world(classes, width);
    for (const float s : Fitted(info(), w).scores(w.id())) ASSERT_TRUE(std::isfinite(s));
  }
}

TEST_P(Conformance, TakesFeaturesOfBothSigns) {
  const World w = signed_world();
  EXPECT_LT(std::ranges::min(w.id_features), -0.5f);
  const auto id = Fitted(info(), w).scores(w.id());
  const auto ood = Fitted(info(), w).scores(w.ood());
  const auto expected =
      Fitted(info(), w, expr::Executor::reference).scores(w.ood(), expr::Executor::reference);
  for (const float s : id) ASSERT_TRUE(std::isfinite(s));
  for (std::size_t i = 0; i < ood.size(); ++i) {
    ASSERT_NEAR(ood[i], expected[i], 5e-5 * range(expected)) << "row " << i;
  }
  // A shaper that is made for features behind a ReLU says what it does to others.
  if (info().shaper) {
    EXPECT_THAT(info().deviations, testing::Contains(testing::HasSubstr("both signs")));
  } else if (info().weak_on_toy_data.empty()) {
    EXPECT_GT(mean(ood), mean(id));
  }
}

TEST_P(Conformance, SurvivesDegenerateFeatures) {
  constexpr std::size_t rows = 60, width = 80;  // fewer rows than a covariance needs
  World w = make_world(4, width, rows);
  const auto values = w.train.arrays.at("features").as<float>();
  std::vector<float> f(values.begin(), values.end());
  for (std::size_t r = 0; r < rows; ++r) {
    f[r * width] = 0;                     // a dead unit
    f[r * width + 1] = f[r * width + 2];  // and two equal ones
  }
  w.train.arrays.at("features") = Array({rows, width}, std::move(f));
  w.id_features.assign(w.id_features.size(), 0.0f);  // all-zero features
  for (const float s : Fitted(info(), w).scores(w.id())) ASSERT_TRUE(std::isfinite(s));
}

TEST_P(Conformance, StaysFiniteForLogitsOfAnySize) {
  const World& w = world();
  const Fitted fitted(info());
  for (const float size : {1e4f, -1e4f}) {
    auto z = w.id_logits;
    for (float& v : z) v = v < 2 ? size : -size;
    for (const float s : fitted.scores(w.batch(w.id_features, z, w.rows)))
      ASSERT_TRUE(std::isfinite(s));
  }
}

TEST_P(Conformance, RefusesNanWithItsPlace) {
  const World& w = world();
  const Fitted fitted(info());
  auto f = w.id_features;
  auto z = w.id_logits;
  f[7 * w.width + 3] = std::numeric_limits<float>::quiet_NaN();
  z[7 * w.classes + 3] = std::numeric_limits<float>::quiet_NaN();
  try {
    fitted.scores(w.batch(f, z, w.rows));
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("row 7, column 3 is nan"));
  }
}

TEST_P(Conformance, LearnedArraysAreAllThatScoringNeeds) {
  Fitted fitted(info());
  const auto before = fitted.scores(world().ood());
  if (info().learned.empty()) return;
  std::vector<Array> saved;
  for (const detectors::LearnedArray& a : info().learned) {
    EXPECT_FALSE(a.doc.empty()) << a.name;
    saved.push_back(a.get(fitted.stage()));
  }
  const auto fresh = make(info());
  for (std::size_t i = 0; i < saved.size(); ++i) info().learned[i].set(*fresh, saved[i]);
  const detectors::Inputs in = world().inputs();
  const auto energy = detectors::find("energy").make();
  const expr::Expr score = info().shaper ? static_cast<detectors::Detector&>(*energy).score(
                                               static_cast<detectors::Shaper&>(*fresh).shape(in))
                                         : static_cast<detectors::Detector&>(*fresh).score(in);
  std::vector<float> after(world().rows);
  compile({score}, expr::Executor::cpu)->run(world().ood(), {after.data()});
  EXPECT_EQ(after, before);
}

TEST_P(Conformance, MayScoreInSeveralThreadsAtOnce) {
  const Fitted fitted(info());
  const auto program = compile({fitted.score()}, expr::Executor::cpu);
  std::vector<float> expected(world().rows);
  program->run(world().ood(), {expected.data()});
  std::vector<std::vector<float>> found(3, std::vector<float>(world().rows));
  std::vector<std::thread> threads;
  for (auto& out : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) program->run(world().ood(), {out.data()});
    });
  }
  for (std::thread& t : threads) t.join();
  for (const auto& out : found) EXPECT_EQ(out, expected);
}

TEST_P(Conformance, FitRefusesLabelsThatAreNoClasses) {
  if (!info().needs.labels || info().fit_on.empty()) return;
  World w = make_world(3, 6, 30);
  statistics::Split& split = info().fit_on == "train" ? w.train : w.val;
  const auto y = split.labels.as<std::int64_t>();
  const std::vector<std::int64_t> labels(y.begin(), y.end());
  const auto message = [&](std::vector<std::int64_t> changed) -> std::string {
    const Shape shape{changed.size()};
    split.labels = Array(shape, std::move(changed));
    try {
      Fitted fitted(info(), w);
      return join({"accepted", join(fitted.stage().notices)});
    } catch (const Error& e) {
      return e.what();
    }
  };
  auto changed = labels;
  changed[4] = -1;
  EXPECT_THAT(message(changed), testing::HasSubstr("row 4 has label -1"));
  changed[4] = 3;
  EXPECT_THAT(message(changed), testing::HasSubstr("row 4 has label 3"));
  changed = labels;
  std::ranges::replace(changed, 2, 1);
  // Refused, or told.
  EXPECT_THAT(message(changed), testing::AnyOf(testing::HasSubstr("no sample of class 2"),
                                               testing::HasSubstr("no row of 1 of the 3 classes")));
  EXPECT_THAT(message({}), testing::HasSubstr("no labels"));
  EXPECT_THAT(message(labels), testing::StartsWith("accepted"));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Conformance, testing::ValuesIn(entries()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace nescio
