#include "onnx/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "io/test_folder.h"
#include "onnx/test_model.h"

namespace nescio::onnx {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TestModel classifier(int opset = 17) {
  TestModel made(opset);
  made.input("h", type_float, 3);
  made.weights("W", {2, 3}, {1, 2, 3, 4, 5, 6}).weights("V", {3, 2}, {1, 4, 2, 5, 3, 6});
  made.weights("b", {2}, {0, 1}).weights("one", {1}, {0});
  return made;
}

class OnnxModel : public testing::Test {
 protected:
  Tensors found(const TestModel& made, const std::string& output = {}) {
    return Model(made.write(folder_ / "m.onnx")).find({.logits = output});
  }
  io::TestFolder folder_;
};

TEST_F(OnnxModel, FindsLogitsAndFeatures) {
  const Tensors gemm = found(classifier()
                                 .node("Relu", {"h"}, "r")
                                 .node("Gemm", {"r", "W", "b"}, "z", {{"transB", 1}})
                                 .node("Softmax", {"z"}, "p")
                                 .output("p", type_float, 2));
  EXPECT_EQ(gemm.logits, "z");
  EXPECT_EQ(gemm.features, std::vector<std::string>{"r"});
  EXPECT_EQ(gemm.classes, 2U);
  EXPECT_EQ(gemm.width, 3U);
  const Tensors product = found(classifier()
                                    .node("MatMul", {"h", "V"}, "m")
                                    .node("Add", {"b", "m"}, "z")
                                    .node("Identity", {"z"}, "same")
                                    .node("LogSoftmax", {"same"}, "p")
                                    .output("p", type_float, 2));
  EXPECT_EQ(product.logits, "same");
  EXPECT_EQ(product.features, std::vector<std::string>{"h"});
  EXPECT_EQ(product.classes, 2U);
  // Logits are an output themselves, reshaped and rounded on their way.
  const Tensors plain = found(classifier()
                                  .node("Flatten", {"h"}, "f")
                                  .node("Gemm", {"f", "V"}, "y")
                                  .node("Cast", {"y"}, "z", {{"to", 1}})
                                  .output("z", type_float, 2));
  EXPECT_EQ(plain.logits, "z");
  EXPECT_EQ(plain.features, std::vector<std::string>{"f"});
}

// Weights that are copied or turned on their way, and a convolution of the pooled features.
TEST_F(OnnxModel, ReadsTheLastLayer) {
  const auto expect_head = [&](TestModel made, const char* logits = "z") {
    const Model read(made.output(logits, type_float, 2).write(folder_ / "m.onnx"));
    const Tensors tensors = read.find({});
    EXPECT_EQ(tensors.classes, 2U);
    EXPECT_EQ(tensors.width, 3U);
    const auto head = read.head(tensors);
    ASSERT_TRUE(head);
    EXPECT_THAT(head->weight.as<float>(), testing::ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(head->bias.as<float>(), testing::ElementsAre(0, 1));
  };
  expect_head(classifier()
                  .node("Transpose", {"W"}, "T", {}, {{"perm", {1, 0}}})
                  .node("MatMul", {"h", "T"}, "m")
                  .node("Add", {"m", "b"}, "z"));
  expect_head(classifier()
                  .node("Identity", {"W"}, "same")
                  .node("Transpose", {"same"}, "T")
                  .node("Identity", {"b"}, "c")
                  .node("Gemm", {"h", "T", "c"}, "z"));
  expect_head(classifier()
                  .node("Transpose", {"V"}, "T")
                  .node("Gemm", {"h", "T", "b"}, "z", {{"transB", 1}}));
  expect_head(classifier()
                  .node("Transpose", {"W"}, "same", {}, {{"perm", {0, 1}}})
                  .node("Gemm", {"h", "same", "b"}, "z", {{"transB", 1}}));
  expect_head(classifier()
                  .weights("K", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})
                  .node("GlobalAveragePool", {"h"}, "pool")
                  .node("Conv", {"pool", "K", "b"}, "c", {}, {{"kernel_shape", {1, 1}}})
                  .node("Flatten", {"c"}, "z"));
  expect_head(classifier().node("Gemm", {"h", "V"}, "m").node("Add", {"b", "m"}, "z"));
  // The kernel's sides follow from its weights where nothing says them.
  expect_head(classifier()
                  .weights("K", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})
                  .node("GlobalAveragePool", {"h"}, "pool")
                  .node("Conv", {"pool", "K", "b"}, "c")
                  .node("Flatten", {"c"}, "z"));
  // Constants that are bare floats.
  expect_head(classifier()
                  .weights("twice", {3, 2}, {2, 8, 4, 10, 6, 12})
                  .node("Constant", {}, "half")
                  .with("value_float", .5F)
                  .node("Constant", {}, "c")
                  .with_floats("value_floats", {0, 2})
                  .node("MatMul", {"h", "twice"}, "m")
                  .node("Add", {"m", "c"}, "y")
                  .node("Mul", {"half", "y"}, "z"));
  // A product that is scaled on its way to the logits.
  expect_head(classifier()
                  .weights("half", {2, 3}, {.5F, 1, 1.5F, 2, 2.5F, 3})
                  .weights("c", {2}, {3, 3.5F})
                  .node("Gemm", {"h", "half", "c"}, "z", {{"transB", 1}})
                  .with("alpha", 2)
                  .with("beta", 2)
                  .weights("six", {1}, {6})
                  .node("Sub", {"z", "six"}, "y")
                  .node("Identity", {"y"}, "z2"),
              "z2");
  expect_head(classifier()
                  .weights("N", {3, 2}, {-2, -16, -4, -20, -6, -24})
                  .weights("t", {2}, {2, 4})
                  .weights("five", {1, 2}, {5, 6})
                  .weights("by", {}, {1})
                  .node("MatMul", {"h", "N"}, "m")
                  .node("Sub", {"five", "m"}, "n")
                  .node("Add", {"n", "by"}, "o")
                  .weights("off", {2}, {6, 7})
                  .node("Sub", {"o", "off"}, "p")
                  .node("Div", {"p", "t"}, "q")
                  .node("Add", {"q", "b"}, "z"));
  // Weights in eight bits: of all rows alike, of each class, and multiplied as they are.
  constexpr int int8 = ::onnx::TensorProto::INT8, uint8 = ::onnx::TensorProto::UINT8;
  const auto rounded = [&] {
    return classifier()
        .whole("q", int8, {2, 3}, {2, 4, 6, 8, 10, 12})
        .whole("p", uint8, {3, 2}, {11, 18, 12, 20, 13, 22})
        .weights("s", {}, {.5F})
        .weights("ss", {2}, {1, .5F})
        .whole("zz", uint8, {2}, {10, 10});
  };
  expect_head(rounded()
                  .node("DequantizeLinear", {"q", "s"}, "w")
                  .node("Gemm", {"h", "w", "b"}, "y", {{"transB", 1}})
                  .node("QuantizeLinear", {"y", "s"}, "r")
                  .node("DequantizeLinear", {"r", "s"}, "z"));
  expect_head(rounded()
                  .node("DequantizeLinear", {"p", "ss", "zz"}, "w", {{"axis", 1}})
                  .node("Gemm", {"h", "w", "b"}, "z"));
  expect_head(rounded()
                  .weights("fine", {2, 3}, {1.1F, 2, 2.9F, 4.2F, 5, 6})
                  .node("QuantizeLinear", {"fine", "s"}, "whole")
                  .node("DequantizeLinear", {"whole", "s"}, "w")
                  .node("Gemm", {"h", "w", "b"}, "z", {{"transB", 1}}));
  expect_head(rounded()
                  .node("DynamicQuantizeLinear", {"h"}, "hq")
                  .also_gives("hs")
                  .also_gives("hz")
                  .node("MatMulInteger", {"hq", "p", "hz", "zz"}, "i")
                  .node("Cast", {"i"}, "f", {{"to", 1}})
                  .node("Mul", {"hs", "ss"}, "both")
                  .node("Mul", {"f", "both"}, "m")
                  .node("Add", {"m", "b"}, "z"));
  // A step that needs what it is to make.
  const Model turning(rounded()
                          .node("DequantizeLinear", {"q", "w"}, "w")
                          .node("Gemm", {"h", "w", "b"}, "z", {{"transB", 1}})
                          .output("z", type_float, 2)
                          .write(folder_ / "m.onnx"));
  EXPECT_EQ(turning.find({}).features, std::vector<std::string>{"h"});
  EXPECT_FALSE(turning.head(turning.find({})));
  const Model empty(classifier()
                        .weights("E", {3, 0}, {})
                        .weights("k", {0}, {})
                        .node("Gemm", {"h", "E", "k"}, "y")
                        .node("Mul", {"y", "k"}, "z")
                        .output("z", type_float, 2)
                        .write(folder_ / "m.onnx"));
  EXPECT_FALSE(empty.head(empty.find({})));
  // A file says how much it holds; there is nothing.
  const Model hollow(classifier()
                         .weights("E", {1 << 30, 1 << 30}, {})
                         .node("Gemm", {"h", "E"}, "z", {{"transB", 1}})
                         .output("z", type_float, 2)
                         .write(folder_ / "m.onnx"));
  EXPECT_FALSE(hollow.head(hollow.find({})));
  // A convolution whose classes read a part of the features each.
  const Model grouped(classifier()
                          .weights("K", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})
                          .node("GlobalAveragePool", {"h"}, "pool")
                          .node("Conv", {"pool", "K", "b"}, "z", {{"group", 2}})
                          .output("z", type_float, 2)
                          .write(folder_ / "m.onnx"));
  EXPECT_EQ(grouped.find({}).features, std::vector<std::string>{"pool"});
  EXPECT_EQ(grouped.find({}).width, std::nullopt);
  EXPECT_FALSE(grouped.head(grouped.find({})));
  // With something between them the logits are no linear function.
  const Model bent(classifier()
                       .weights("K", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})
                       .node("Conv", {"h", "K", "b"}, "c", {}, {{"kernel_shape", {1, 1}}})
                       .node("Relu", {"c"}, "r")
                       .node("GlobalAveragePool", {"r"}, "z")
                       .output("z", type_float, 2)
                       .write(folder_ / "m.onnx"));
  EXPECT_EQ(bent.find({}).features, std::vector<std::string>{"h"});
  EXPECT_FALSE(bent.head(bent.find({})));
}

