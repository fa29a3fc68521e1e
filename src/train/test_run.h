// For tests: a tiny task on disk, and what a run of it leaves.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/threads.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/test_device.h"
#include "train/trainer.h"

namespace nescio::train {

/// Writes FOLDER/<class>/<number>.png, grey pictures of one pixel; classes are called 0, 1, ...
inline void write_class_folders(const std::filesystem::path& folder, int classes, int pictures) {
  const std::string png(
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\0\0\0\0:~\x9bU\0\0\0\nIDATx\xda"
      "ch\0\0\0\x82\0\x81\xda"
      "E\b;\0\0\0\0IEND\xae"
      "B`\x82",
      67);
  for (int c = 0; c < classes; ++c) {
    const auto of_class = folder / std::to_string(c);
    std::filesystem::create_directories(of_class);
    for (int i = 0; i < pictures; ++i) io::write_text(of_class / (std::to_string(i) + ".png"), png);
  }
}

/// Pictures of three classes that differ in their colour, with noise, and their labels.
class TinyTask {
 public:
  explicit TinyTask(std::size_t pictures = 48) {
    set_thread_count(1);  // so little work is slower on several
    write("train", pictures, 1);
    write("val", 20, 2);
    write("outliers", 11, 3);  // fewer than a run needs, so that they begin anew
  }

  /// 8 x 8 pictures, which resnet8 enlarges.
  std::string spec(const std::string& split) const {
    return "npy:" + path(split) + ".npy?labels=" + path(split) + "_labels.npy";
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// A method that reads outliers, three at a time.
  TrainSettings outlier_settings(const std::string& method = "logit_mixoe") const {
    TrainSettings s = settings();
    s.method = method;
    s.outliers = "npy:" + path("outliers") + ".npy";
    s.outlier_batch = 3;
    return s;
  }

  /// Four and a half epochs of six steps.
  TrainSettings settings() const {
    TrainSettings s{.model = "resnet8", .data = spec("train"), .val = spec("val"), .steps = 27};
    s.batch = 8;
    s.lr = 0.05;
    s.augment = "crop(padding=2),flip";
    s.device = nn::test_device();
    s.checkpoint_every = 4;
    s.log_every = 5;
    return s;
  }

 private:
  void write(const std::string& split, std::size_t pictures, std::uint64_t seed) const {
    constexpr std::size_t side = 8;
    std::vector<std::uint8_t> pixels(pictures * side * side * 3);
    std::vector<std::int64_t> labels(pictures);
    Rng rng(seed);
    for (std::size_t i = 0; i < pictures; ++i) {
      labels[i] = static_cast<std::int64_t>(i % 3);
      for (std::size_t p = 0; p < side * side * 3; ++p) {
        const std::size_t strong = p % 3 == i % 3 ? 100 : 0;
        pixels[i * side * side * 3 + p] = static_cast<std::uint8_t>(strong + rng.below(100));
      }
    }
    io::write_npy(path(split) + ".npy", Array({pictures, side, side, 3}, std::move(pixels)));
    io::write_npy(path(split) + "_labels.npy", Array({pictures}, std::move(labels)));
  }

  io::TestFolder folder_;
};

/// Weights of a short run without a method's help, as a model.
inline std::string trained(const TinyTask& task) {
  TrainSettings settings = task.settings();
  settings.val.clear();
  settings.steps = 60;
  Trainer(settings).run({.out = task.path("start")});
  return "resnet8:" + task.path("start/last.safetensors");
}

/// Trains once without a stop, once killed in the middle and resumed, and compares the files.
inline void expect_the_same_after_a_kill(const TinyTask& task, const TrainSettings& settings,
                                         const std::vector<std::string>& files = {"last"}) {
  struct Killed {};
  Trainer(settings).run({.out = task.path("whole")});
  const auto kill = [](std::string_view what, std::size_t done, std::size_t) {
    if (what.find("loss") != std::string_view::npos && done == 15) throw Killed();
  };
  EXPECT_THROW(Trainer(settings).run({.out = task.path("cut"), .progress = kill}), Killed);
  Trainer(settings).run({.out = task.path("cut"), .resume = true});
  for (const std::string& file : files) {
    EXPECT_EQ(io::read_text(task.path(text("cut/", file, ".safetensors"))),
              io::read_text(task.path(text("whole/", file, ".safetensors"))))
        << file;
  }
}

}  // namespace nescio::train
