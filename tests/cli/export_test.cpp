// A detector goes into somebody's ONNX model; what it scores there is tested beside the library (src/onnx).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "io/npy.h"
#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

using testing::HasSubstr;

TEST(Export, PutsADetectorIntoAModel) {
  const io::TestFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  // A head of three features and two classes behind a softmax.
  const std::string model = NESCIO_SOURCE "/fuzz/corpus/onnx_model/good";
  std::vector<float> logits, features;
  for (int r = 0; r < 40; ++r) {
    logits.insert(logits.end(), {static_cast<float>(r % 7), static_cast<float>(r % 5)});
    features.insert(features.end(), {1, static_cast<float>(r % 3), 2});
  }
  io::write_npy(path("Z.npy"), Array({40, 2}, logits));
  io::write_npy(path("H.npy"), Array({40, 3}, features));
  const auto run = [](const std::vector<std::string>& words) { return nescio_program(words); };
  ASSERT_EQ(run({"import", "bank=" + path("bank"), "as=a/val", "logits=" + path("Z.npy"),
                 "features=" + path("H.npy")})
                .code,
            0);
  ASSERT_EQ(run({"fit", "energy", "bank=" + path("bank"), "out=" + path("energy")}).code, 0);
  const std::vector<std::string> words = {"export", path("energy"), "onnx=" + model,
                                          "out=" + path("o.onnx")};
  const Outcome plain = run(words);
  if (plain.log.find("built without ONNX") != std::string::npos) GTEST_SKIP() << "no libonnx-dev";
  ASSERT_EQ(plain.code, 0) << plain.log;
  EXPECT_EQ(plain.out, path("o.onnx") + "\n");
  EXPECT_THAT(plain.log, HasSubstr("energy reads z; new outputs: ood_score\n"));
  ASSERT_EQ(run({"calibrate", path("energy"), "bank=" + path("bank"), "id=a/val"}).code, 0);
  const Outcome calibrated = run(words);
  EXPECT_THAT(calibrated.log, HasSubstr("ood_score, is_ood, ood_p_value; the threshold is the "
                                        "optional input ood_threshold"));
  for (const char* name : {"nescio.detector", "nescio.calibration_rows", "ood_threshold"}) {
    EXPECT_THAT(io::read_text(path("o.onnx")), HasSubstr(name));
  }
  // What is in it already, and what cannot be.
  expect_refusal(run({"export", path("energy"), "onnx=" + path("o.onnx"), "out=" + path("p.onnx"),
                      "logits=z"}),
                 1, {"is the detector in it?"});
  expect_refusal(run({"export", path("energy"), "onnx=" + path("Z.npy"), "out=" + path("p.onnx")}),
                 1, {"is no ONNX model"});
  expect_refusal(
      run({"export", path("energy"), "onnx=" + model, "out=" + path("p.onnx"), "features=nowhere"}),
      1, {"no tensor 'nowhere'"});
  EXPECT_FALSE(std::filesystem::exists(path("p.onnx")));
}

}  // namespace
}  // namespace nescio
