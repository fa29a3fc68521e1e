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
  EXPECT_THAT(plain.log, HasSubstr("energy reads z; new outputs: ood_score; "));
  ASSERT_EQ(run({"calibrate", path("energy"), "bank=" + path("bank"), "id=a/val"}).code, 0);
  const Outcome calibrated = run(words);
  EXPECT_THAT(calibrated.log, HasSubstr("ood_score, is_ood, ood_p_value; the threshold is the "
                                        "optional input ood_threshold"));
  for (const char* name : {"nescio.detector", "nescio.calibration_rows", "ood_threshold"}) {
    EXPECT_THAT(io::read_text(path("o.onnx")), HasSubstr(name));
  }
  const std::string before = run({"inspect", model}).out,
                    after = run({"inspect", path("o.onnx")}).out;
  for (const char* word : {"ONNX model", "logits    z", "head      [2, 3]"}) {
    EXPECT_THAT(before, HasSubstr(word));
  }
  for (const char* word : {"ONNX model", "energy", "unchanged", "ood_p_value"}) {
    EXPECT_THAT(after, HasSubstr(word));
  }
  // Half of it is a damaged model, whatever its bytes look like.
  const std::string whole = io::read_text(path("o.onnx"));
  io::write_text(path("half.onnx"), whole.substr(0, whole.size() / 2));
  expect_refusal(run({"inspect", path("half.onnx")}), 1,
                 {"half.onnx", "is no ONNX model (damaged"});
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

// Whoever imported probabilities has fitted on their logarithms, and so the model computes them.
TEST(Export, NormalisesLogitsWhereProbabilitiesWereImported) {
  const io::TestFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  const auto run = [](const std::vector<std::string>& words) { return nescio_program(words); };
  std::vector<float> probabilities;
  for (int r = 1; r < 20; ++r) {
    probabilities.insert(probabilities.end(),
                         {static_cast<float>(r) / 20, 1 - static_cast<float>(r) / 20});
  }
  io::write_npy(path("P.npy"), Array({19, 2}, probabilities));
  ASSERT_EQ(run({"import", "bank=" + path("b"), "as=a/val", "probabilities=" + path("P.npy")}).code,
            0);
  ASSERT_EQ(run({"fit", "max_logit", "bank=" + path("b"), "out=" + path("d")}).code, 0);
  const Outcome exported =
      run({"export", path("d"), "onnx=" NESCIO_SOURCE "/fuzz/corpus/onnx_model/good",
           "out=" + path("o.onnx")});
  if (exported.log.find("built without ONNX") != std::string::npos)
    GTEST_SKIP() << "no libonnx-dev";
  EXPECT_THAT(exported.log, HasSubstr("reads z (as log probabilities); "));
  EXPECT_THAT(io::read_text(path("o.onnx")), HasSubstr("LogSoftmax"));
}

// A network in a file of its own: extracted from, exported, verified, changed.
TEST(Export, IsVerified) {
  const io::TestFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  const auto run = [](const std::vector<std::string>& words) { return nescio_program(words); };
  const std::string network = "model=onnx:" NESCIO_SOURCE "/tests/cli/testdata/small_network.onnx";
  const std::string pictures = "files:" NESCIO_TEST_PICTURES;
  const Outcome extracted =
      run({"extract", network, "data=" + pictures, "bank=" + path("bank"), "as=a/val"});
  for (const char* missing : {"without ONNX's schema", "ONNX Runtime, which is not there"}) {
    if (extracted.log.find(missing) != std::string::npos) GTEST_SKIP() << missing;
  }
  ASSERT_EQ(extracted.code, 0) << extracted.log;
  EXPECT_THAT(extracted.out, HasSubstr("logits [3], features [12]"));
  ASSERT_EQ(
      run({"fit", "vim(dim=4)", "bank=" + path("bank"), "train=a/val", "out=" + path("d")}).code,
      0);
  ASSERT_EQ(run({"calibrate", path("d"), "bank=" + path("bank"), "id=a/val", "keep=0.8"}).code, 0);
  const Outcome scored = run({"score", path("d"), network, "data=" + pictures, "format=csv"});
  EXPECT_EQ(scored.code, 0) << scored.log;
  EXPECT_THAT(scored.out, HasSubstr("dog"));  // the model's own names
  const std::string file = NESCIO_SOURCE "/tests/cli/testdata/small_network.onnx";
  const Outcome exported = run({"export", path("d"), "onnx=" + file, "out=" + path("o.onnx")});
  ASSERT_EQ(exported.code, 0);
  EXPECT_THAT(exported.log, testing::Not(HasSubstr("another file")));
  std::string other = io::read_text(file);
  other[other.find("K") + 40] ^= 1;
  io::write_text(path("other.onnx"), other);
  EXPECT_THAT(run({"export", path("d"), "onnx=" + path("other.onnx"), "out=" + path("p.onnx")}).log,
              HasSubstr("was fitted on another file than " + path("other.onnx")));
  const Outcome verified =
      run({"verify", path("o.onnx"), "detector=" + path("d"), "data=" + pictures, "--json"});
  EXPECT_EQ(verified.code, 0) << verified.log << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("\"agrees\": true"));

  expect_refusal(run({"verify", NESCIO_SOURCE "/tests/cli/testdata/small_network.onnx"}), 1,
                 {"holds no detector"});
  expect_refusal(run({"verify", path("o.onnx"), "data=" + pictures}), 2, {"wants detector="});
  ASSERT_EQ(
      run({"fit", "vim(dim=3)", "bank=" + path("bank"), "train=a/val", "out=" + path("e")}).code,
      0);
  expect_refusal(run({"verify", path("o.onnx"), "detector=" + path("e")}), 1, {"vim(dim=4)"});
  // One bit of a weight of the model.
  std::string bytes = io::read_text(path("o.onnx"));
  const auto weight = bytes.find("K") + 40;
  bytes[weight] = static_cast<char>(bytes[weight] ^ 1);
  io::write_text(path("o.onnx"), bytes);
  const Outcome changed = run({"verify", path("o.onnx")});
  EXPECT_EQ(changed.code, 1);
  EXPECT_THAT(changed.out, HasSubstr("FAILED"));
}

