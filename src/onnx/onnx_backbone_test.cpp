#include "onnx/onnx_backbone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/usage.h"
#include "io/test_folder.h"
#include "onnx/class_names.h"
#include "onnx/test_model.h"
#include "runtime/onnx_session.h"

namespace nescio::onnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

constexpr int type_uint8 = 2, type_int32 = 6, type_float16 = 10;
constexpr std::size_t classes = 2, planes = 3;

struct Input {
  int type = type_float;
  std::vector<std::int64_t> shape = {-1, 3, 4, 5};
};

/// A network of which everything is known: h = means of the planes, z = h W^T + b.
class OnnxBackboneTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  }

  static TestModel beginning(const Input& input, bool last = false) {
    TestModel made(17);
    made.input_of("x", input.type, input.shape);
    made.weights("W", {classes, planes}, weight).weights("b", {classes}, bias);
    const std::string pixels = input.type == type_float ? "x" : "pixels";
    if (pixels != "x") made.node("Cast", {"x"}, pixels, {{"to", type_float}});
    if (last) {
      made.node("Transpose", {pixels}, "planes_first", {}, {{"perm", {0, 3, 1, 2}}});
    } else {
      made.node("Identity", {pixels}, "planes_first");
    }
    return made;
  }
  static TestModel whole(const Input& input = {}, bool last = false) {
    return beginning(input, last)
        .node("GlobalAveragePool", {"planes_first"}, "pool")
        .node("Flatten", {"pool"}, "h", {{"axis", 1}})
        .node("Gemm", {"h", "W", "b"}, "z", {{"transB", 1}});
  }
  static TestModel classifier(const Input& input = {}, bool last = false) {
    return whole(input, last).output("z", type_float, classes);
  }

  std::unique_ptr<runtime::Backbone> load(const TestModel& model, const std::string& options = {}) {
    const auto path = model.write(folder_ / "m.onnx").string();
    return load_onnx_backbone("onnx:" + path + (options.empty() ? "" : "?" + options));
  }

  /// Two pictures whose planes are constant: 0.1, 0.2, 0.3 and 0.4, 0.5, 0.6.
  static std::vector<float> pictures(std::size_t places = 20) {
    std::vector<float> out;
    for (std::size_t i = 0; i < 2 * planes; ++i)
      out.insert(out.end(), places, 0.1F * static_cast<float>(i + 1));
    return out;
  }
  static void expect_known(const runtime::BackboneOutputs& said, float precision = 1e-6F) {
    ASSERT_EQ(said.features.shape(), (Shape{2, planes}));
    ASSERT_EQ(said.logits.shape(), (Shape{2, classes}));
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_NEAR(said.features.as<float>()[i], 0.1F * static_cast<float>(i + 1), precision);
    // 0.1 + 2 * 0.2 + 3 * 0.3 + 1 and 4 * 0.1 + 5 * 0.2 + 6 * 0.3, and so on.
    const float z[] = {2.4F, 3.2F, 4.2F, 7.7F};
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(said.logits.as<float>()[i], z[i], 10 * precision);
  }

  inline static const std::vector<float> weight = {1, 2, 3, 4, 5, 6}, bias = {1, 0};
  io::TestFolder folder_;
};

TEST_F(OnnxBackboneTest, SaysWhatTheModelSays) {
  const auto network = load(classifier());
  EXPECT_EQ(network->classes(), classes);
  EXPECT_EQ(network->feature_width(), planes);
  EXPECT_EQ(network->preprocessing().height, 4U);
  EXPECT_EQ(network->preprocessing().width, 5U);
  expect_known(network->forward(pictures()));
  ASSERT_TRUE(network->head());
  EXPECT_THAT(network->head()->weight.as<float>(), testing::ElementsAreArray(weight));
  EXPECT_THAT(network->head()->bias.as<float>(), testing::ElementsAreArray(bias));
  EXPECT_THAT(network->notices(), ElementsAre(HasSubstr("divided by 255 and nothing else")));
  EXPECT_THAT(load(classifier(), "mean=0,0,0&std=1,1,1")->notices(), IsEmpty());
  EXPECT_EQ(network->identity()["network"], "onnx(logits=z,features=h)");
  EXPECT_THAT(network->forward(pictures(), {"z"}).taps[0].as<float>(),
              testing::ElementsAreArray(network->forward(pictures()).logits.as<float>()));
}