// As networks with a second token for distillation have them.
TEST_F(OnnxModel, ReadsLastLayersThatAreAddedUp) {
  const Model two(classifier()
                      .weights("two", {}, {2})
                      .weights("U", {2, 1}, {10, 20})
                      .weights("c", {2}, {3, 5})
                      .node("Relu", {"h"}, "r")
                      .node("Gemm", {"h", "W", "b"}, "m", {{"transB", 1}})
                      .node("Abs", {"h"}, "a")
                      .node("Gemm", {"a", "U", "c"}, "n", {{"transB", 1}})
                      .node("MatMul", {"h", "V"}, "again")
                      .node("Add", {"m", "n"}, "both")
                      .node("Add", {"again", "both"}, "three")
                      .node("Sub", {"c", "three"}, "less")
                      .node("Div", {"less", "two"}, "z")
                      .output("z", type_float, 2)
                      .write(folder_ / "m.onnx"));
  const Tensors tensors = two.find({});
  EXPECT_EQ(tensors.features, (std::vector<std::string>{"h", "a"}));
  EXPECT_EQ(tensors.classes, 2U);
  EXPECT_EQ(tensors.width, 4U);
  const auto head = two.head(tensors);
  ASSERT_TRUE(head);
  // (c - (h W^T + b + a U^T + c + h W^T)) / 2
  EXPECT_THAT(head->weight.as<float>(), testing::ElementsAre(-1, -2, -3, -5, -4, -5, -6, -10));
  EXPECT_THAT(head->bias.as<float>(), testing::ElementsAre(0, -0.5F));
}

