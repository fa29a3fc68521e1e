// What every detector and shaper must do, by being listed. Written once; nothing here names a
// detector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/rng.h"
#include "base/threads.h"
#include "detectors/combinator.h"

namespace nescio {

namespace detectors {
DetectorInfo skeleton();  // the example to copy: not in the catalogue, but tested like the rest
}

void PrintTo(const DetectorInfo& info, std::ostream* out) { *out << info.name; }

namespace {

/// The arrays of probes that detectors of the catalogue need, with their defaults or another value of
/// one parameter. In the worlds below every one of them is the logits.
std::set<std::string> probe_arrays() {
  std::set<std::string> names;
  for (const DetectorInfo& info : detectors::catalogue()) {
    names.insert(info.needs.arrays.begin(), info.needs.arrays.end());
    for (const auto& p : info.parameters) {
      for (const std::string& value : p.info.sweep) {
        const auto stage = info.make();
        p.set(*stage, value);
        const Needs needs = stage->needs();
        names.insert(needs.arrays.begin(), needs.arrays.end());
      }
    }
  }
  return names;
}

/// One fixed world: classes are Gaussian clouds of positive features, the head is linear in them;
/// far OOD lies away from all clouds, with small logits.
struct World {
  std::size_t classes, width;
  HeadTables head;
  Split train, val;
  std::vector<float> id_features, id_logits, ood_features, ood_logits;
  std::size_t rows = 400;

  Inputs inputs() const {
    Widths widths;
    for (const std::string& name : probe_arrays()) widths.emplace(name, classes);
    return make_inputs(classes, width, head, widths);
  }
  Batch id() const { return batch(id_features, id_logits, rows); }
  Batch ood() const { return batch(ood_features, ood_logits, rows); }
  Batch batch(const std::vector<float>& f, const std::vector<float>& z, std::size_t n) const {
    Batch out{{"features", {f.data(), n, width}}, {"logits", {z.data(), n, classes}}};
    for (const std::string& name : probe_arrays()) out.emplace(name, out.at("logits"));
    return out;
  }
};

std::vector<float> logits_of(const World& w, const std::vector<float>& features) {
  std::vector<float> z;
  for (std::size_t r = 0; r < features.size() / w.width; ++r) {
    for (std::size_t c = 0; c < w.classes; ++c) {
      double sum = w.head.bias.value(c);
      for (std::size_t d = 0; d < w.width; ++d) {
        sum +=
            w.head.weight.value(c * w.width + d) * static_cast<double>(features[r * w.width + d]);
      }
      z.push_back(static_cast<float>(sum));
    }
  }
  return z;
}

World make_world(std::size_t classes, std::size_t width, std::size_t train_rows = 1000) {
  Rng rng(20 + classes * 1000 + width);
  Matrix centres(classes, width);
  for (double& v : centres.values) v = rng.uniform() < 0.3 ? 2 + rng.uniform() : 0.1;
  Matrix weight(classes, width);
  Matrix bias(1, classes);
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t d = 0; d < width; ++d)
      weight(c, d) = centres(c, d) - 0.8 + 0.05 * rng.normal();
    bias(0, c) = 1 + 0.1 * rng.normal();  // the largest logit is positive, as a network's is
  }
  World w{classes, width, {Table(weight), Table(bias)}, {}, {}, {}, {}, {}, {}, 400};
  const auto cloud = [&](std::size_t n, std::vector<std::int64_t>* labels) {
    std::vector<float> f;
    for (std::size_t r = 0; r < n; ++r) {
      const std::size_t c = r % classes;
      if (labels) labels->push_back(static_cast<std::int64_t>(c));
      for (std::size_t d = 0; d < width; ++d) {
        f.push_back(static_cast<float>(std::max(0.0, centres(c, d) + 0.25 * rng.normal())));
      }
    }
    return f;
  };
  const auto split = [&](const char* name, std::size_t n) {
    std::vector<std::int64_t> labels;
    auto f = cloud(n, &labels);
    auto z = logits_of(w, f);
    Split s{name, {}, Array({n}, std::move(labels)), classes};
    s.arrays.emplace("features", Array({n, width}, std::move(f)));
    s.arrays.emplace("logits", Array({n, classes}, std::move(z)));
    for (const std::string& name : probe_arrays()) s.arrays.emplace(name, s.arrays.at("logits"));
    return s;
  };
  w.train = split("world/train", train_rows);
  w.val = split("world/val", 300);
  w.id_features = cloud(w.rows, nullptr);
  w.id_logits = logits_of(w, w.id_features);
  for (std::size_t i = 0; i < w.rows * width; ++i) {
    w.ood_features.push_back(static_cast<float>(std::abs(0.8 * rng.normal())));
  }
  w.ood_logits = logits_of(w, w.ood_features);
  return w;
}

