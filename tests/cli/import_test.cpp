// What comes into a bank, and what is refused at its door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bank/feature_bank.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

class Import : public testing::Test {
 protected:
  std::string save(const std::string& name, const Array& array) const {
    io::write_npy(folder_ / name, array);
    return (folder_ / name).string();
  }
  std::string bank() const { return (folder_ / "bank").string(); }
  Outcome import(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"import", "bank=" + bank()});
    return nescio_program(arguments);
  }
  bool bank_has(const std::string& split) const {
    return std::filesystem::exists(folder_ / "bank" / split);
  }

  io::TestFolder folder_;
};

Array floats(std::size_t rows, std::size_t cols, float fill = 0.5F) {
  return Array({rows, cols}, std::vector<float>(rows * cols, fill));
}

TEST_F(Import, ConvertsDoublesAndSmallIntegers) {
  const auto logits = save("z.npy", Array({2, 2}, std::vector<double>{0.1, 1e-3, 3, -4}));
  const auto labels = save("y.npy", Array({2}, std::vector<std::int32_t>{1, -1}));
  const Outcome done = import({"as=a/test", "logits=" + logits, "labels=" + labels});
  ASSERT_EQ(done.code, 0) << done.log;
  const bank::FeatureBank made = bank::FeatureBank::open(bank());
  EXPECT_EQ(made.array("a/test", "logits").as<float>()[0], 0.1F);
  EXPECT_EQ(made.array("a/test", "labels").as<std::int64_t>()[1], -1);
  EXPECT_EQ(made.classes(), 2U);
}