TEST_F(OnnxModel, FindsNoFeaturesWhereASummandIsNoLayer) {
  const Model read(classifier()
                       .node("MatMul", {"h", "V"}, "m")
                       .node("Relu", {"m"}, "r")
                       .node("Add", {"m", "r"}, "z")
                       .output("z", type_float, 2)
                       .write(folder_ / "m.onnx"));
  EXPECT_THAT(read.find({}).features, testing::IsEmpty());
  EXPECT_EQ(read.before("z"), "'m' (MatMul), 'r' (Relu)");
  // Layers whose weights do not fit together, and more summands than anybody's.
  const Tensors apart = found(classifier()
                                  .weights("U", {3, 1}, {1, 2, 3})
                                  .node("MatMul", {"h", "V"}, "m")
                                  .node("MatMul", {"h", "U"}, "n")
                                  .node("Add", {"m", "n"}, "z")
                                  .output("z", type_float, 2));
  EXPECT_FALSE(apart.width);
  TestModel many = classifier();
  many.node("MatMul", {"h", "V"}, "t0");
  for (int i = 0; i < 60; ++i) many.node("Add", {text("t", i), text("t", i)}, text("t", i + 1));
  EXPECT_THAT(found(many.output("t60", type_float, 2)).features, testing::IsEmpty());
}