const World& world() {
  static const World w = make_world(10, 24);
  return w;
}

std::vector<DetectorInfo> entries() {
  std::vector<DetectorInfo> all = detectors::catalogue();
  all.push_back(detectors::skeleton());
  return all;
}

/// A stage with its default parameters; one that is made of detectors gets two that learn nothing.
std::unique_ptr<Stage> make(const DetectorInfo& info) {
  auto stage = info.make();
  if (info.combinator) {
    auto& members = static_cast<Combinator&>(*stage).members;
    for (const char* member : {"energy", "max_logit"}) members.emplace_back(member);
  }
  return stage;
}

/// A stage alone is scored through `energy` if it is a shaper.
class Fitted {
 public:
  explicit Fitted(const DetectorInfo& info, const World& w = world(),
                  const Executor& executor = Executor::cpu)
      : info_(info) {
    if (info.shaper) energy_ = detectors::find("energy").make();
    stage_ = make(info);
    in_ = w.inputs();
    if (info.fit_on.empty()) return;
    Statistics statistics(info.fit_on == "train" ? w.train : w.val, executor);
    stage_->fit(in_, {&statistics, &statistics});
  }
  Stage& stage() { return *stage_; }
  Expr score() const {
    if (!info_.shaper) return static_cast<const Detector&>(*stage_).score(in_);
    return static_cast<const Detector&>(*energy_).score(
        static_cast<const Shaper&>(*stage_).shape(in_));
  }
  std::vector<float> scores(const Batch& batch, const Executor& executor = Executor::cpu) const {
    std::vector<float> out(batch.at("logits").rows);
    compile({score()}, executor)->run(batch, {out.data()});
    return out;
  }

 private:
  const DetectorInfo& info_;
  std::unique_ptr<Stage> stage_, energy_;
  Inputs in_;
};

double mean(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x);
  return sum / static_cast<double>(v.size());
}

float range(const std::vector<float>& v) {
  const auto [low, high] = std::ranges::minmax(v);
  return high - low;
}

class Conformance : public testing::TestWithParam<DetectorInfo> {
 protected:
  const DetectorInfo& info() const { return GetParam(); }
};

TEST_P(Conformance, DescriptionIsComplete) {
  EXPECT_THAT(info().name, testing::MatchesRegex("[a-z][a-z0-9_]*"));
  EXPECT_THAT(info().summary, testing::EndsWith("."));
  EXPECT_FALSE(info().formula.empty());
  EXPECT_FALSE(info().paper.authors.empty());
  EXPECT_FALSE(info().paper.title.empty());
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
        Fitted(info(), w, Executor::reference).scores(w.ood(), Executor::reference);
    const auto found = Fitted(info(), w, Executor::cpu).scores(w.ood(), Executor::cpu);
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
  const Inputs in = world().inputs();
  Statistics elsewhere(info().fit_on == "train" ? other.val : other.train, Executor::cpu);
  twice.stage().fit(in, {&elsewhere, &elsewhere});
  Statistics again(info().fit_on == "train" ? world().train : world().val, Executor::cpu);
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
  for (const LearnedArray& a : info().learned) {
    EXPECT_FALSE(a.doc.empty()) << a.name;
    saved.push_back(a.get(fitted.stage()));
  }
  const auto fresh = make(info());
  for (std::size_t i = 0; i < saved.size(); ++i) info().learned[i].set(*fresh, saved[i]);
  const Inputs in = world().inputs();
  const auto energy = detectors::find("energy").make();
  const Expr score =
      info().shaper ? static_cast<Detector&>(*energy).score(static_cast<Shaper&>(*fresh).shape(in))
                    : static_cast<Detector&>(*fresh).score(in);
  std::vector<float> after(world().rows);
  compile({score}, Executor::cpu)->run(world().ood(), {after.data()});
  EXPECT_EQ(after, before);
}

