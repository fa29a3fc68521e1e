#include "api/scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "api/fitted.h"
#include "api/test_world.h"
#include "base/error.h"
#include "base/threads.h"
#include "io/test_folder.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NESCIO_COUNTS_ALLOCATIONS 0  // malloc is the sanitizer's
#else
#define NESCIO_COUNTS_ALLOCATIONS 1
#endif

namespace {
thread_local std::size_t allocations = 0;
}

#if NESCIO_COUNTS_ALLOCATIONS
// Everything that allocates comes through here, oneDNN's packed matrices as well as `new`.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  ++allocations;
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  ++allocations;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? 12 : 0;
}
}
#endif

namespace nescio::api {
namespace {

using testing::HasSubstr;
using Toy = detectors::ToyBank;
constexpr std::size_t rows = Toy::test_rows;

std::vector<std::string> specs() {
  auto out = detectors::all_specs();
  out.insert(out.end(), {"react(q=0.5)+knn(k=3,normalize=false)", "mean(msp,vim)"});
  return out;
}

std::string error_of(const Scorer& scorer, const std::vector<nescio_array>& arrays,
                     std::size_t count = 1) {
  std::vector<nescio_answer> answers(count);
  return io::error_of([&] { scorer.answer(arrays, answers); });
}

std::vector<float> scores_of(const Scorer& scorer, std::size_t first, std::size_t count,
                             std::set<std::string> names = {"features", "logits"}) {
  for (const auto& [name, width] : scorer.inputs()) names.insert(name);
  std::vector<float> out(count);
  scorer.score(test_world().test.arrays(first, count, names), out);
  return out;
}

class EachSpec : public testing::TestWithParam<std::string> {
 protected:
  const Fitted fitted = fit(GetParam(), test_world().data);
  const Scorer scorer{fitted.detector, fitted.calibrations, {}};
};

TEST_P(EachSpec, ARowAloneScoresAsAmongMany) {
  const auto many = scores_of(scorer, 0, rows);
  const auto [low, high] = std::ranges::minmax(many);
  for (std::size_t r = 0; r < rows; ++r) {
    const float alone = scores_of(scorer, r, 1)[0];
    // Most stay within 3e-7; openmax's many sums bring 1.2e-6.
    EXPECT_NEAR(alone, many[r], 2e-6 * (high - low));
    EXPECT_EQ(alone, scores_of(scorer, r / 8 * 8, 8)[r % 8]);
  }
}

TEST_P(EachSpec, NothingIsAllocatedFromTheSecondRowOn) {
  std::set<std::string> names = {"features", "logits"};
  for (const auto& [name, width] : scorer.inputs()) names.insert(name);
  const auto arrays = test_world().test.arrays(7, 1, names);
  nescio_answer answer;
  for (int warm_up = 0; warm_up < 2; ++warm_up) scorer.answer(arrays, {&answer, 1});
  const std::size_t before = allocations;
  scorer.answer(arrays, {&answer, 1});
  EXPECT_EQ(allocations, before);
}

TEST_P(EachSpec, NothingOfTheCallersRowsIsKept) {
  std::vector<float> before;
  std::unique_ptr<Fitted> kept;
  {
    const TestWorld gone;
    kept = std::make_unique<Fitted>(fit(GetParam(), gone.data));
  }
  const Scorer after(kept->detector, {}, {});
  EXPECT_EQ(scores_of(after, 0, rows), scores_of(scorer, 0, rows));
}

INSTANTIATE_TEST_SUITE_P(All, EachSpec, testing::ValuesIn(specs()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

class Calibrated : public testing::Test {
 protected:
  static Fitted make(const std::string& spec, bool per_class = false) {
    Fitted out = fit(spec, test_world().data);
    const Scorer scorer(out.detector, {}, {});
    const calibration::Request request{
        .promise = {.share = 0.8}, .per_class = per_class, .class_rows = 5};
    out.calibrations.all.emplace(
        "keep-0.8",
        detectors::SavedCalibration{
            calibration::Calibration(request, scorer.scored(test_world().train.arrays())), {}, {}});
    out.calibrations.active = "keep-0.8";
    return out;
  }
};

TEST_F(Calibrated, AnswersAreThoseOfItsCalibration) {
  const Fitted fitted = make("knn(k=3)");
  const calibration::Calibration& made = fitted.calibrations.find("").made;
  const Scorer scorer(fitted.detector, fitted.calibrations, {});
  std::vector<nescio_answer> answers(rows);
  scorer.answer(test_world().test.arrays(), answers);
  const auto logits = test_world().test.arrays(0, 0, {"logits"})[0];
  for (std::size_t r = 0; r < rows; ++r) {
    const float* z = logits.data + r * logits.cols;
    EXPECT_EQ(answers[r].predicted, std::max_element(z, z + logits.cols) - z);
    EXPECT_STREQ(answers[r].class_name, test_world().names[answers[r].predicted]);
    const auto expected = made.answer(answers[r].score);
    EXPECT_EQ(answers[r].threshold, expected.threshold);
    EXPECT_EQ(answers[r].is_ood, expected.is_ood ? 1 : 0);
    EXPECT_EQ(answers[r].p_value, expected.p_value);
  }
}

TEST_F(Calibrated, WithoutLogitsTheClassFollowsFromTheHeadOrIsNotKnown) {
  for (const auto& [spec, class_known] : {std::pair("knn(k=3)", false), {"energy", true}}) {
    TestWorld world;
    // Rows of features alone: energy then reads logits that follow from the head.
    for (auto* arrays : {&world.train_arrays, &world.ood_arrays}) {
      std::erase_if(*arrays,
                    [](const nescio_array& a) { return std::string(a.name) != "features"; });
    }
    world.data.train.array_count = world.data.val.array_count = world.ood.array_count = 1;
    const Fitted fitted = fit(spec, world.data);
    const Scorer scorer(fitted.detector, {}, {});
    nescio_answer one;
    scorer.answer(world.test.arrays(3, 1, {"features"}), {&one, 1});
    EXPECT_EQ(one.predicted >= 0, class_known) << spec;
    if (!class_known) continue;
    nescio_answer both;
    scorer.answer(world.test.arrays(3, 1, {"features", "logits"}), {&both, 1});
    EXPECT_EQ(one.predicted, both.predicted);
    EXPECT_NEAR(one.score, both.score, 1e-4);
  }
}

TEST_F(Calibrated, ThresholdsOfClassesWantTheClass) {
  const Fitted fitted = make("knn(k=3)", true);
  const Scorer scorer(fitted.detector, fitted.calibrations, {});
  EXPECT_EQ(error_of(scorer, test_world().test.arrays(0, 1)), "");
  EXPECT_THAT(error_of(scorer, test_world().test.arrays(0, 1, {"features"})),
              HasSubstr("which class is predicted"));
}

TEST_F(Calibrated, AThresholdOfTheCallersComesFirst) {
  const Fitted fitted = make("energy");
  const Scorer scorer(fitted.detector, fitted.calibrations, {.threshold = -1e9});
  nescio_answer answer;
  scorer.answer(test_world().test.arrays(0, 1), {&answer, 1});
  EXPECT_EQ(answer.threshold, -1e9);
  EXPECT_EQ(answer.is_ood, 1);
  EXPECT_FALSE(std::isnan(answer.p_value));
  EXPECT_THROW(Scorer(fitted.detector, fitted.calibrations, {.threshold = INFINITY}), Error);
  EXPECT_THROW(Scorer(fitted.detector, fitted.calibrations, {.calibration = "none"}), Error);
  const Scorer plain(fitted.detector, {}, {});
  plain.answer(test_world().test.arrays(0, 1), {&answer, 1});
  EXPECT_EQ(answer.is_ood, -1);
  EXPECT_TRUE(std::isnan(answer.threshold));
}

TEST(Saved, ComesBackAsItWasAndCanBeSavedAgain) {
  const io::TestFolder folder;
  const Fitted fitted = fit("vim", test_world().data);
  save(fitted, folder / "one");
  save(load(folder / "one"), folder / "two");
  const Fitted again = load(folder / "two");
  EXPECT_EQ(again.self_test.size(), fitted.self_test.size());
  EXPECT_FALSE(again.self_test.empty());
  EXPECT_EQ(scores_of(Scorer(again.detector, {}, {}), 0, rows),
            scores_of(Scorer(fitted.detector, {}, {}), 0, rows));
}

TEST(Threads, AskOneScorerAtOnce) {
  const Fitted fitted = fit("mean(knn(k=3),vim,msp)", test_world().data);
  const Scorer scorer(fitted.detector, {}, {});
  const auto many = scores_of(scorer, 0, rows);
  std::vector<float> alone;
  for (std::size_t r = 0; r < rows; ++r) alone.push_back(scores_of(scorer, r, 1)[0]);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 3 * rows; ++i) {
        const std::size_t r = (i + t * 7) % rows;
        wrong[t] += scores_of(scorer, r, 1)[0] != alone[r];
        if (i % 20 == 0) wrong[t] += scores_of(scorer, 0, rows) != many;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(Refused, IsWhatDoesNotFit) {
  const Fitted fitted = fit("vim", test_world().data);
  const Scorer scorer(fitted.detector, {}, {});
  const auto good = test_world().test.arrays(0, 1, {"features", "logits"});
  EXPECT_EQ(error_of(scorer, good), "");
  const auto with = [&](const auto& change) {
    auto arrays = good;
    change(arrays);
    return error_of(scorer, arrays);
  };
  EXPECT_THAT(with([](auto& a) { a.clear(); }), HasSubstr("[vim] needs"));
  EXPECT_THAT(with([](auto& a) { a.erase(a.begin()); }), HasSubstr("needs features"));
  EXPECT_THAT(with([](auto& a) { a[0].cols = 11; }), HasSubstr("expected [N, 12], found [1, 11]"));
  EXPECT_THAT(with([](auto& a) { a[0].rows = 2; }), HasSubstr("as many rows as answers, 1"));
  EXPECT_THAT(with([](auto& a) { a[0].stride = 3; }), HasSubstr("stride of 3"));
  EXPECT_THAT(with([](auto& a) { a[0].name = nullptr; }), HasSubstr("name of an array"));
  EXPECT_THAT(with([](auto& a) { a[0].data = nullptr; }),
              HasSubstr("features: expected a pointer"));
  EXPECT_THAT(with([](auto& a) { a[0].name = "feature"; }), HasSubstr("Did you mean 'features'"));
  EXPECT_THAT(with([](auto& a) { a[1].name = "features"; }), HasSubstr("two arrays"));
  EXPECT_THAT(with([](auto& a) {
                a[0].data =
                    reinterpret_cast<const float*>(reinterpret_cast<const char*>(a[0].data) + 1);
              }),
              HasSubstr("aligned"));
  std::vector<float> broken(Toy::width, 1);
  broken[4] = NAN;
  EXPECT_THAT(with([&](auto& a) { a[0].data = broken.data(); }), HasSubstr("row 0, column 4"));
  // Also where the score does not read them, for the class does.
  const Fitted near = fit("knn(k=3)", test_world().data);
  const Scorer of_features(near.detector, {}, {});
  auto arrays = good;
  arrays[1].data = broken.data();
  EXPECT_THAT(error_of(of_features, arrays), HasSubstr("logits: row 0, column 4"));
}

TEST(Refused, NothingIsWrittenAndTheNextCallIsAsBefore) {
  const Fitted fitted = fit("vim", test_world().data);
  const Scorer scorer(fitted.detector, {}, {});
  const auto before = scores_of(scorer, 0, 1);
  std::vector<float> two(2 * Toy::width, 1);
  two.back() = INFINITY;
  auto arrays = test_world().test.arrays(0, 2, {"features", "logits"});
  arrays[0].data = two.data();
  std::vector<float> scores = {7, 7};
  EXPECT_THAT(io::error_of([&] { scorer.score(arrays, scores); }), HasSubstr("row 1"));
  EXPECT_THAT(scores, testing::ElementsAre(7, 7));
  EXPECT_EQ(scores_of(scorer, 0, 1), before);
}

TEST(Rows, MayLieApart) {
  const Fitted fitted = fit("knn(k=3)", test_world().data);
  const Scorer scorer(fitted.detector, {}, {});
  const auto packed = test_world().test.arrays(0, 0, {"features"})[0];
  std::vector<float> wide(rows * 20, NAN);
  for (std::size_t r = 0; r < rows; ++r) {
    std::copy_n(packed.data + r * packed.cols, packed.cols, &wide[r * 20]);
  }
  std::vector<float> apart(rows), none;
  scorer.score(std::vector<nescio_array>{{"features", wide.data(), rows, packed.cols, 20}}, apart);
  EXPECT_EQ(apart, scores_of(scorer, 0, rows, {"features"}));
  scorer.score(std::vector<nescio_array>{{"features", nullptr, 0, packed.cols, 0}}, none);
}

}  // namespace
}  // namespace nescio::api
