// The C functions against callers who get it wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "api/test_world.h"
#include "io/test_folder.h"

namespace nescio::api {
namespace {

using testing::HasSubstr;

nescio_error error;

std::string said(nescio_status expected, nescio_status found) {
  EXPECT_EQ(found, expected) << error.message;
  return error.message;
}
std::string invalid(nescio_status found) { return said(NESCIO_INVALID_ARGUMENT, found); }
std::string refused(nescio_status found) { return said(NESCIO_REFUSED, found); }

class CCalls : public testing::Test {
 protected:
  void SetUp() override {
    said(NESCIO_OK, nescio_detector_fit("vim", &test_world().data, &detector, &error));
    ASSERT_NE(detector, nullptr);
    said(NESCIO_OK, nescio_scorer_create(detector, nullptr, &scorer, &error));
    ASSERT_NE(scorer, nullptr);
  }
  void TearDown() override {
    nescio_scorer_free(scorer);
    nescio_detector_free(detector);
  }

  nescio_detector* detector = nullptr;
  nescio_scorer* scorer = nullptr;
  std::vector<nescio_array> arrays = test_world().test.arrays();
  nescio_answer answers[detectors::ToyBank::test_rows];
};

TEST_F(CCalls, NullIsRefusedAndNeverRead) {
  nescio_detector* made = nullptr;
  nescio_scorer* asked = nullptr;
  nescio_bank* bank = nullptr;
  char* json = nullptr;
  const nescio_fit_data& data = test_world().data;
  EXPECT_THAT(invalid(nescio_detector_fit(nullptr, &data, &made, &error)), HasSubstr("spec"));
  EXPECT_THAT(invalid(nescio_detector_fit("vim", nullptr, &made, &error)), HasSubstr("data"));
  EXPECT_THAT(invalid(nescio_detector_fit("vim", &data, nullptr, &error)), HasSubstr("detector"));
  invalid(nescio_detector_fit_bank("vim", nullptr, "a/b", nullptr, nullptr, &made, &error));
  invalid(nescio_detector_load(nullptr, &made, &error));
  invalid(nescio_detector_save(nullptr, "x", &error));
  invalid(nescio_detector_save(detector, nullptr, &error));
  invalid(nescio_detector_calibrate(nullptr, nullptr, nullptr, 0, nullptr, 0, nullptr, &error));
  invalid(nescio_detector_calibrate(detector, nullptr, nullptr, 1, nullptr, 0, nullptr, &error));
  invalid(nescio_scorer_load(nullptr, nullptr, &asked, &error));
  invalid(nescio_scorer_create(nullptr, nullptr, &asked, &error));
  invalid(nescio_scorer_create(detector, nullptr, nullptr, &error));
  invalid(nescio_scorer_answer(nullptr, arrays.data(), 2, answers, 1, &error));
  invalid(nescio_scorer_answer(scorer, nullptr, 2, answers, 1, &error));
  invalid(nescio_scorer_answer(scorer, arrays.data(), arrays.size(), nullptr, 40, &error));
  invalid(nescio_scorer_score(scorer, arrays.data(), arrays.size(), nullptr, 40, &error));
  invalid(nescio_bank_open(nullptr, &bank, &error));
  invalid(nescio_bank_array(nullptr, "a", "b", arrays.data(), &error));
  invalid(nescio_bank_create(nullptr, &bank, &error));
  invalid(nescio_bank_add(nullptr, "a/b", &data.train, &error));
  invalid(nescio_bank_set_head(nullptr, data.head_weight, data.head_bias, 5, 8, &error));
  invalid(nescio_describe(nullptr, &json, &error));
  invalid(nescio_describe("vim", nullptr, &error));
  invalid(nescio_evaluate(nullptr, 3, nullptr, 3, nullptr, 0, nullptr, 0, nullptr, &error));
  EXPECT_EQ(made, nullptr);
  EXPECT_EQ(asked, nullptr);
  nescio_detector_free(nullptr);
  nescio_scorer_free(nullptr);
  nescio_bank_free(nullptr);
  nescio_text_free(nullptr);
  EXPECT_STREQ(nescio_detector_spec(nullptr), "");
  EXPECT_STREQ(nescio_scorer_spec(nullptr), "");
  EXPECT_EQ(nescio_scorer_input(nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(nescio_bank_split_count(nullptr), 0u);
  // The message is optional.
  EXPECT_EQ(nescio_detector_load("/nowhere", &made, nullptr), NESCIO_REFUSED);
}

TEST_F(CCalls, MessagesEndWhereTheBufferDoes) {
  std::memset(error.message, 'x', sizeof error.message);
  std::string name = "vim(";
  for (int i = 0; i < 1000; ++i) name += "\xC3\xA4";
  nescio_detector* made = nullptr;
  const std::string message =
      refused(nescio_detector_fit(name.c_str(), &test_world().data, &made, &error));
  EXPECT_LT(message.size(), sizeof error.message);
  said(NESCIO_OK, nescio_scorer_answer(scorer, arrays.data(), arrays.size(), answers, 40, &error));
  EXPECT_STREQ(error.message, "");
}

TEST_F(CCalls, CountsAndWidthsAreChecked) {
  EXPECT_THAT(
      invalid(nescio_scorer_answer(scorer, arrays.data(), arrays.size(), answers, 39, &error)),
      HasSubstr("39"));
  auto wide = arrays;
  for (nescio_array& a : wide) a.rows = SIZE_MAX;
  EXPECT_THAT(
      invalid(nescio_scorer_answer(scorer, wide.data(), wide.size(), answers, SIZE_MAX, &error)),
      HasSubstr("memory can hold"));
  wide = arrays;
  wide[0].cols = SIZE_MAX / 2;
  invalid(nescio_scorer_answer(scorer, wide.data(), wide.size(), answers, 40, &error));
  said(NESCIO_OK, nescio_scorer_answer(scorer, arrays.data(), arrays.size(), answers, 40, &error));
}

TEST_F(CCalls, FitDataIsChecked) {
  nescio_detector* made = nullptr;
  const auto fit = [&](const auto& change, const char* spec = "vim") {
    TestWorld world;
    change(world);
    std::string message = refused(nescio_detector_fit(spec, &world.data, &made, &error));
    EXPECT_EQ(made, nullptr);
    return message;
  };
  EXPECT_THAT(fit([](TestWorld& w) { w.labels[3] = 5; }, "mahalanobis"), HasSubstr("row 3"));
  EXPECT_THAT(fit([](TestWorld& w) { w.labels[3] = INT64_MAX; }), HasSubstr("row 3 has label"));
  EXPECT_THAT(fit([](TestWorld& w) { w.data.train.labels = nullptr; }, "mahalanobis"),
              HasSubstr("no labels"));
  EXPECT_THAT(fit([](TestWorld& w) { w.train_arrays[0].rows = 100; }),
              HasSubstr("expected 100 rows"));
  EXPECT_THAT(fit([](TestWorld& w) { w.data.classes = 4; }), HasSubstr("as the head has"));
  EXPECT_THAT(fit([](TestWorld& w) {
                w.data.head_weight = nullptr;
                w.data.head_bias = nullptr;
              }),
              HasSubstr("head"));
  EXPECT_THAT(fit([](TestWorld& w) { w.data.train.array_count = 0; }), HasSubstr("train"));
  static float nan_rows[200 * detectors::ToyBank::width] = {};
  nan_rows[30] = NAN;
  EXPECT_THAT(fit([](TestWorld& w) {
                for (nescio_array& a : w.train_arrays) {
                  if (std::string(a.name) == "features") a.data = nan_rows;
                }
              }),
              HasSubstr("features: row 2, column 6"));
}

TEST_F(CCalls, RequestsAreChecked) {
  const auto ask = [&](const auto& change) {
    nescio_calibration request = NESCIO_CALIBRATION_DEFAULT;
    change(request);
    return nescio_detector_calibrate(detector, &request, arrays.data(), arrays.size(), nullptr, 0,
                                     nullptr, &error);
  };
  using Request = nescio_calibration;
  refused(ask([](Request& r) { r.value = 1.5; }));
  refused(ask([](Request& r) { r.value = NAN; }));
  refused(ask([](Request& r) { r.confidence = 0; }));
  invalid(ask([](Request& r) { r.goal = 9; }));
  EXPECT_THAT(refused(ask([](Request& r) { r.goal = NESCIO_CATCH; })), HasSubstr("OOD rows"));
  EXPECT_THAT(refused(ask([](Request& r) { r.name = "a b"; })), HasSubstr("64 letters"));
  EXPECT_THAT(refused(ask([](Request& r) {
                r.goal = NESCIO_THRESHOLD;
                r.guarantee = 1;
              })),
              HasSubstr("a value"));
  nescio_threshold found;
  said(NESCIO_OK, nescio_detector_calibrate(detector, nullptr, arrays.data(), arrays.size(),
                                            nullptr, 0, &found, &error));
  EXPECT_NEAR(found.kept.share, 0.95, 1e-9);
  EXPECT_TRUE(std::isnan(found.caught.share));
  said(NESCIO_OK, ask([&](Request& r) {
         r.goal = NESCIO_THRESHOLD;
         r.value = 3;
       }));
  // The active one is that of the last call, the other is there by its name.
  nescio_scorer* last = nullptr;
  nescio_scorer* first = nullptr;
  const nescio_scorer_options kept{"keep-0.95", nullptr};
  said(NESCIO_OK, nescio_scorer_create(detector, nullptr, &last, &error));
  said(NESCIO_OK, nescio_scorer_create(detector, &kept, &first, &error));
  nescio_scorer_answer(last, arrays.data(), arrays.size(), answers, 40, &error);
  EXPECT_EQ(answers[0].threshold, 3);
  nescio_scorer_answer(first, arrays.data(), arrays.size(), answers, 40, &error);
  EXPECT_EQ(answers[0].threshold, found.value);
  const double lower = -1e9, infinite = INFINITY;
  nescio_scorer* own = nullptr;
  const nescio_scorer_options given{nullptr, &lower}, broken{nullptr, &infinite};
  EXPECT_THAT(refused(nescio_scorer_create(detector, &broken, &own, &error)), HasSubstr("finite"));
  said(NESCIO_OK, nescio_scorer_create(detector, &given, &own, &error));
  nescio_scorer_answer(own, arrays.data(), arrays.size(), answers, 40, &error);
  EXPECT_EQ(answers[0].is_ood, 1);
  nescio_scorer_free(own);
  nescio_scorer_free(last);
  nescio_scorer_free(first);
}

TEST(CBank, IsFittedOnAndRead) {
  const io::TestFolder folder;
  const TestWorld& world = test_world();
  {
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder / "bank");
    bank::SplitWriter writer(
        bank, "toy/train", 200,
        {{"features", DType::float32, {detectors::ToyBank::width}}, {"labels", DType::int64, {}}},
        {});
    for (const nescio_array& a : world.train_arrays) {
      if (std::string(a.name) != "features") continue;
      writer.write("features",
                   Array({200, a.cols}, std::vector<float>(a.data, a.data + 200 * a.cols)));
    }
    writer.write("labels", Array({200}, std::vector<std::int64_t>(world.labels)));
    writer.commit(200);
    writer.finish();
  }
  nescio_bank* bank = nullptr;
  said(NESCIO_OK, nescio_bank_open((folder / "bank").c_str(), &bank, &error));
  ASSERT_EQ(nescio_bank_split_count(bank), 1u);
  EXPECT_STREQ(nescio_bank_split(bank, 0), "toy/train");
  EXPECT_EQ(nescio_bank_split(bank, 1), nullptr);
  nescio_array features = {};
  said(NESCIO_OK, nescio_bank_array(bank, "toy/train", "features", &features, &error));
  EXPECT_EQ(features.rows, 200u);
  EXPECT_STREQ(features.name, "features");
  EXPECT_THAT(refused(nescio_bank_array(bank, "toy/train", "labels", &features, &error)),
              HasSubstr("int64"));
  EXPECT_THAT(refused(nescio_bank_array(bank, "toy/trein", "features", &features, &error)),
              HasSubstr("toy/train"));
  nescio_detector* detector = nullptr;
  EXPECT_THAT(refused(nescio_detector_fit_bank("mahalanobis", bank, nullptr, nullptr, nullptr,
                                               &detector, &error)),
              HasSubstr("train"));
  said(NESCIO_OK, nescio_detector_fit_bank("mahalanobis", bank, "toy/train", nullptr, nullptr,
                                           &detector, &error));
  std::vector<float> scores(200);
  nescio_scorer* scorer = nullptr;
  said(NESCIO_OK, nescio_scorer_create(detector, nullptr, &scorer, &error));
  nescio_detector_free(detector);
  // Mapped values stay until the bank goes.
  said(NESCIO_OK, nescio_scorer_score(scorer, &features, 1, scores.data(), 200, &error));
  EXPECT_GT(scores[0], 0);
  nescio_bank_free(bank);
  nescio_scorer_free(scorer);
}

#if defined(_OPENMP)
// As a worker that somebody's program forks off.
TEST_F(CCalls, AForkAfterUseWorks) {
  said(NESCIO_OK, nescio_set_threads(3, &error));
  constexpr std::size_t rows = detectors::ToyBank::test_rows;
  const auto scores = [&](const nescio_scorer* asked) {
    std::vector<float> out(rows);  // more than a thread answers by itself
    if (nescio_scorer_score(asked, arrays.data(), arrays.size(), out.data(), rows, &error) !=
        NESCIO_OK) {
      out.clear();
    }
    return out;
  };
  const auto before = scores(scorer);
  ASSERT_EQ(before.size(), rows);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // one that waits for threads that are not there ends as a failure
    nescio_detector* fitted = nullptr;
    const bool same = scores(scorer) == before;
    const bool fits =
        nescio_detector_fit("mahalanobis", &test_world().data, &fitted, &error) == NESCIO_OK;
    const bool refuses = nescio_set_threads(2, &error) == NESCIO_REFUSED;
    _exit(same && fits && refuses ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(scores(scorer), before);
}
#endif

TEST(CBank, IsWrittenFromMemory) {
  const TestWorld& world = test_world();
  const nescio_fit_data& data = world.data;
  const io::TestFolder folder;
  nescio_bank* bank = nullptr;
  EXPECT_THAT(refused(nescio_bank_open((folder / "bank").c_str(), &bank, &error)),
              HasSubstr("bank"));
  said(NESCIO_OK, nescio_bank_create((folder / "bank").c_str(), &bank, &error));
  EXPECT_EQ(nescio_bank_split_count(bank), 0u);
  said(NESCIO_OK, nescio_bank_set_head(bank, data.head_weight, data.head_bias, data.classes,
                                       data.features, &error));
  said(NESCIO_OK, nescio_bank_add(bank, "toy/train", &data.train, &error));
  const char* name = nescio_bank_split(bank, 0);
  // Rows with gaps between them, in the place of a split that is there.
  std::vector<float> padded;
  const auto& features = *std::ranges::find_if(
      world.train_arrays, [](const nescio_array& a) { return std::string(a.name) == "features"; });
  for (std::size_t r = 0; r < features.rows; ++r) {
    padded.insert(padded.end(), features.data + r * features.cols,
                  features.data + (r + 1) * features.cols);
    padded.push_back(NAN);
  }
  const nescio_array with_gaps = {"features", padded.data(), features.rows, features.cols,
                                  features.cols + 1};
  const nescio_rows rows = {&with_gaps, 1, data.train.labels};
  said(NESCIO_OK, nescio_bank_add(bank, "again/train", &data.train, &error));
  said(NESCIO_OK, nescio_bank_add(bank, "again/train", &rows, &error));
  EXPECT_STREQ(name, "toy/train");
  nescio_array found = {};
  refused(nescio_bank_array(bank, "again/train", "logits", &found, &error));
  said(NESCIO_OK, nescio_bank_array(bank, "again/train", "features", &found, &error));
  EXPECT_EQ(std::memcmp(found.data, features.data, features.rows * features.cols * sizeof(float)),
            0);

  // What is refused leaves the bank as it was.
  EXPECT_THAT(refused(nescio_bank_add(bank, "nowhere", &data.train, &error)), HasSubstr("nowhere"));
  const nescio_rows none = {nullptr, 0, nullptr};
  EXPECT_THAT(refused(nescio_bank_add(bank, "toy/none", &none, &error)), HasSubstr("none"));
  nescio_array narrow = with_gaps;
  narrow.cols -= 1;
  const nescio_rows narrow_rows = {&narrow, 1, nullptr};
  EXPECT_THAT(refused(nescio_bank_add(bank, "toy/narrow", &narrow_rows, &error)),
              HasSubstr("features"));
  padded[0] = NAN;
  EXPECT_THAT(refused(nescio_bank_add(bank, "toy/train", &rows, &error)),
              HasSubstr("row 0, column 0"));
  EXPECT_EQ(nescio_bank_split_count(bank), 2u);

  const auto scores_of = [&](nescio_detector* fitted) {
    std::vector<float> scores(detectors::ToyBank::test_rows);
    const auto asked = world.test.arrays();
    nescio_scorer* scorer = nullptr;
    said(NESCIO_OK, nescio_scorer_create(fitted, nullptr, &scorer, &error));
    said(NESCIO_OK, nescio_scorer_score(scorer, asked.data(), asked.size(), scores.data(),
                                        scores.size(), &error));
    nescio_scorer_free(scorer);
    nescio_detector_free(fitted);
    return scores;
  };
  nescio_detector *of_bank = nullptr, *of_arrays = nullptr;
  said(NESCIO_OK,
       nescio_detector_fit_bank("vim", bank, "toy/train", nullptr, nullptr, &of_bank, &error));
  said(NESCIO_OK, nescio_detector_fit("vim", &data, &of_arrays, &error));
  EXPECT_EQ(scores_of(of_bank), scores_of(of_arrays));
  nescio_bank_free(bank);
}

}  // namespace
}  // namespace nescio::api