TEST_F(OnnxBackboneTest, ReadsOtherLayoutsTypesAndFixedBatches) {
  expect_known(load(classifier({.shape = {-1, 4, 5, 3}}, true))->forward(pictures()));
  expect_known(load(classifier({.shape = {1, 3, 4, 5}}))->forward(pictures()));
  expect_known(load(classifier({.shape = {5, 3, 4, 5}}))->forward(pictures()));
  expect_known(load(classifier({.type = type_float16}))->forward(pictures()), 2e-4F);
  expect_known(
      load(classifier({.shape = {-1, -1, -1, -1}}), "height=4&width=5")->forward(pictures()));
  EXPECT_EQ(
      load(classifier({.shape = {-1, 3, -1, -1}}), "short_side=8&crop=6")->preprocessing().width,
      6U);
  // Bytes are the pixels themselves.
  const auto bytes = load(classifier({.type = type_uint8}));
  EXPECT_THAT(bytes->notices(), IsEmpty());
  EXPECT_NEAR(bytes->preprocessing().std[0], 1.0 / 255, 1e-12);
  const auto said = bytes->forward(std::vector<float>(60, 200.4F));
  EXPECT_EQ(said.features.as<float>()[0], 200.0F);
}

TEST_F(OnnxBackboneTest, TakesTheMeansOfMaps) {
  const auto maps =
      beginning({})
          .weights("K", {classes, planes, 1, 1}, weight)
          .node("Conv", {"planes_first", "K", "b"}, "c", {}, {{"kernel_shape", {1, 1}}})
          .node("GlobalAveragePool", {"c"}, "z")
          .output("z", type_float, classes);
  const auto network = load(maps);
  expect_known(network->forward(pictures()));
  EXPECT_TRUE(network->head());
}

TEST_F(OnnxBackboneTest, PutsTheFeaturesOfTwoLastLayersSideBySide) {
  const auto network = load(whole()
                                .node("Neg", {"h"}, "g")
                                .node("Gemm", {"g", "W", "b"}, "y", {{"transB", 1}})
                                .weights("tenth", {}, {0.1F})
                                .node("Mul", {"y", "tenth"}, "less")
                                .node("Add", {"z", "less"}, "sum")
                                .output("sum", type_float, classes));
  EXPECT_EQ(network->identity()["network"], "onnx(logits=sum,features=h, g)");
  const auto said = network->forward(pictures());
  ASSERT_EQ(said.features.shape(), (Shape{2, 2 * planes}));
  const auto h = said.features.as<float>();
  for (std::size_t i = 0; i < planes; ++i) EXPECT_EQ(h[planes + i], -h[i]);
  ASSERT_TRUE(network->head());  // the network was found to agree with it
  EXPECT_EQ(network->head()->weight.as<float>()[planes], 0.1F * weight[0]);
}

TEST_F(OnnxBackboneTest, TurnsProbabilitiesIntoTheirLogarithms) {
  // Where the softmax is named, it is not taken back.
  const auto network = load(whole()
                                .node("Softmax", {"z"}, "p", {{"axis", 1}})
                                .node("Mul", {"p", "one"}, "q")
                                .weights("one", {1}, {1})
                                .output("q", type_float, classes),
                            "features=h");
  EXPECT_THAT(network->notices(), testing::Contains(HasSubstr("are probabilities")));
  EXPECT_EQ(network->identity()["tensors"]["logarithm"], true);
  const auto logits = network->forward(pictures()).logits;
  EXPECT_NEAR(logits.as<float>()[1] - logits.as<float>()[0], 0.8F, 1e-5);
  EXPECT_FALSE(network->head());
}

TEST_F(OnnxBackboneTest, TakesNoHeadThatTheNetworkDoesNotHave) {
  const auto network = load(whole()
                                .node("Identity", {"z"}, "same")
                                .node("Gemm", {"h", "V", "b"}, "other", {{"transB", 1}})
                                .weights("V", {classes, planes}, {0, 0, 0, 0, 0, 0})
                                .output("same", type_float, classes),
                            "logits=same&features=planes_first");
  EXPECT_FALSE(network->head());
  EXPECT_EQ(network->feature_width(), planes);
}

TEST_F(OnnxBackboneTest, TellsOfTrainingMode) {
  constexpr int type_bool = 9;
  const auto network = [&](int training) {
    return load(whole()
                    .whole("training", type_bool, {}, {training})
                    .weights("ratio", {}, {0.5F})
                    .node("Dropout", {"z", "ratio", "training"}, "d")
                    .output("d", type_float, classes),
                "mean=0,0,0&std=1,1,1");
  };
  EXPECT_THAT(network(1)->notices(), testing::Contains(HasSubstr("'d' (Dropout) is in training")));
  EXPECT_THAT(network(0)->notices(), IsEmpty());
  TestModel normed(17);
  normed.input("h", type_float, 2).node("BatchNormalization", {"h"}, "n", {{"training_mode", 1}});
  EXPECT_EQ(Model(normed.output("n", type_float, 2).write(folder_ / "n.onnx")).in_training(),
            "'n' (BatchNormalization)");
}

