#include "base/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nescio {
namespace {

struct Base {
  virtual ~Base() = default;
};
struct Options : Base {
  double T = 1;
  std::int64_t k = 50;
  bool normalize = true;
  std::string variant = "paper";
  std::optional<std::int64_t> dim;
  std::vector<double> mean = {0, 0.5, 1};
};

const std::vector<Parameter<Base>> parameters = {
    bind_parameter<Base>(&Options::T,
                         {.name = "T", .doc = "temperature", .min = 0, .min_excluded = true}),
    bind_parameter<Base>(&Options::k, {.name = "k", .doc = "neighbour", .min = 1, .max = 1000}),
    bind_parameter<Base>(&Options::normalize, {.name = "normalize", .doc = ""}),
    bind_parameter<Base>(&Options::variant,
                         {.name = "variant", .doc = "", .choices = {"paper", "openood"}}),
    bind_parameter<Base>(&Options::dim, {.name = "dim", .doc = "", .min = 1}),
    bind_parameter<Base>(&Options::mean, {.name = "mean", .doc = "", .min = 0}),
};

std::string message(std::string_view key, std::string_view value) {
  Options options;
  try {
    set_parameter<Base>(options, parameters, "[x]", key, value);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

struct Ranged : Base {
  double low = 1, high = 2;
  std::optional<double> most;
  std::string kind = "plain";
  double extra = 0;
};

const std::vector<Parameter<Base>> ranged = {
    bind_parameter<Base>(&Ranged::low, {.name = "low", .doc = "", .up_to = "high"}),
    bind_parameter<Base>(&Ranged::high,
                         {.name = "high", .doc = "", .max_excluded = true, .up_to = "most"}),
    bind_parameter<Base>(&Ranged::most, {.name = "most", .doc = ""}),
    bind_parameter<Base>(&Ranged::kind, {.name = "kind", .doc = ""}),
    bind_parameter<Base>(&Ranged::extra, {.name = "extra", .doc = "", .min = 0},
                         {"kind=rich", [](const Ranged& r) { return r.kind == "rich"; }}),
};

std::string ranged_fault(std::string_view options) {
  Ranged object;
  try {
    set_parameters<Base>(object, ranged, "[x]", options);
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

TEST(Parameters, ThatDoNothingAreRefused) {
  EXPECT_EQ(ranged_fault("kind=rich&extra=3"), "");
  EXPECT_EQ(ranged_fault("extra=3&kind=rich"), "");
  EXPECT_EQ(ranged_fault("extra=3"),
            "[x] extra=3 does nothing here: it counts only with kind=rich; leave it out");
  EXPECT_EQ(ranged_fault("kind=poor&extra=0"),  // the default, but somebody cared to give it
            "[x] extra=0 does nothing here: it counts only with kind=rich; leave it out");
  EXPECT_EQ(describe_range(ranged[4].info), ">= 0; only with kind=rich");
}

TEST(Parameters, ThatAreEndsOfARangeStandInOrder) {
  EXPECT_EQ(ranged_fault("low=2&high=2"), "");
  EXPECT_EQ(ranged_fault("low=3"), "[x] low: expected at most high=2, found 3");
  EXPECT_EQ(ranged_fault("most=2"), "[x] high: expected less than most=2, found 2");
  EXPECT_EQ(describe_range(ranged[0].info), "at most high");
  EXPECT_EQ(describe_range(ranged[1].info), "less than most");
}

TEST(Parameters, AreFiniteNumbers) {
  for (const char* value : {"inf", "-inf", "nan", "1e999"}) {
    EXPECT_THAT(ranged_fault(text("most=", value)), testing::HasSubstr("[x] most: "));
  }
  EXPECT_EQ(ranged_fault("low=inf"), "[x] low: expected a finite value, found inf");
  EXPECT_EQ(message("T", "inf"), "[x] T: expected a finite value > 0, found inf");
}

TEST(Parameters, AreSetAndPrinted) {
  Options options;
  for (const auto& [key, value] : {std::pair{"T", "0.5"},
                                   {"k", "7"},
                                   {"normalize", "false"},
                                   {"variant", "openood"},
                                   {"dim", "12"}}) {
    set_parameter<Base>(options, parameters, "[x]", key, value);
  }
  EXPECT_EQ(options.T, 0.5);
  EXPECT_EQ(options.k, 7);
  EXPECT_FALSE(options.normalize);
  EXPECT_EQ(options.variant, "openood");
  EXPECT_EQ(options.dim, 12);
  EXPECT_EQ(parameters[0].get(options), "0.5");
  set_parameter<Base>(options, parameters, "[x]", "dim", "auto");
  EXPECT_FALSE(options.dim);
}

TEST(Parameters, KnowTheirDefaults) {
  std::vector<std::string> defaults;
  for (const auto& p : parameters) defaults.push_back(p.default_value);
  EXPECT_THAT(defaults, testing::ElementsAre("1", "50", "true", "paper", "auto", "0,0.5,1"));
}

TEST(Parameters, RefuseWithARemedy) {
  using testing::HasSubstr;
  EXPECT_THAT(message("K", "5"), HasSubstr("[x] unknown parameter 'K'. Did you mean 'k'?"));
  EXPECT_THAT(message("T", "0"), HasSubstr("T: expected a value > 0, found 0"));
  EXPECT_THAT(message("T", "nan"), HasSubstr("found nan"));
  EXPECT_THAT(message("k", "0"), HasSubstr("in [1, 1000]"));
  EXPECT_THAT(message("k", "1.5"), HasSubstr("expected a whole number"));
  EXPECT_THAT(message("normalize", "maybe"), HasSubstr("expected true or false"));
  EXPECT_THAT(message("variant", "openod"), HasSubstr("Did you mean 'openood'?"));
  EXPECT_THAT(message("dim", "0"), HasSubstr(">= 1"));
  EXPECT_THAT(message("mean", "1,2,-3"), HasSubstr(">= 0"));
  EXPECT_THAT(message("mean", "1,2,x"), HasSubstr("mean"));
}

TEST(Parameters, AreSetFromOneText) {
  Options options;
  set_parameters<Base>(options, parameters, "[x]", "k=3&mean=1,2,3&T=0.5");
  EXPECT_EQ(options.k, 3);
  EXPECT_EQ(options.mean, (std::vector{1.0, 2.0, 3.0}));
  EXPECT_EQ(options.T, 0.5);
  set_parameters<Base>(options, parameters, "[x]", "k=%34%32");  // as in a URL
  EXPECT_EQ(options.k, 42);
  set_parameters<Base>(options, parameters, "[x]", "");
  EXPECT_THROW(set_parameters<Base>(options, parameters, "[x]", "k"), Error);
}

TEST(Parameters, AreGivenOnce) {
  Options options;
  for (const char* twice : {"k=3&k=4", "k=3&T=1&k=3"}) {
    EXPECT_THROW(set_parameters<Base>(options, parameters, "[x]", twice), Error) << twice;
  }
}

}  // namespace
}  // namespace nescio