TEST_F(Import, ReadsMembersOfSafetensors) {
  io::write_safetensors(folder_ / "all.safetensors",
                        {{"z", floats(3, 2)}, {"w", floats(2, 5)}, {"b", floats(2, 1)}});
  const std::string file = (folder_ / "all.safetensors").string();
  const Outcome done = import({"as=a/test", "logits=" + file + "#z", "head_weight=" + file + "#w",
                               "head_bias=" + file + "#b"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(bank::FeatureBank::open(bank()).feature_width(), 5U);
  expect_refusal(import({"as=a/val", "logits=" + file + "#zz"}), 1, {"zz"});
}

TEST_F(Import, WrongShapes) {
  const auto logits = save("z.npy", floats(4, 3));
  const auto short_labels = save("y.npy", Array({3}, std::vector<std::int64_t>(3)));
  const auto matrix_labels = save("y2.npy", Array({4, 2}, std::vector<std::int64_t>(8)));
  const auto flat = save("flat.npy", Array({12}, std::vector<float>(12)));
  expect_refusal(import({"as=a/test", "logits=" + logits, "labels=" + short_labels}), 1,
                 {"labels", "expected 4 rows", "found 3"});
  expect_refusal(import({"as=a/test", "logits=" + logits, "labels=" + matrix_labels}), 1,
                 {"labels", "expected [N]", "[4, 2]"});
  expect_refusal(import({"as=a/test", "logits=" + flat}), 1, {"logits", "[12]"});
  EXPECT_FALSE(bank_has("a/test"));
}

TEST_F(Import, AnotherNetworkNeedsAnotherBank) {
  ASSERT_EQ(import({"as=a/test", "logits=" + save("z.npy", floats(4, 3))}).code, 0);
  expect_refusal(import({"as=b/test", "logits=" + save("z5.npy", floats(4, 5))}), 1,
                 {"5 classes", "3"});
  expect_refusal(import({"head_weight=" + save("w.npy", floats(5, 8)),
                         "head_bias=" + save("b.npy", Array({5}, std::vector<float>(5)))}),
                 1, {"5 classes", "3"});
}

TEST_F(Import, HeadThatDoesNotFit) {
  const auto weight = save("w.npy", floats(8, 3));
  const auto bias = save("b.npy", Array({3}, std::vector<float>(3)));
  expect_refusal(import({"head_weight=" + weight, "head_bias=" + bias}), 1,
                 {"head_bias", "transposed"});
  expect_refusal(import({"head_bias=" + bias}), 2, {"head_weight"});
  const auto good = save("w2.npy", floats(3, 8));
  expect_refusal(import({"as=a/test", "logits=" + save("z.npy", floats(4, 4)),
                         "head_weight=" + good, "head_bias=" + bias}),
                 1, {"logits", "expected [N, 3]", "[4, 4]"});
}

TEST_F(Import, HeadWithoutBiasAndAsAConvolution) {
  const auto weight = save("w.npy", Array({2, 3, 1, 1}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  const Outcome done = import({"head_weight=" + weight});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(done.out, "head: [2, 3], bias 0\n");
  const auto head = bank::FeatureBank::open(bank()).head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->weight.shape(), (Shape{2, 3}));
  EXPECT_EQ(head->weight.as<float>()[5], 6);
  EXPECT_EQ(head->bias.as<float>()[0], 0);
}

TEST_F(Import, SidesOfOneDoNotCount) {
  for (const Shape& shape : {Shape{2, 3, 1, 1}, Shape{2, 1, 3}, Shape{2, 1, 1, 3}, Shape{2, 3}}) {
    const auto pooled = save("h.npy", Array(shape, std::vector<float>{1, 2, 3, 4, 5, 6}));
    const Outcome done = import({"as=a/test", "features=" + pooled});
    ASSERT_EQ(done.code, 0) << done.log;
    EXPECT_EQ(bank::FeatureBank::open(bank()).array("a/test", "features").shape(), (Shape{2, 3}));
  }
  const auto column = save("y.npy", Array({2, 1}, std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(import({"as=a/test", "labels=" + column}).code, 0);
}

TEST_F(Import, ShapesThatDoNotFitNameWhatToDo) {
  const auto refuse = [&](const char* array, const Shape& shape, const char* remedy) {
    const std::string x = save("x.npy", Array(shape, std::vector<float>(count_of(shape), 1)));
    expect_refusal(import({"as=a/test", text(array, "=", x)}), 1,
                   {array, to_string(shape), remedy});
  };
  refuse("features", {2, 3, 4, 4}, "x.reshape(len(x), -1), or x.mean((2, 3))");
  refuse("features", {2, 3, 4}, "x.reshape(len(x), -1)");
  refuse("features", {1, 5, 4}, "x[0]");
  refuse("features", {12}, "x.reshape(N, width)");
  refuse("labels", {4, 3}, "x.argmax(1)");
  refuse("index", {4, 3, 2}, "x.reshape(-1)");
  const auto logits = save("z.npy", floats(4, 3));
  const auto across = save("across.npy", floats(5, 4));
  expect_refusal(import({"as=a/test", "logits=" + logits, "features=" + across}), 1,
                 {"expected 4 rows", "found 5", "transposed", "x.T"});
}

TEST_F(Import, LabelsOfAnyTypeAreWholeNumbers) {
  const auto descr = [&](const char* type, const std::string& bytes) {
    std::string header = text("{'descr': '", type, "', 'fortran_order': False, 'shape': (2,), }");
    header.append(117 - header.size(), ' ');
    return folder_
        .file("y.npy", std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + bytes)
        .string();
  };
  const std::string zeros(7, '\0');
  for (const auto& [type, bytes] : std::vector<std::pair<const char*, std::string>>{
           {"|u1", "\x03\x01"},
           {"|i1", "\x03\x01"},
           {"<u2", std::string("\x03\0\x01\0", 4)},
           {">u2", std::string("\0\x03\0\x01", 4)},
           {"<u4", std::string("\x03\0\0\0\x01\0\0\0", 8)},
           {"<u8", "\x03" + zeros + "\x01" + zeros},
           {"<f4", std::string("\0\0\x40\x40\0\0\x80\x3f", 8)},
           {"<f2", std::string("\0\x42\0\x3c", 4)}}) {
    const Outcome done = import({"as=a/test", "labels=" + descr(type, bytes)});
    ASSERT_EQ(done.code, 0) << type << done.log;
    const Array labels = bank::FeatureBank::open(bank()).array("a/test", "labels");
    EXPECT_EQ(labels.as<std::int64_t>()[0], 3) << type;
    EXPECT_EQ(labels.as<std::int64_t>()[1], 1) << type;
  }
  const Outcome truth = import({"as=b/test", "labels=" + descr("|b1", std::string("\1\0", 2))});
  EXPECT_EQ(truth.code, 0) << truth.log;
}

TEST_F(Import, ProbabilitiesAreNoLogits) {
  const std::vector<double> p = {0.7, 0.2, 0.1, 0, 0.25, 0.75};
  const auto scaled = [&](double by, const char* name) {
    std::vector<double> values;
    for (const double v : p) values.push_back(by * v);
    return save(name, Array({2, 3}, values));
  };
  const auto logarithms = [&] {
    std::vector<double> values;
    for (const double v : p) values.push_back(std::log(std::max(v, 1e-30)));
    return save("log.npy", Array({2, 3}, values));
  };
  const auto as_logits = [&](const std::string& file, const std::string& words) {
    const Outcome done = import({"as=a/test", "logits=" + file});
    EXPECT_EQ(done.code, 0);
    EXPECT_NE(done.log.find("warning: logits (" + file + "): every row is of " + words),
              std::string::npos)
        << done.log;
  };
  as_logits(scaled(1, "p.npy"), "probabilities, taken as logits");
  as_logits(scaled(100, "percent.npy"), "probabilities in per cent, taken as logits");
  as_logits(logarithms(), "log-probabilities");
  const Outcome plain = import({"as=a/test", "logits=" + scaled(3, "z.npy")});
  EXPECT_EQ(plain.log.find("probabilities"), std::string::npos) << plain.log;
  for (const double by : {1.0, 100.0}) {
    const Outcome done = import({"as=b/test", "probabilities=" + scaled(by, "p.npy")});
    ASSERT_EQ(done.code, 0) << done.log;
    EXPECT_NE(done.log.find("the size of the network's logits is lost"), std::string::npos);
    const Array logits = bank::FeatureBank::open(bank()).array("b/test", "logits");
    EXPECT_NEAR(logits.as<float>()[0], std::log(0.7), 1e-6);
    EXPECT_NEAR(logits.as<float>()[3], std::log(std::numeric_limits<float>::min()), 1e-3);
  }
  expect_refusal(import({"as=c/test", "probabilities=" + scaled(3, "z.npy")}), 1,
                 {"probabilities", "sum 3", "row 0"});
  expect_refusal(import({"as=c/test", "probabilities=" + logarithms()}), 1, {"row 0, column 0"});
  expect_refusal(
      import({"as=c/test", "logits=" + scaled(1, "p.npy"), "probabilities=" + scaled(1, "p.npy")}),
      2, {"one of them"});
}

TEST_F(Import, LabelsBesideTheClassesAreNamed) {
  const auto logits = save("z.npy", floats(4, 3));
  const auto labelled = [&](std::vector<std::int64_t> values) {
    const auto labels = save("y.npy", Array({4}, std::move(values)));
    const Outcome done = import({"as=a/test", "logits=" + logits, "labels=" + labels});
    EXPECT_EQ(done.code, 0) << done.log;
    return done.log;
  };
  EXPECT_EQ(labelled({0, 2, -1, 1}).find("labels"), std::string::npos);
  EXPECT_NE(labelled({0, 2, 7, 3}).find("2 of the 4 labels are no class of 0 .. 2 (row 2 has 7)"),
            std::string::npos);
  EXPECT_NE(labelled({1, 2, 3, 3}).find("import labels - 1"), std::string::npos);
}

TEST_F(Import, WarnsOfAHeadOfAnotherNetwork) {
  const World world;
  write_rows(folder_.path(), "train", world, draw_rows(world, 20, false, 1));
  write_head(folder_.path(), world);
  auto arguments = import_arguments(folder_.path(), bank(), "train", "in/train");
  arguments.insert(arguments.end(),
                   {"head_weight=" + save("wrong.npy", floats(world.classes, world.width)),
                    "head_bias=" + (folder_ / "b.npy").string()});
  const Outcome done = nescio_program(arguments);
  EXPECT_EQ(done.code, 0);
  EXPECT_NE(done.log.find("warning: in/train: logits differ"), std::string::npos) << done.log;
}

TEST_F(Import, NumbersThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto with_nan = save("nan.npy", Array({2, 2}, std::vector<float>{0, 1, 2, nan}));
  expect_refusal(import({"as=a/test", "features=" + with_nan}), 1,
                 {"features", "row 1, column 1", "nan"});
  const auto huge = save("huge.npy", Array({2, 2}, std::vector<double>{0, 1e300, 2, 3}));
  expect_refusal(import({"as=a/test", "logits=" + huge}), 1,
                 {"logits", "row 0, column 1", "1e+300", "float32"});
  const auto half = save("half.npy", Array({2}, std::vector<double>{0, 0.5}));
  expect_refusal(import({"as=a/test", "labels=" + half}), 1, {"labels", "0.5", "row 1"});
  const auto whole = save("whole.npy", Array({2, 2}, std::vector<std::int64_t>(4)));
  expect_refusal(import({"as=a/test", "logits=" + whole}), 1, {"logits", "int64"});
  EXPECT_FALSE(bank_has("a/test"));
  // Beyond the first rows that are converted at once: nothing half-written stays either.
  std::vector<float> many(20000, 1);
  many[19999] = nan;
  expect_refusal(import({"as=a/test", "features=" + save("late.npy", Array({20000, 1}, many))}), 1,
                 {"row 19999, column 0"});
  std::vector<double> labels(20000, 1);
  labels[17000] = 1.5;
  expect_refusal(import({"as=a/test", "labels=" + save("late.npy", Array({20000}, labels))}), 1,
                 {"1.5 in row 17000"});
  EXPECT_FALSE(bank_has(".partial"));
}

TEST_F(Import, EmptyAndMissing) {
  expect_refusal(import({"as=a/test", "logits=" + save("none.npy", floats(0, 3))}), 1,
                 {"logits", "[0, 3]"});
  expect_refusal(import({"as=a/test", "logits=" + (folder_ / "absent.npy").string()}), 1,
                 {"absent.npy"});
  expect_refusal(import({"as=a/test", "logits=" + folder_.file("text.npy", "hello").string()}), 1,
                 {"text.npy"});
  expect_refusal(import({}), 2, {"nothing to import"});
  expect_refusal(import({"as=a/test"}), 2, {"nothing to import"});
  expect_refusal(import({"logits=" + save("z.npy", floats(1, 1))}), 2, {"as="});
  expect_refusal(import({"as=../../x", "logits=" + save("z.npy", floats(1, 1))}), 2, {"../../x"});
}

TEST_F(Import, FullDiskLeavesTheBankAsItWas) {
  ASSERT_EQ(import({"as=a/test", "logits=" + save("z.npy", floats(4, 3))}).code, 0);
  const auto big = save("big.npy", floats(20000, 3));
  expect_refusal(
      nescio_program_on_full_disk(64, {"import", "bank=" + bank(), "as=a/test", "logits=" + big}),
      1, {"logits.npy"});
  EXPECT_EQ(bank::FeatureBank::open(bank()).rows("a/test"), 4U);
}

TEST_F(Import, BringsInWhatALanguageModelSaid) {
  const std::string file =
      folder_
          .file(
              "t.jsonl",
              R"({"prompt": "a", "ground_truth": "b", "logprobs": [[[5, -1], [6, -0.6]], [[7, -0.1]]]})"
              "\n")
          .string();
  const Outcome done = import({"as=t/train", "tokens=" + file, "vocabulary=8", "top=1"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(done.out,
            "t/train: 2 tokens of 1 lines, the 1 most probable of each; 1 rows had more\n");
  const bank::FeatureBank made = bank::FeatureBank::open(bank());
  EXPECT_EQ(made.array("t/train", "labels").as<std::int64_t>()[1], 7);
  EXPECT_EQ(made.inputs("t/train", "top_log_p(view=0)").at("import").at("from"), file);
  const Outcome other = import({"as=t/train", "tokens=" + file, "vocabulary=8", "top=2"});
  EXPECT_THAT(other.log, testing::HasSubstr("top_classes(view=0)"));

  expect_refusal(import({"as=u/train", "tokens=" + file, "vocabulary=7"}), 1,
                 {"line 1: row 1: slot 0: found the token 7, expected 0 .. 6"});
  EXPECT_FALSE(bank_has("u"));
  expect_refusal(import({"tokens=" + file}), 2, {"missing as="});
  expect_refusal(import({"as=u/train", "tokens=" + file, "labels=y.npy"}), 2, {"stands alone"});
  expect_refusal(import({"as=u/train", "scores=x.npy", "tokens=" + file}), 2, {"stands alone"});
  expect_refusal(import({"as=u/train", "labels=y.npy", "top=3"}), 2, {"top=3 does nothing here"});
}

}  // namespace
}  // namespace nescio