TEST(OnnxTensors, AreThoseOfTheExtraction) {
  const io::TestFolder folder;
  TestModel made(17);
  made.input("x", type_float, 2).node("Relu", {"x"}, "h").node("Softmax", {"h"}, "p");
  const Model model(made.output("p", type_float, 2).write(folder / "m.onnx"));
  const auto where = [&](const Where& asked, const char* tensors) {
    return as_extracted(asked, {{"tensors", nlohmann::json::parse(tensors)}}, model);
  };
  const char* const said = R"({"logits": "p", "features": ["h"], "logarithm": true})";
  EXPECT_EQ(where({}, said).logits, "p");
  EXPECT_EQ(where({}, said).features, "h");
  EXPECT_TRUE(where({}, said).logarithm);
  EXPECT_EQ(where({.features = "x"}, said).features, "x");
  EXPECT_EQ(where({.logits = "h"}, said).logits, "h");
  EXPECT_FALSE(where({.logits = "h"}, said).logarithm);
  EXPECT_EQ(where({}, R"({"logits": "q", "features": ["g"]})").logits, "");
  EXPECT_EQ(where({}, R"({"logits": "p", "features": ["h", "x"]})").features, "");
  for (const char* other : {"null", "3", "[]", "{}", R"({"logits": 3, "features": "h"})"}) {
    EXPECT_EQ(where({}, other).logits + where({}, other).features, "") << other;
  }
  EXPECT_EQ(as_extracted({}, nullptr, model).logits, "");
}

TEST_F(OnnxBackboneTest, RefusesWhatIsNoClassifierOfPictures) {
  const auto refused = [&](const TestModel& model, const std::string& options,
                           const std::string& words) {
    EXPECT_THAT([&] { load(model, options); }, ThrowsMessage<Error>(HasSubstr(words)));
  };
  refused(classifier({.type = type_int32}), "", "expected one input of pictures");
  refused(TestModel(17)
              .input_of("x", type_float, {-1, 3})
              .weights("W", {classes, planes}, weight)
              .node("Gemm", {"x", "W"}, "z", {{"transB", 1}})
              .output("z", type_float, classes),
          "", "found x float32 [N, 3]");
  refused(classifier({.shape = {-1, 3, -1, -1}}), "", "pictures of any size");
  refused(classifier({.shape = {-1, 5, 4, 3}}, true), "layout=nchw", "has 5 channels as nchw");
  refused(classifier(), "size=8", "height: the model reads 4, found 8");
  refused(classifier(), "channels=grey&mean=0&std=1", "channels: the model reads 3, found 1");
  refused(classifier(), "size=4&crop=5", "two names of one thing");
  refused(classifier(), "colour=red", "unknown parameter 'colour'");
  refused(classifier(), "features=nothing", "no tensor 'nothing'");
  refused(beginning({}).node("Relu", {"planes_first"}, "z").output("z", type_float, 3), "",
          "features=TENSOR, be it 'z' itself where logits alone are to be scored. Before it lie "
          "'planes_first' (Identity)");
  EXPECT_THROW(load_onnx_backbone("onnx:"), UsageError);
  EXPECT_THROW(load_onnx_backbone("onnx:m.onnx", "cuda:0"), UsageError);
  // What the graph says and the runtime refuses.
  refused(whole().node("NoSuchOperator", {"z"}, "y").output("y", type_float, classes),
          "logits=z&features=h", "ONNX Runtime");
}

TEST_F(OnnxBackboneTest, SurvivesDamagedFiles) {
  const std::string bytes = classifier().bytes();
  const auto path = (folder_ / "d.onnx").string();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    io::write_text(path, damaged);
    try {
      load_onnx_backbone("onnx:" + path);
    } catch (const Error&) {
    }
  }
}

TEST_F(OnnxBackboneTest, FindsClassNames) {
  auto model = classifier();
  model.metadata("names", "{0: 'a \"cat\"', 1: \"dog's\"}");
  EXPECT_THAT(load(model)->class_names(), ElementsAre("a \"cat\"", "dog's"));
  io::write_text(folder_ / "names.txt", "one\r\ntwo\n");
  const std::string file = "classes=" + (folder_ / "names.txt").string();
  EXPECT_THAT(load(model, file)->class_names(), ElementsAre("one", "two"));
  io::write_text(folder_ / "names.txt", "one\n");
  EXPECT_THROW(load(model, file), UsageError);
}

TEST(ClassNames, OfMetadata) {
  const auto names = [](const std::string& key, const std::string& value) {
    return class_names_of_metadata({{key, value}}, 2);
  };
  EXPECT_THAT(names("class_names", R"(["a", "b"])"), ElementsAre("a", "b"));
  EXPECT_THAT(names("labels", "a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(names("names", "['a', 'b']"), ElementsAre("a", "b"));
  EXPECT_THAT(names("names", R"({"1": "b", "0": "a"})"), ElementsAre("a", "b"));
  for (const char* other : {"", "{", "{0: 'a'}", "{0: 'a', 2: 'b'}", "{'x': 'a', 'y': 'b'}", "a"})
    EXPECT_THAT(names("names", other), IsEmpty()) << other;
}

}  // namespace
}  // namespace nescio::onnx
