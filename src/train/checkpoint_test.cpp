#include "train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "io/test_folder.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Checkpoint made(std::int64_t step) {
  return {step,
          {{"note", "x"}},
          {{"w", Array({2}, std::vector<float>{1.0f, static_cast<float>(step)})},
           {"n", Array({}, std::vector<std::int64_t>{step})}}};
}

std::string read_back(const CheckpointFolder& folder,
                      std::vector<std::string>* warnings = nullptr) {
  const auto found = folder.newest([&](const std::string& sentence) {
    if (warnings) warnings->push_back(sentence);
  });
  if (!found) return "none";
  EXPECT_EQ(found->tensors.at("w").as<float>()[1], static_cast<float>(found->step));
  EXPECT_EQ(found->state.at("note"), "x");
  return std::to_string(found->step);
}

/// Changes one byte in the middle.
void damage(const fs::path& path) {
  std::string bytes = io::read_text(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  io::write_text(path, bytes);
}

TEST(Checkpoints, TheNewestIsReadAndTheOneBeforeKept) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder / "c");
  EXPECT_EQ(read_back(checkpoints), "none");
  EXPECT_FALSE(checkpoints.newest_path());
  for (const std::int64_t step : {9, 10, 200, 1000}) checkpoints.save(made(step));
  EXPECT_EQ(read_back(checkpoints), "1000");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder / "c")) ++files;
  EXPECT_EQ(files, 4u);
}

TEST(Checkpoints, ADamagedOneFallsBackWithAWarning) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path());
  checkpoints.save(made(1));
  checkpoints.save(made(2));
  damage(*checkpoints.newest_path());
  std::vector<std::string> warnings;
  EXPECT_EQ(read_back(checkpoints, &warnings), "1");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("damaged"));
  damage(folder / "step-000000000001.safetensors");
  EXPECT_THAT(io::error_of([&] { read_back(checkpoints); }), HasSubstr("all 2 checkpoints"));
}

TEST(Checkpoints, OneOfManyStaysWithTheNewestTwo) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path(), kept_checkpoints("every(4)"));
  for (std::int64_t step = 1; step <= 10; ++step) checkpoints.save(made(step));
  std::vector<std::int64_t> steps;
  for (const auto& [step, path] : checkpoints.all()) {
    steps.push_back(step);
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
  }
  EXPECT_THAT(steps, testing::ElementsAre(4, 8, 9, 10));
}

TEST(Checkpoints, WhatIsKeptIsANumberOrEveryN) {
  EXPECT_EQ(kept_checkpoints("7").newest, 7u);
  EXPECT_EQ(kept_checkpoints("every(100)").every, 100);
  for (const char* bad : {"1", "", "many", "every()", "every(0)", "every(-4)", "every(4", "2.5"}) {
    EXPECT_THROW(kept_checkpoints(bad), UsageError) << bad;
  }
}

TEST(Checkpoints, ADamagedOneIsNotKeptForTheOneBefore) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path());
  for (const std::int64_t step : {4, 8, 12}) checkpoints.save(made(step));
  damage(*checkpoints.newest_path());
  checkpoints.save(made(10));  // the run went on from 8
  damage(*checkpoints.newest_path());
  std::vector<std::string> warnings;
  EXPECT_EQ(read_back(checkpoints, &warnings), "8");
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(Checkpoints, WhatAKillLeavesHalfWrittenGoes) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path());
  checkpoints.save(made(1));
  folder.file("step-000000000002.safetensors", "without its JSON");
  folder.file("step-000000000002.json.4711-3.tmp", "{");
  EXPECT_EQ(read_back(checkpoints), "1");
  checkpoints.save(made(3));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, 4u);
}

TEST(Checkpoints, FilesOfTheUserStay) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path());
  const std::vector<const char*> theirs = {"resnet50.safetensors", "notes.json", "step-1.json",
                                           "step-best.safetensors", "draft.tmp"};
  for (const char* name : theirs) folder.file(name, "mine");
  for (const std::int64_t step : {1, 2, 3}) checkpoints.save(made(step));
  EXPECT_EQ(read_back(checkpoints), "3");
  for (const char* name : theirs) EXPECT_EQ(io::read_text(folder / name), "mine") << name;
}

TEST(Checkpoints, HalfOfOneIsNone) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path());
  checkpoints.save(made(1));
  checkpoints.save(made(2));
  fs::remove(folder / "step-000000000002.json");
  EXPECT_EQ(read_back(checkpoints), "1");
  fs::remove(folder / "step-000000000001.safetensors");
  EXPECT_THAT(io::error_of([&] { read_back(checkpoints); }), HasSubstr("damaged"));
  for (const char* content :
       {"", "[]", "{}", R"({"format":"nescio checkpoint","version":1})", R"({"format":3})"}) {
    folder.file("step-000000000003.json", content);
    EXPECT_NE(io::error_of([&] { read_back(checkpoints); }), "") << content;
  }
}

TEST(Checkpoints, ValuesThatAreNotFiniteAreNotWritten) {
  const io::TestFolder folder;
  const CheckpointFolder checkpoints(folder.path());
  checkpoints.save(made(1));
  Checkpoint bad = made(2);
  bad.tensors["w"] = Array({1}, std::vector<float>{std::numeric_limits<float>::infinity()});
  EXPECT_THAT(io::error_of([&] { checkpoints.save(bad); }), HasSubstr("w holds NaN or infinity"));
  EXPECT_EQ(read_back(checkpoints), "1");
}

}  // namespace
}  // namespace nescio::train
