// Real processes of the program, and what they are given to do.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/test_folder.h"

namespace nescio {

class Launched : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// A shell's words for a command of nescio by so many processes.
  static std::string by(int processes, const std::string& command) {
    const std::string words = text("'" NESCIO_PROGRAM "' ", command);
    if (processes == 1) return words;
    // MPI keeps memory to the end, and unloads its parts before LeakSanitizer could be told to let them.
    return text(
        "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
        "ASAN_OPTIONS=\"$ASAN_OPTIONS:detect_leaks=0\" '" NESCIO_MPIEXEC "' --oversubscribe -n ",
        processes, " ", words);
  }
  /// What a shell script says and its exit status.
  std::pair<std::string, int> shell(const std::string& script) const {
    io::write_text(folder_ / "script", script);
    const int status =
        std::system(("bash '" + path("script") + "' >'" + path("said") + "' 2>&1").c_str());
    return {io::read_text(folder_ / "said"), WEXITSTATUS(status)};
  }
  /// No network of the catalogue that is small has no batch normalisation but this one.
  std::string small_training(const std::string& out, const std::string& more) const {
    return text(
        "train model=mnist_convnet 'data=procedural:shapes?split=train&count=200' "
        "'val=procedural:shapes?split=val&count=20' batch=32 lr=0.01 device=cpu threads=1 "
        "workers=1 seed=3 out='",
        path(out), "' ", more);
  }
  void expect_same_weights(const std::string& a, const std::string& b) const {
    const auto expected = io::read_safetensors(path(a) + "/last.safetensors").tensors;
    const auto found = io::read_safetensors(path(b) + "/last.safetensors").tensors;
    for (const auto& [name, array] : expected) {
      if (array.dtype() != DType::float32) continue;
      const auto x = array.as<float>(), y = found.at(name).as<float>();
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-5) << b << ' ' << name;
    }
  }
  /// With the network that was trained into the folder `run`.
  std::string small_extraction(const std::string& bank, int pictures,
                               const std::string& more = "") const {
    return text("extract 'model=mnist_convnet:", path("run/last.safetensors"),
                "' 'data=procedural:shapes?split=val&count=", pictures,
                "' as=shapes/val batch=8 threads=1 device=cpu 'bank=", path(bank), "' ", more);
  }
  /// Clouds of five classes about random points: the splits toy/train, of so many rows, and toy/test, of 3000 around and
  /// between them.
  void small_bank(const std::string& bank, std::size_t train_rows) const {
    constexpr std::size_t classes = 5, width = 16;
    Rng rng(train_rows);
    const auto draw = [&](std::size_t count) {
      std::vector<float> values(count);
      for (float& v : values) v = static_cast<float>(rng.normal());
      return values;
    };
    const std::vector<float> weight = draw(classes * width);
    io::write_npy(path(bank + "-w.npy"), Array({classes, width}, std::vector<float>(weight)));
    std::string script = text("'" NESCIO_PROGRAM "' import 'bank=", path(bank),
                              "' 'head_weight=", path(bank + "-w.npy"), "'\n");
    for (const auto& [split, rows] : {std::pair("train", train_rows), std::pair("test", 3000ul)}) {
      std::vector<float> features = draw(rows * width), logits(rows * classes);
      std::vector<std::int64_t> labels(rows);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t label = r * classes / rows;  // sorted: a process sees some of them
        labels[r] = static_cast<std::int64_t>(label);
        for (std::size_t d = 0; d < width; ++d) {
          float& h = features[r * width + d];
          h = std::max(0.0f, h + weight[label * width + d]);
          for (std::size_t c = 0; c < classes; ++c) {
            logits[r * classes + c] += h * weight[c * width + d];
          }
        }
      }
      const std::string at = path(text(bank, "-", split));
      io::write_npy(at + "-h.npy", Array({rows, width}, std::move(features)));
      io::write_npy(at + "-z.npy", Array({rows, classes}, std::move(logits)));
      io::write_npy(at + "-y.npy", Array({rows}, std::move(labels)));
      script +=
          text("'" NESCIO_PROGRAM "' import 'bank=", path(bank), "' as=toy/", split,
               " 'features=", at, "-h.npy' 'logits=", at, "-z.npy' 'labels=", at, "-y.npy'\n");
    }
    const auto [said, code] = shell("set -e\n" + script);
    ASSERT_EQ(code, 0) << said;
  }
  std::string fit(const std::string& spec, const std::string& bank, const std::string& out) const {
    return text("fit '", spec, "' 'bank=", path(bank),
                "' train=toy/train val=toy/train threads=1 'out=", path(out), "'");
  }
  std::string score(const std::string& detector, const std::string& bank, const std::string& out,
                    const std::string& more = "") const {
    return text("score '", path(detector), "' 'bank=", path(bank), "' sets=toy/test,toy/train ",
                "threads=1 'out=", path(out), "' ", more);
  }
  /// Whether two files that were written have the same bytes.
  void expect_same_file(const std::string& a, const std::string& b) const {
    EXPECT_TRUE(io::read_text(path(a)) == io::read_text(path(b))) << a << ' ' << b;
  }
  /// The SHA-256 of each array of the split.
  nlohmann::json sums(const std::string& bank) const {
    nlohmann::json out;
    const auto manifest = io::read_json(path(bank + "/bank.json"));
    const auto& split = manifest.at("splits").at("shapes/val");
    for (const auto& [name, array] : split.at("arrays").items()) out[name] = array.at("sha256");
    return out;
  }
  /// A shell's words: interrupt a training of the folder `run` as soon as it has written a checkpoint of its own.
  std::string until_a_checkpoint(const std::string& training) const {
    return text(training, " & nescio=$!\nwhile [ -z \"$(find '", path("run/checkpoints"),
                "' -newer '", path("script"),
                "')\" ]; do sleep 0.02; kill -0 $nescio || exit 9; done\n"
                "kill -INT $nescio\nwait $nescio\n");
  }
  /// A shell's words: start what `several` starts, kill -9 the process whose command has `mark` in it when `begun` succeeds,
  /// and exit as the launcher does, which has 30 s for it.
  static std::string kill_one(const std::string& several, const std::string& begun,
                              const std::string& mark) {
    return several +
           " & launcher=$!\n"
           "while ! " +
           begun +
           "; do sleep 0.02; kill -0 $launcher || exit 9; done\n"
           "kill -KILL $(pgrep -P $launcher -f " +
           mark +
           " | tail -n 1)\n"
           "( sleep 30 && { echo 'still there after 30 s'; kill -KILL $launcher; } ) & guard=$!\n"
           "wait $launcher; code=$?\n"
           "pkill -P $guard; kill $guard\n"
           "exit $code\n";
  }

  io::TestFolder folder_;
};

}  // namespace nescio
