// Every detector that can stand in an ONNX model, fitted on real features: ONNX Runtime against the reference executor.
// NESCIO_GOLDEN names the folder; without it, or without ONNX Runtime, the test is skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "detectors/toy_bank.h"
#include "io/npy.h"
#include "io/test_folder.h"
#include "onnx/export.h"
#include "onnx/test_model.h"
#include "runtime/onnx_session.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;

constexpr int type_float = 1;
constexpr std::size_t tile = 500;  // distances to every training row are written out

fs::path golden() {
  const char* path = std::getenv("NESCIO_GOLDEN");
  return path ? path : "";
}

Array stored(const std::string& name) { return io::read_npy(golden() / "bank" / (name + ".npy")); }

bank::BankView view(const std::string& split, bool labels) {
  std::map<std::string, Array> arrays = {{"features", stored(split + "_features")},
                                         {"logits", stored(split + "_logits")}};
  if (labels) arrays.emplace("labels", stored(split + "_labels"));
  return bank::view_of("golden/" + split, arrays, Head{stored("head_weight"), stored("head_bias")});
}

TEST(OnnxGolden, GivesTheScoresOfTheReference) {
  if (golden().empty()) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const auto views = bank::BankViews()
                         .with(view("train", true))
                         .with(view("id_val", true))
                         .with(view("ood_val", false));
  const io::TestFolder folder;
  std::size_t done = 0;
  for (const std::string& spec : detectors::all_specs()) {
    if (!detectors::Chain(spec).needs().arrays.empty()) continue;
    SCOPED_TRACE(spec);
    const auto fitted =
        detectors::fit_detector(views, spec, {"golden/train", "golden/id_val", {"golden/ood_val"}});
    const std::size_t width = stored("head_weight").cols(), classes = stored("head_weight").rows();
    onnx::TestModel made(17);
    made.input("h", type_float, width).input("logits", type_float, classes);
    made.node("Identity", {"logits"}, "z").output("z", type_float, classes);
    onnx::Model model(made.write(folder / "m.onnx"));
    onnx::add_detector(model, fitted, nullptr, {.logits = "z", .features = "h"});
    const std::string bytes = model.bytes();
    const runtime::OnnxSession session(
        {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "golden");
    const auto program = fitted.compile(expr::Executor::reference);
    double apart = 0, low = 1e300, high = -1e300;
    for (const char* split : {"id_test", "far_gtsrb"}) {
      const Array features = stored(std::string(split) + "_features").to_float32();
      const Array logits = stored(std::string(split) + "_logits").to_float32();
      const MatrixView h = features.matrix(), z = logits.matrix();
      const std::size_t rows = std::min(tile, h.rows);
      std::vector<double> expected(rows);
      program->run({{"features", h.slice(0, rows)}, {"logits", z.slice(0, rows)}},
                   {expected.data()});
      const auto part = [&](const MatrixView& all) {
        return Array({rows, all.cols},
                     std::vector<float>(all.row(0), all.row(0) + rows * all.cols));
      };
      const Array said =
          session.run({{"h", part(h)}, {"logits", part(z)}}, {"ood_score"}).front().to_float64();
      for (std::size_t r = 0; r < rows; ++r) {
        apart = std::max(apart, std::abs(said.as<double>()[r] - expected[r]));
        low = std::min(low, expected[r]);
        high = std::max(high, expected[r]);
      }
    }
    EXPECT_LT(apart, 1e-5 * (high - low)) << "range " << high - low;
    ++done;
  }
  EXPECT_GT(done, 30U);
}

}  // namespace
}  // namespace nescio