TEST_F(OnnxModel, KnowsFeaturesThatItHasPutSideBySide) {
  Model read(classifier()
                 .weights("U", {2, 1}, {10, 20})
                 .node("MatMul", {"h", "V"}, "m")
                 .node("Abs", {"h"}, "a")
                 .node("Gemm", {"a", "U"}, "n", {{"transB", 1}})
                 .node("Add", {"m", "n"}, "z")
                 .output("z", type_float, 2)
                 .write(folder_ / "m.onnx"));
  const Tensors before = read.find({});
  const std::string joined = read.side_by_side(before.features);
  EXPECT_EQ(read.side_by_side({"h"}), "h");
  read.write(folder_ / "n.onnx");
  const Model again(folder_ / "n.onnx");
  const Tensors after = again.find({.features = joined});
  EXPECT_EQ(after.features, before.features);
  EXPECT_TRUE(again.head(after));
  EXPECT_EQ(again.find({.features = "a"}).features, std::vector<std::string>{"a"});
}

TEST_F(OnnxModel, TakesTheOutputInFloatsBesideOneInClasses) {
  TestModel made = classifier()
                       .node("Gemm", {"h", "V"}, "z")
                       .node("ArgMax", {"z"}, "label")
                       .output("label", ::onnx::TensorProto::INT64, 1)
                       .node("Softmax", {"z"}, "p")
                       .output("p", type_float, 2);
  EXPECT_EQ(found(made).logits, "z");
  // Features and the logits themselves may be outputs, too.
  made.output("z", type_float, 2).node("Relu", {"h"}, "r").output("r", type_float, 3);
  EXPECT_EQ(found(made).logits, "z");
  // A second answer.
  EXPECT_THAT(
      [&] {
        found(made.node("Gemm", {"r", "V"}, "y").output("y", type_float, 2));
      },
      ThrowsMessage<Error>(HasSubstr("has 5 outputs; name the logits")));
  // An embedding that a layer makes.
  const Tensors behind = found(classifier()
                                   .weights("S", {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1})
                                   .node("Gemm", {"h", "S"}, "e")
                                   .output("e", type_float, 3)
                                   .node("Gemm", {"e", "V"}, "z")
                                   .output("z", type_float, 2));
  EXPECT_EQ(behind.logits, "z");
  EXPECT_EQ(behind.features, std::vector<std::string>{"e"});
}