// A bank's tensors are the detector's: export takes them, and answers of others are refused.
TEST(Export, KeepsToTheTensorsOfTheBank) {
  const io::TestFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  const auto run = [](const std::vector<std::string>& words) { return nescio_program(words); };
  const std::string file = NESCIO_SOURCE "/tests/cli/testdata/small_network.onnx";
  const std::string pictures = "data=files:" NESCIO_TEST_PICTURES;
  const std::string named = "model=onnx:" + file + "?features=r", plain = "model=onnx:" + file;
  const Outcome extracted = run({"extract", named, pictures, "bank=" + path("bank"), "as=a/val"});
  for (const char* missing : {"without ONNX's schema", "ONNX Runtime, which is not there"}) {
    if (extracted.log.find(missing) != std::string::npos) GTEST_SKIP() << missing;
  }
  ASSERT_EQ(extracted.code, 0) << extracted.log;
  ASSERT_EQ(
      run({"fit", "knn(k=2)", "bank=" + path("bank"), "train=a/val", "out=" + path("d")}).code, 0);
  const Outcome exported = run({"export", path("d"), "onnx=" + file, "out=" + path("o.onnx")});
  EXPECT_THAT(exported.log, HasSubstr("reads r; "));
  const Outcome verified =
      run({"verify", path("o.onnx"), "detector=" + path("d"), pictures, "--json"});
  EXPECT_EQ(verified.code, 0) << verified.log << verified.out;
  EXPECT_EQ(run({"score", path("d"), named, pictures}).code, 0);
  const Outcome scored = run({"score", path("d"), plain, pictures});
  EXPECT_EQ(scored.code, 1);
  EXPECT_THAT(scored.log, testing::AllOf(HasSubstr("tensors"), HasSubstr("[\"r\"]")));
  const Outcome mixed = run({"extract", plain, pictures, "bank=" + path("bank"), "as=a/test"});
  EXPECT_EQ(mixed.code, 1);
  EXPECT_THAT(mixed.log, HasSubstr("belongs to onnx(logits=z,features=r)"));
}

// float16, and weights in a file of their own, which goes where the new model goes.
TEST(Export, TakesTheWeightsAlong) {
  const io::TestFolder folder;
  const auto path = [&](const std::string& name) { return (folder / name).string(); };
  const auto run = [](const std::vector<std::string>& words) { return nescio_program(words); };
  const std::string model = NESCIO_SOURCE "/tests/cli/testdata/half_network.onnx";
  const std::string pictures = "files:" NESCIO_TEST_PICTURES;
  const Outcome extracted = run(
      {"extract", "model=onnx:" + model, "data=" + pictures, "bank=" + path("bank"), "as=a/train"});
  for (const char* missing : {"without ONNX's schema", "ONNX Runtime, which is not there"}) {
    if (extracted.log.find(missing) != std::string::npos) GTEST_SKIP() << missing;
  }
  ASSERT_EQ(extracted.code, 0) << extracted.log;
  for (const std::string spec : {"energy", "react(fit_on=train)+energy"}) {
    ASSERT_EQ(run({"fit", spec, "bank=" + path("bank"), "train=a/train", "out=" + path("d")}).code,
              0);
    const Outcome exported =
        run({"export", path("d"), "onnx=" + model, "out=" + path("new/m.onnx")});
    ASSERT_EQ(exported.code, 0) << exported.log;
    EXPECT_THAT(exported.log, HasSubstr("its weights lie in half_network.onnx.data"));
    const Outcome verified =
        run({"verify", path("new/m.onnx"), "detector=" + path("d"), "data=" + pictures, "--json"});
    EXPECT_EQ(verified.code, 0) << verified.log << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("of float16"));
  }
  // Features that are means of float16 maps.
  const std::string maps = "model=onnx:" + model + "?features=r";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"extract", maps, "data=" + pictures, "bank=" + path("maps"),
                                 "as=a/train"},
        {"fit", "knn(k=2)", "bank=" + path("maps"), "train=a/train", "out=" + path("k")},
        {"export", path("k"), "onnx=" + model, "out=" + path("new/k.onnx")}}) {
    ASSERT_EQ(run(words).code, 0) << words[0];
  }
  const Outcome verified =
      run({"verify", path("new/k.onnx"), "detector=" + path("k"), "data=" + pictures, "--json"});
  EXPECT_EQ(verified.code, 0) << verified.log << verified.out;

  std::string bytes = io::read_text(path("new/half_network.onnx.data"));
  bytes[0] = static_cast<char>(bytes[0] ^ 1);
  io::write_text(path("new/half_network.onnx.data"), bytes);
  EXPECT_THAT(run({"verify", path("new/m.onnx")}).out, HasSubstr("FAILED"));
  // Another model's weights are not replaced.
  expect_refusal(run({"export", path("d"), "onnx=" + model, "out=" + path("new/n.onnx")}), 1,
                 {"is there and differs"});
  std::filesystem::remove(path("new/half_network.onnx.data"));
  expect_refusal(run({"verify", path("new/m.onnx")}), 1, {"no file beside it"});
}

}  // namespace
}  // namespace nescio
