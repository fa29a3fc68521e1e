// What holds for chains of stages, whichever they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "cloud_world.h"
#include "detectors/chain.h"

namespace nescio {
namespace {

/// The entry with its defaults, and with each other value of each parameter.
std::vector<std::string> settings_of(const detectors::DetectorInfo& info) {
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
    detectors::Chain chain(spec);
    if (!chain.fits_on().empty()) {
      EXPECT_THROW(chain.score(in_), Error) << spec;
    }
    chain.fit(in_, {&train_, &val_});
    detectors::Chain loaded(spec);
    const expr::Expr score = chain.score(in_);
    loaded.load(chain.learned());
    const auto found = run(score);
    EXPECT_EQ(run(loaded.score(in_)), found) << spec;
    return found;
  }

 private:
  // ID rows, then OOD rows: of the former hardly one is near the border of two classes.
  static std::vector<float> run(const expr::Expr& score) {
    std::vector<float> out(2 * world().rows);
    const auto program = compile({score}, expr::Executor::cpu);
    program->run(world().id(), {out.data()});
    program->run(world().ood(), {out.data() + world().rows});
    return out;
  }
  detectors::Inputs in_ = world().inputs();
  statistics::Statistics train_{world().train, expr::Executor::cpu};
  statistics::Statistics val_{world().val, expr::Executor::cpu};
};

// Chains that score as the detector alone, but for rounding, are a mistake that nobody would notice.
TEST(Chains, AShaperChangesEveryScoreThatItMayStandBefore) {
  Pairs pairs;
  std::map<std::string, int> counted;  // chains of each shaper
  for (const detectors::DetectorInfo& detector : detectors::catalogue()) {
    if (detector.shaper) continue;
    for (const std::string& alone : settings_of(detector)) {
      std::vector<float> plain;
      try {
        plain = pairs.scores(alone);
      } catch (const Error&) {
        continue;  // this world does not allow it
      }
      for (const detectors::DetectorInfo& shaper : detectors::catalogue()) {
        if (!shaper.shaper) continue;
        const std::string spec = shaper.name + "+" + alone;
        std::vector<float> shaped;
        try {
          shaped = pairs.scores(spec);
        } catch (const Error& e) {
          EXPECT_THAT(e.what(), testing::AnyOf(testing::HasSubstr("reads neither"),
                                               testing::HasSubstr("changes nothing that"),
                                               testing::HasSubstr("of another place")));
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
  for (const detectors::DetectorInfo& shaper : detectors::catalogue()) {
    if (!shaper.shaper) continue;
    EXPECT_GE(counted[shaper.name], 4) << shaper.name;
  }
}

TEST(Chains, SharedPartsAreComputedOnce) {
  const detectors::Inputs in = world().inputs();
  statistics::Statistics train(world().train, expr::Executor::cpu);
  std::size_t searches = 0;
  for (const char* spec : {"knn(k=1)", "knn(k=10)", "knn(k=50)", "knn(k=10,variant=openood)"}) {
    detectors::Chain chain(spec);
    chain.fit(in, {&train, nullptr});
    chain.score(in);
  }
  const expr::Graph& graph = *in.logits.graph();
  for (expr::NodeId id = 0; id < graph.size(); ++id)
    searches += graph.node(id).op == expr::Op::over_rows ? 1 : 0;
  EXPECT_EQ(searches, 1u);
}

}  // namespace
}  // namespace nescio