TEST_F(OnnxModel, TakesBackASoftmaxThatIsWrittenOut) {
  const auto softmax = [](const char* shifted_by) {
    return classifier()
        .node("Gemm", {"h", "V"}, "z")
        .node("ReduceMax", {"z"}, "most")
        .node("Max", {"one", "most"}, "peak")
        .node("Sub", {"z", shifted_by}, "below")
        .node("Exp", {"below"}, "e")
        .node("ReduceSum", {"e"}, "sum")
        .node("Expand", {"sum", "one"}, "sums")
        .node("Div", {"e", "sums"}, "p")
        .output("p", type_float, 2);
  };
  EXPECT_EQ(found(softmax("peak")).logits, "z");
  EXPECT_EQ(found(softmax("one")).logits,
            "below");  // whatever was taken off, it is the same softmax
  const auto logarithm = classifier()
                             .node("Gemm", {"h", "V"}, "z")
                             .node("Softmax", {"z"}, "p")
                             .node("Log", {"p"}, "l")
                             .output("l", type_float, 2);
  EXPECT_EQ(found(logarithm).logits, "z");
  EXPECT_EQ(found(logarithm).features, std::vector<std::string>{"h"});
}

// Weights that were inputs because a version of the format wanted it are none in a later one, where they could be given.
TEST_F(OnnxModel, WeightsOfOldFilesStayConstant) {
  ::onnx::ModelProto old;
  ASSERT_TRUE(old.ParseFromString(classifier(9)
                                      .input("V", type_float, 2)
                                      .node("Gemm", {"h", "V"}, "z")
                                      .output("z", type_float, 2)
                                      .bytes()));
  const auto inputs_written_by = [&](int version) {
    old.set_ir_version(version);
    io::write_text(folder_ / "m.onnx", old.SerializeAsString());
    ::onnx::ModelProto written;
    EXPECT_TRUE(written.ParseFromString(Model(folder_ / "m.onnx").bytes()));
    std::vector<std::string> names;
    for (const auto& value : written.graph().input()) names.push_back(value.name());
    return names;
  };
  EXPECT_THAT(inputs_written_by(3), testing::ElementsAre("h"));
  EXPECT_THAT(inputs_written_by(4), testing::ElementsAre("h", "V"));
}

TEST_F(OnnxModel, AsksWhereItIsNotCertain) {
  const auto two = classifier()
                       .node("Gemm", {"h", "V"}, "z")
                       .node("Sigmoid", {"z"}, "s")
                       .node("Conv", {"h"}, "c")
                       .output("z", type_float, 2)
                       .output("s", type_float, 2)
                       .output("c", type_float, 2);
  EXPECT_THAT([&] { found(two); }, ThrowsMessage<Error>(HasSubstr("Outputs: z, s, c")));
  EXPECT_EQ(found(two, "z").features, std::vector<std::string>{"h"});
  EXPECT_THAT([&] { found(two, "s"); }, ThrowsMessage<Error>(HasSubstr("comes from Sigmoid")));
  EXPECT_THAT(found(two, "c").features, testing::IsEmpty());
  EXPECT_THAT([&] { found(two, "nothing"); },
              ThrowsMessage<Error>(HasSubstr("no tensor 'nothing'")));
}

TEST_F(OnnxModel, SurvivesWhatIsNoModel) {
  const std::string whole =
      classifier().node("Gemm", {"h", "V"}, "z").output("z", type_float, 2).bytes();
  const auto path = folder_ / "m.onnx";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    io::write_text(path, whole.substr(0, cut));
    try {
      Model(path).find({});
    } catch (const Error&) {
    }
  }
  for (const std::string& bytes :
       {std::string(), std::string("no model"), std::string(300, '\xff')}) {
    io::write_text(path, bytes);
    EXPECT_THAT([&] { Model read(path); }, ThrowsMessage<Error>(HasSubstr("is no ONNX model")))
        << bytes.size();
  }
  EXPECT_THAT(
      [&] {
        const auto old = classifier(9).node("Gemm", {"h", "V"}, "z").output("z", type_float, 2);
        EXPECT_EQ(found(old).features,
                  std::vector<std::string>{"h"});  // it can be run, but not added to
        Model(old.write(path)).writer();
      },
      ThrowsMessage<Error>(HasSubstr("opset 9")));
  // A graph that goes round, and one whose names are made twice.
  EXPECT_THROW(found(classifier()
                         .node("Identity", {"b2"}, "a2")
                         .node("Identity", {"a2"}, "b2")
                         .output("a2", type_float, 2))
                       .features.empty()
                   ? throw Error("none")
                   : 0,
               Error);
  EXPECT_THAT(
      [&] {
        found(classifier()
                  .node("Relu", {"h"}, "z")
                  .node("Relu", {"h"}, "z")
                  .output("z", type_float, 2));
      },
      ThrowsMessage<Error>(HasSubstr("two nodes make")));
}

