#include "detectors/saved_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "detectors/saved_detector.h"
#include "detectors/toy_bank.h"
#include "io/file.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

namespace fs = std::filesystem;
using calibration::Calibration;
using calibration::Goal;
using testing::HasSubstr;
using testing::ThrowsMessage;

class SavedCalibrations : public testing::Test {
 protected:
  void SetUp() override { fit("energy"); }

  void fit(const std::string& spec) {
    const std::map<std::string, Array> arrays = {{"logits", ToyBank::array(toy_.train_logits)}};
    const bank::BankViews views =
        bank::BankViews().with(bank::view_of("in/train", arrays, std::nullopt));
    save_detector(fit_detector(views, spec, {}), to_batch(arrays), place());
  }
  fs::path place() const { return folder_ / "detector"; }

  static SavedCalibration kept() {
    calibration::ScoredRows id{.scores = {3, 1, 2, 5, 4, 6}, .predicted = {0, 0, 0, 1, 1, 1}};
    calibration::ScoredRows ood{.scores = {9, 2.5F}, .predicted = {1, 0}};
    Calibration made({.promise = {.share = 0.6}, .per_class = true, .class_rows = 3}, id, ood);
    return {.made = std::move(made), .ood = ood, .data = {{"bank", "B\xff"}}};
  }

  ToyBank toy_;
  io::TestFolder folder_;
};

TEST_F(SavedCalibrations, ComeBackAsTheyWere) {
  EXPECT_TRUE(load_calibrations(place()).all.empty());  // a folder of before there were any
  Calibrations saved{.active = "b"};
  saved.all.emplace("a", kept());
  saved.all.emplace("b", SavedCalibration{.made = Calibration({.goal = Goal::value, .value = 2.25},
                                                              {{1, 2, 3}})});
  save_calibrations(saved, place());
  const Calibrations read = load_calibrations(place());
  EXPECT_EQ(read.active, "b");
  ASSERT_EQ(read.all.size(), 2U);
  EXPECT_EQ(read.find({}).made.threshold().value, 2.25);
  const Calibration& a = read.find("a").made;
  const SavedCalibration before = kept();
  for (const std::uint32_t predicted : {0U, 1U, 2U}) {
    for (const double score : {0.5, 2.5, 5.5, 7.0}) {
      const auto now = a.answer(score, predicted), then = before.made.answer(score, predicted);
      EXPECT_EQ(now.threshold, then.threshold);
      EXPECT_EQ(now.is_ood, then.is_ood);
      EXPECT_EQ(now.p_value, then.p_value);
    }
  }
  EXPECT_EQ(a.caught()->rows.count, 2U);
  EXPECT_EQ(read.find("a").data.at("bank"), "B\\xff");
  // The same again gives the same bytes.
  const std::string bytes = io::read_text(place() / calibration_file);
  save_calibrations(read, place());
  EXPECT_EQ(io::read_text(place() / calibration_file), bytes);
}

TEST_F(SavedCalibrations, GoWithTheDetectorThatTheyAreOf) {
  Calibrations saved{.active = "a"};
  saved.all.emplace("a", kept());
  save_calibrations(saved, place());
  const std::string bytes = io::read_text(place() / calibration_file);
  fit("msp");  // replaces the folder as a whole
  EXPECT_FALSE(fs::exists(place() / calibration_file));
  io::write_text(place() / calibration_file, bytes);
  EXPECT_THAT([&] { load_calibrations(place()); },
              ThrowsMessage<Error>(HasSubstr("was made for another detector; remove this file and "
                                             "calibrate again")));
}

TEST_F(SavedCalibrations, AreAddedToThoseThatOthersHaveSavedMeanwhile) {
  const std::string of = learned_sha256(place());
  std::vector<std::string> names = {"a", "b", "c", "d"}, errors(names.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < names.size(); ++i) {
    threads.emplace_back([&, i] {
      errors[i] = io::error_of([&] { add_calibration(names[i], kept(), false, place(), of); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(errors, testing::Each(""));
  EXPECT_EQ(load_calibrations(place()).all.size(), names.size());
  EXPECT_EQ(add_calibration("e", kept(), true, place(), of).active, "e");
  fit("msp");
  EXPECT_THAT([&] { add_calibration("a", kept(), true, place(), of); },
              ThrowsMessage<Error>(HasSubstr("another detector has taken the place")));
  EXPECT_FALSE(fs::exists(place() / calibration_file));
}

TEST_F(SavedCalibrations, AreFoundByName) {
  const Calibrations none;
  EXPECT_THAT([&] { none.find({}); }, ThrowsMessage<Error>(HasSubstr("nescio calibrate")));
  Calibrations saved{.active = "keep-0.95"};
  saved.all.emplace("keep-0.95", kept());
  EXPECT_THAT(
      [&] { saved.find("keep-0.96"); },
      ThrowsMessage<Error>(testing::StrEq("there is no calibration 'keep-0.96'. Did you mean "
                                          "'keep-0.95'? Known: keep-0.95.")));
}

TEST_F(SavedCalibrations, DamageIsSeen) {
  Calibrations saved{.active = "a"};
  saved.all.emplace("a", kept());
  save_calibrations(saved, place());
  const std::string whole = io::read_text(place() / calibration_file);
  for (std::size_t cut = 0; cut < whole.size(); cut += 37) {
    io::write_text(place() / calibration_file, whole.substr(0, cut));
    EXPECT_THROW(load_calibrations(place()), Error) << cut;
  }
  std::string changed = whole;
  changed[changed.size() - 2] = static_cast<char>(changed[changed.size() - 2] ^ 1);
  io::write_text(place() / calibration_file, changed);
  EXPECT_THAT([&] { load_calibrations(place()); }, ThrowsMessage<Error>(HasSubstr("damaged")));

  io::Safetensors file = io::parse_safetensors(io::SharedBytes::copy_of(whole), "f");
  std::string& json = file.metadata.at("calibration");
  const auto parsed = [&] { parse_calibrations(file, learned_sha256(place()), "f"); };
  EXPECT_NO_THROW(parsed());
  for (const auto& [from, to, said] :
       {std::tuple("\"format\":1", "\"format\":2", "f: format 2"),
        {"\"format\":1", "\"format\":1.5", "f: format 1.5"},
        {"\"goal\":\"keep\"", "\"goal\":\"kept\"",
         "f: a: goal: expected keep or catch or threshold, found \"kept\""},
        {"\"active\":\"a\"", "\"active\":\"x\"", "f: 'x' is active"},
        {"\"share\":0.6", "\"share\":7", "f: a: expected a share"},
        {"\"share\":0.6", "\"share\":0.9", "f: a: its scores give"},
        {"\"class_rows\":3", "\"class_rows\":-3", "f: a: 'class_rows' is -3"}}) {
    const std::string before = json;
    const auto at = json.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    json.replace(at, std::string(from).size(), to);
    EXPECT_THAT(parsed, ThrowsMessage<Error>(testing::StartsWith(said))) << to;
    json = before;
  }
}

}  // namespace
}  // namespace nescio::detectors
