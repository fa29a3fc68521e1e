#include "nn/chosen_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::nn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Array filled(const Shape& shape, float value) {
  return Array(shape, std::vector<float>(count_of(shape), value));
}

/// A network of five tensors, one of which old files lack.
ExpectedTensors five(const DesignedNetwork&, std::int64_t classes) {
  const auto c = static_cast<std::size_t>(classes);
  return {.shapes = {{"conv.weight", {4, 3}},
                     {"bn.weight", {4}},
                     {"bn.num_batches_tracked", {}},
                     {"fc.weight", {c, 4}},
                     {"fc.bias", {c}}},
          .optional = {"bn.num_batches_tracked"}};
}

DesignedNetwork network() {
  static const NetworkInfo info = [] {
    NetworkInfo made;
    made.name = "five";
    made.classes = 10;
    made.head = "fc";
    return made;
  }();
  return {&info};
}

/// Its tensors under a prefix; `value` tells one set from another.
Tensors set_of(const std::string& prefix, float value = 1, std::size_t classes = 3) {
  Tensors tensors;
  for (const auto& [name, shape] : five({}, static_cast<std::int64_t>(classes)).shapes) {
    tensors.emplace(prefix + name, filled(shape, value));
  }
  return tensors;
}

Tensors operator+(Tensors a, const Tensors& b) {
  a.insert(b.begin(), b.end());
  return a;
}

ChosenWeights choose(std::vector<io::TensorGroup> groups, const WeightsPlace& place = {}) {
  const Weights file{.groups = std::move(groups), .metadata = {}, .sha256 = {}};
  return choose_weights(network(), file, place, five, "w.pth");
}
std::string fault(std::vector<io::TensorGroup> groups, const WeightsPlace& place = {}) {
  return io::error_of([&] { choose(std::move(groups), place); });
}
float value_of(const ChosenWeights& chosen) {
  return chosen.own.tensors.at("conv.weight").as<float>()[0];
}

TEST(ChooseWeights, TakesNamesAsTheyAre) {
  const ChosenWeights chosen = choose({{"", set_of("")}});
  EXPECT_EQ(chosen.own.tensors.size(), 5u);
  EXPECT_THAT(chosen.notices, IsEmpty());
}

TEST(ChooseWeights, FindsAnyPrefixAndSaysSo) {
  for (const char* prefix : {"module.", "model.", "_orig_mod.", "student.backbone.", "a.b.c.d."}) {
    const ChosenWeights chosen = choose({{"state_dict", set_of(prefix)}});
    EXPECT_EQ(chosen.own.tensors.size(), 5u) << prefix;
    EXPECT_THAT(chosen.notices, ElementsAre(HasSubstr(text("'", prefix, "'"))));
  }
}

TEST(ChooseWeights, LeavesOutWhatLiesBesideThePrefix) {
  const Tensors beside = {{"n_averaged", filled({}, 7)},
                          {"projector.weight", filled({8, 4}, 0)},
                          {"projector.bias", filled({8}, 0)}};
  EXPECT_EQ(choose({{"", set_of("module.") + beside}}).own.tensors.size(), 5u);
}

TEST(ChooseWeights, WhatLiesUnderTheSameNamesIsRefused) {
  EXPECT_THAT(fault({{"", set_of("net.") + Tensors{{"net.extra", filled({2}, 0)}}}}),
              HasSubstr("extra [2]"));
}

TEST(ChooseWeights, SingleNumbersAreNoWeights) {
  const Tensors counters = {{"total_ops", filled({1}, 7)}, {"fc.total_params", filled({}, 7)}};
  EXPECT_EQ(choose({{"", set_of("") + counters}}).own.tensors.size(), 5u);
}

TEST(ChooseWeights, TwoPrefixesThatFitAreRefused) {
  const Tensors both = set_of("student.", 1) + set_of("teacher.", 2);
  EXPECT_THAT(fault({{"", both}}), HasSubstr("prefix=student. or prefix=teacher."));
  EXPECT_EQ(value_of(choose({{"", both}}, {.key = {}, .prefix = "teacher."})), 2);
  EXPECT_EQ(value_of(choose({{"", both}}, {.key = {}, .prefix = "teacher"})), 2);
  EXPECT_THAT(fault({{"", both}}, {.key = {}, .prefix = "pupil."}),
              HasSubstr("no name begins with 'pupil.'"));
}

TEST(ChooseWeights, AveragesWaitUntilTheyAreAskedFor) {
  for (const char* key : {"state_dict_ema", "ema", "model.EMA", "params_ema", "swa_state"}) {
    const std::vector<io::TensorGroup> groups = {{key, set_of("", 2)},
                                                 {"state_dict", set_of("", 1)}};
    const ChosenWeights chosen = choose(groups);
    EXPECT_EQ(value_of(chosen), 1) << key;
    EXPECT_THAT(chosen.notices, ElementsAre(HasSubstr(text("key=", key))));
    EXPECT_EQ(chosen.part, "");
    const ChosenWeights averages = choose(groups, {.key = key, .prefix = {}});
    EXPECT_EQ(value_of(averages), 2);
    EXPECT_EQ(averages.part, text("key=", key));
    EXPECT_EQ(choose(groups, {.key = "state_dict", .prefix = {}}).part, "");
  }
  EXPECT_EQ(value_of(choose({{"ema", set_of("", 2)}})), 2);
}