TEST_F(OnnxModel, TakesNoNodesIntoABrokenGraph) {
  const auto write = [&](TestModel& made) {
    Model(made.output("z", type_float, 2).write(folder_ / "m.onnx")).writer();
  };
  TestModel whole = classifier();
  write(whole.node("Gemm", {"h", "V"}, "z"));
  TestModel missing = classifier();
  EXPECT_THAT(
      [&] {
        write(missing.node("Gemm", {"gone", "V"}, "z"));
      },
      ThrowsMessage<Error>(HasSubstr("a node Gemm reads the tensor 'gone', which no node")));
  TestModel without_output = classifier();
  EXPECT_THAT(
      [&] {
        write(without_output.node("Gemm", {"h", "V"}, "y"));
      },
      ThrowsMessage<Error>(HasSubstr("an output reads the tensor 'z'")));
  TestModel circle = classifier();
  EXPECT_THAT(
      [&] {
        write(circle.node("Add", {"h", "b"}, "a")
                  .node("Abs", {"a"}, "b")
                  .node("Gemm", {"a", "V"}, "z"));
      },
      ThrowsMessage<Error>(HasSubstr("depends on itself")));
  // In another order than that in which they are computed, which runtimes take.
  TestModel turned = classifier();
  write(turned.node("Relu", {"y"}, "z").node("Gemm", {"h", "V"}, "y"));
}

// Before the numbers, which are gigabytes, are copied.
TEST_F(OnnxModel, TakesNoMoreThanAFileHolds) {
  Model model(classifier()
                  .node("Gemm", {"h", "W", "b"}, "z")
                  .output("z", type_float, 2)
                  .write(folder_ / "m.onnx"));
  constexpr std::int64_t count = std::int64_t{1} << 29;
  const std::unique_ptr<float, decltype(&std::free)> zeros(
      static_cast<float*>(std::calloc(count, sizeof(float))), &std::free);
  ASSERT_TRUE(zeros);
  const auto add = [&] {
    model.writer()->constant(std::vector{count}, std::span<const float>(zeros.get(), count));
  };
  EXPECT_THAT(add, ThrowsMessage<Error>(HasSubstr("2 GiB")));
}

TEST_F(OnnxModel, SaysWhichFilesBelongToIt) {
  auto made = classifier().node("Gemm", {"h", "V"}, "z").output("z", type_float, 2);
  EXPECT_TRUE(Model(made.write(folder_ / "m.onnx")).external_files().empty());
  made.external("U", "m.onnx.data").external("T", "m.onnx.data");
  EXPECT_EQ(Model(made.write(folder_ / "m.onnx")).external_files(),
            std::vector<std::string>{"m.onnx.data"});
}

TEST_F(OnnxModel, KeepsWhatItDoesNotKnow) {
  const auto path = classifier()
                        .node("Gemm", {"h", "V"}, "z")
                        .output("z", type_float, 2)
                        .write(folder_ / "m.onnx");
  // A field of a later schema: number 900, two bytes.
  io::write_text(path, io::read_text(path) + std::string("\xA2\x38\x02hi"));
  Model(path).write(folder_ / "n.onnx");
  EXPECT_EQ(io::read_text(folder_ / "n.onnx"), io::read_text(path));
}

}  // namespace
}  // namespace nescio::onnx