TEST_P(Conformance, MayScoreInSeveralThreadsAtOnce) {
  const Fitted fitted(info());
  const auto program = compile({fitted.score()}, Executor::cpu);
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
  Split& split = info().fit_on == "train" ? w.train : w.val;
  const auto y = split.labels.as<std::int64_t>();
  const std::vector<std::int64_t> labels(y.begin(), y.end());
  const auto message = [&](std::vector<std::int64_t> changed) -> std::string {
    const Shape shape{changed.size()};
    split.labels = Array(shape, std::move(changed));
    try {
      const Fitted fitted(info(), w);
    } catch (const Error& e) {
      return e.what();
    }
    return "accepted";
  };
  auto changed = labels;
  changed[4] = -1;
  EXPECT_THAT(message(changed), testing::HasSubstr("row 4 has label -1"));
  changed[4] = 3;
  EXPECT_THAT(message(changed), testing::HasSubstr("row 4 has label 3"));
  changed = labels;
  std::ranges::replace(changed, 2, 1);
  EXPECT_THAT(message(changed), testing::HasSubstr("no sample of class 2"));
  EXPECT_THAT(message({}), testing::HasSubstr("no labels"));
  EXPECT_EQ(message(labels), "accepted");
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Conformance, testing::ValuesIn(entries()),
                         [](const auto& param) { return param.param.name; });

// What holds for chains of stages, whichever they are.
/// The entry with its defaults, and with each other value of each parameter.
std::vector<std::string> settings_of(const DetectorInfo& info) {
  std::vector<std::string> specs = {info.name};
  for (const auto& p : info.parameters) {
    std::vector<std::string> values = p.info.choices;
    if (p.default_value == "false") values = {"true"};
    if (p.default_value == "true") values = {"false"};
    values.insert(values.end(), p.info.sweep.begin(), p.info.sweep.end());
    for (const std::string& value : values) {
      if (value == p.default_value) continue;
      specs.push_back(text(info.name, "(", p.info.name, "=", value, ")"));
    }
  }
  return specs;
}

class Pairs {
 public:
  std::vector<float> scores(const std::string& spec) {
    Chain chain(spec);
    if (!chain.fits_on().empty()) {
      EXPECT_THROW(chain.score(in_), Error) << spec;
    }
    chain.fit(in_, {&train_, &val_});
    Chain loaded(spec);
    const Expr score = chain.score(in_);
    loaded.load(chain.learned());
    const auto found = run(score);
    EXPECT_EQ(run(loaded.score(in_)), found) << spec;
    return found;
  }

 private:
  static std::vector<float> run(const Expr& score) {
    std::vector<float> out(world().rows);
    compile({score}, Executor::cpu)->run(world().id(), {out.data()});
    return out;
  }
  Inputs in_ = world().inputs();
  Statistics train_{world().train, Executor::cpu};
  Statistics val_{world().val, Executor::cpu};
};

// Chains that score as the detector alone, but for rounding, are a mistake that nobody would notice.
TEST(Chains, AShaperChangesEveryScoreThatItMayStandBefore) {
  Pairs pairs;
  std::map<std::string, int> counted;  // chains of each shaper
  for (const DetectorInfo& detector : detectors::catalogue()) {
    if (detector.shaper) continue;
    for (const std::string& alone : settings_of(detector)) {
      std::vector<float> plain;
      try {
        plain = pairs.scores(alone);
      } catch (const Error&) {
        continue;  // this world does not allow it
      }
      for (const DetectorInfo& shaper : detectors::catalogue()) {
        if (!shaper.shaper) continue;
        const std::string spec = shaper.name + "+" + alone;
        std::vector<float> shaped;
        try {
          shaped = pairs.scores(spec);
        } catch (const Error& e) {
          EXPECT_THAT(e.what(), testing::AnyOf(testing::HasSubstr("reads neither"),
                                               testing::HasSubstr("changes nothing that")));
          continue;
        }
        double largest = 0;
        for (std::size_t r = 0; r < plain.size(); ++r) {
          ASSERT_TRUE(std::isfinite(shaped[r])) << spec;
          largest = std::max(largest, static_cast<double>(std::abs(shaped[r] - plain[r])));
        }
        EXPECT_GT(largest, 1e-3 * static_cast<double>(range(plain))) << spec;
        ++counted[shaper.name];
      }
    }
  }
  for (const DetectorInfo& shaper : detectors::catalogue()) {
    if (!shaper.shaper) continue;
    EXPECT_GE(counted[shaper.name], 4) << shaper.name;
  }
}

TEST(Chains, SharedPartsAreComputedOnce) {
  const Inputs in = world().inputs();
  Statistics train(world().train, Executor::cpu);
  std::size_t searches = 0;
  for (const char* spec : {"knn(k=1)", "knn(k=10)", "knn(k=50)", "knn(k=10,variant=openood)"}) {
    Chain chain(spec);
    chain.fit(in, {&train, nullptr});
    chain.score(in);
  }
  const Graph& graph = *in.logits.graph();
  for (NodeId id = 0; id < graph.size(); ++id)
    searches += graph.node(id).op == Op::over_rows ? 1 : 0;
  EXPECT_EQ(searches, 1u);
}

}  // namespace
}  // namespace nescio