TEST(ChooseWeights, WhatLiesBesideTheWeightsOfACheckpoint) {
  const Tensors all = set_of("ema.", 2) + set_of("network.", 1) +
                      set_of("optimiser.mean.network.", 3) + set_of("optimiser.square.network.", 4);
  const ChosenWeights chosen = choose({{"", all}});
  EXPECT_EQ(value_of(chosen), 1);
  EXPECT_THAT(chosen.notices,
              ElementsAre(HasSubstr("under 'network.' are read; others are there: "
                                    "prefix=ema., prefix=optimiser.mean.network.")));
  EXPECT_EQ(chosen.part, "");
  EXPECT_EQ(value_of(choose({{"", all}}, {.key = {}, .prefix = "ema."})), 2);
  EXPECT_EQ(value_of(choose({{"", set_of("ema.", 2)}})), 2);
}

TEST(ChooseWeights, DictionariesThatFitAlikeAreRefused) {
  const std::vector<io::TensorGroup> groups = {{"schema", set_of("", 1)},
                                               {"best.net", set_of("m.", 2)}};
  EXPECT_THAT(fault(groups), HasSubstr("key=schema or key=best.net&prefix=m."));
  EXPECT_EQ(value_of(choose(groups, {.key = "net", .prefix = {}})), 2);
  EXPECT_THAT(fault(groups, {.key = "last", .prefix = {}}),
              HasSubstr("no tensors under the key 'last'; the file has 'schema' (5 tensors"));
}

TEST(ChooseWeights, OtherDictionariesAreNoMatter) {
  const std::vector<io::TensorGroup> groups = {{"optimizer.state", {{"0", filled({9}, 0)}}},
                                               {"anything", set_of("net.")}};
  EXPECT_EQ(choose(groups).own.tensors.size(), 5u);
}

TEST(ChooseWeights, WhatIsNotReadMattersUnderThePrefixOnly) {
  const std::vector<io::TensorGroup> beside = {{"state", {}, {{"exp_avg", "float8"}}},
                                               {"", set_of("net."), {{"freqs", "complex"}}}};
  EXPECT_EQ(choose(beside).own.tensors.size(), 5u);
  Tensors encoder = set_of("net.");
  encoder.erase("net.fc.weight");
  encoder.erase("net.fc.bias");
  EXPECT_THAT(fault({{"", encoder, {{"net.fc.weight", "float8"}}}}),
              HasSubstr("'net.fc.weight': float8"));
  EXPECT_THAT(fault({{"state", {}, {{"exp_avg", "float8"}}}, {"model", {{"x", filled({2}, 0)}}}}),
              HasSubstr("'state' (0 tensors, and 1 of other types)"));
  EXPECT_NE(fault({{"", {}}}), "");
}

TEST(ChooseWeights, ALastLayerWithoutBiasHasOneOfZeros) {
  Tensors bare = set_of("module.", 2, 7);
  bare.erase("module.fc.bias");
  const ChosenWeights chosen = choose({{"", bare}});
  EXPECT_THAT(chosen.own.tensors.at("fc.bias").as<float>(),
              testing::AllOf(testing::SizeIs(7), testing::Each(0)));
  EXPECT_EQ(value_of(chosen), 2);
}

TEST(ChooseWeights, AnEncoderWithoutItsLastLayer) {
  Tensors encoder = set_of("encoder.");
  encoder.erase("encoder.fc.weight");
  encoder.erase("encoder.fc.bias");
  EXPECT_EQ(choose({{"", encoder}}).own.tensors.size(), 3u);
}

TEST(ChooseWeights, SaysWhatDiffers) {
  Tensors other = set_of("module.");
  other["module.bn.weight"] = filled({5}, 0);
  const std::string message = fault({{"model", other}, {"epoch", {{"x", filled({1}, 0)}}}});
  EXPECT_THAT(message, HasSubstr("weights of another network, so nothing was loaded"));
  EXPECT_THAT(message, HasSubstr("bn.weight: expected [4], found [5]"));
  EXPECT_THAT(message, HasSubstr("'model' (5 tensors, the first 'module.bn.num_batches_tracked')"));
}

TEST(ChooseWeights, FitsWhereTheyWouldBeChosen) {
  const auto fit = [](std::vector<io::TensorGroup> groups) {
    return fits(network(), {.groups = std::move(groups), .metadata = {}, .sha256 = {}}, five);
  };
  EXPECT_TRUE(fit({{"", set_of("")}}));
  EXPECT_TRUE(fit({{"state_dict", set_of("module.", 1, 7)}, {"epoch", {{"x", filled({1}, 0)}}}}));
  EXPECT_TRUE(fit({{"a", set_of("", 1)}, {"b", set_of("", 2)}})) << "either of them";
  EXPECT_FALSE(fit({}));
  EXPECT_FALSE(fit({{"", {}}}));
  Tensors other = set_of("");
  other["bn.weight"] = filled({5}, 0);
  EXPECT_FALSE(fit({{"", other}}));
  EXPECT_FALSE(fit({{"", set_of("net.") + Tensors{{"net.extra", filled({2}, 0)}}}}));
  Tensors headless = set_of("");
  headless.erase("fc.weight");
  headless.erase("fc.bias");
  EXPECT_FALSE(fit({{"", headless}})) << "no encoder";
}

TEST(ChooseWeights, NamesOfManyDotsCostLittle) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "a.";
  EXPECT_NE(fault({{"", {{deep, filled({1}, 0)}}}}), "");
}

}  // namespace
}  // namespace nescio::nn
