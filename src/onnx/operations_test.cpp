// Every operation's cases (expr/test_operations.h) as nodes in ONNX Runtime against the reference executor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "expr/test_operations.h"
#include "io/test_folder.h"
#include "onnx/model.h"
#include "onnx/test_model.h"
#include "runtime/onnx_session.h"

namespace nescio::onnx {
namespace {

using expr::Case;
using expr::Expr;
using expr::Values;

constexpr std::size_t rows = 7;

class OnnxOperations : public testing::TestWithParam<int> {};

// Parameter: the opset. One model for each width: x, y and their positive versions in, every case an output.
TEST_P(OnnxOperations, AgreeWithReference) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  io::TestFolder folder;
  for (const std::size_t width : {1U, 2U, 5U, 17U}) {
    std::map<std::string, Values> values = {{"x", expr::random_values(rows * width, width, 1)},
                                            {"y", expr::random_values(rows * width, width + 1, 1)}};
    for (const char* name : {"x", "y"}) {
      Values& positive = values[text("positive_", name)] = values[name];
      for (float& v : positive) v = std::abs(v) + 0.1F;
    }
    TestModel made(GetParam());
    const auto graph = std::make_shared<expr::Graph>();
    std::map<std::string, std::string> tensors;
    std::map<std::string, Array> inputs;
    expr::Batch batch;
    for (const auto& [name, numbers] : values) {
      made.input(name, type_float, width);
      tensors.emplace(name, name);
      inputs.emplace(name, Array({rows, width}, numbers));
      batch.emplace(name, MatrixView(numbers.data(), rows, width));
    }
    made.node("Identity", {"x"}, "same").output("same", type_float, width);
    std::vector<Case> cases;
    std::vector<Expr> expressions;
    for (const Case& one : expr::all_cases()) {
      if (width < one.min_width) continue;
      const std::string prefix = one.positive ? "positive_" : "";
      expressions.push_back(one.build(expr::input(graph, prefix + "x", width),
                                      expr::input(graph, prefix + "y", width)));
      cases.push_back(one);
    }
    Model model(made.write(folder / "m.onnx"));
    const auto outputs = expr::lower_to_onnx(expressions, tensors, *model.writer());
    for (const std::string& output : outputs) model.expose(output);
    const std::string bytes = model.bytes();
    const runtime::OnnxSession session(
        {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "operations");
    const auto said = session.run(inputs, outputs);
    for (std::size_t c = 0; c < cases.size(); ++c) {
      SCOPED_TRACE(text(cases[c].name, " of width ", width));
      const auto expected = run(expr::Executor::reference, expressions[c], batch, rows);
      const Array found = said[c].to_float64();
      ASSERT_EQ(found.size(), expected.size());
      double largest = 1;
      for (const double v : expected) {
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
      }
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (std::abs(expected[i]) > 1e38) continue;  // beyond float
        ASSERT_NEAR(found.as<double>()[i], expected[i], 1e-5 * largest) << "element " << i;
      }
    }
  }
}

// OpenVINO 2026.4 takes the axes of these for an input at opsets 13 to 17, and reduces over all of them, in silence; and it
// fuses what follows a reduction wrongly whose axis does not stay.
TEST_P(OnnxOperations, AreMadeOfWhatOthersCompute) {
  const io::TestFolder folder;
  const auto graph = std::make_shared<expr::Graph>();
  Model model(TestModel(GetParam())
                  .input("x", type_float, 6)
                  .input("y", type_float, 6)
                  .node("Identity", {"x"}, "same")
                  .write(folder / "m.onnx"));
  std::vector<Expr> expressions;
  for (const Case& one : expr::all_cases())
    expressions.push_back(one.build(expr::input(graph, "x", 6), expr::input(graph, "y", 6)));
  expr::lower_to_onnx(expressions, {{"x", "x"}, {"y", "y"}}, *model.writer());
  ::onnx::ModelProto written;
  ASSERT_TRUE(written.ParseFromString(model.bytes()));
  for (const auto& node : written.graph().node()) {
    for (const char* wrong : {"ReduceLogSumExp", "ReduceL1", "ReduceLogSum"})
      EXPECT_NE(node.op_type(), wrong) << node.name();
    if (!node.op_type().starts_with("Reduce")) continue;
    for (const auto& attribute : node.attribute()) {
      EXPECT_TRUE(attribute.name() != "keepdims" || attribute.i() == 1) << node.name();
    }
  }
}

// Rows whose maximum is infinite: what float16 networks say that overflow, and probabilities of 0.
TEST_P(OnnxOperations, TakeInfiniteLogits) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const io::TestFolder folder;
  constexpr float inf = std::numeric_limits<float>::infinity();
  const Values values = {1, inf, -inf, -inf, -inf, -inf, 2, 2, -inf};
  const auto graph = std::make_shared<expr::Graph>();
  Model model(TestModel(GetParam())
                  .input("x", type_float, 3)
                  .node("Identity", {"x"}, "same")
                  .write(folder / "m.onnx"));
  const auto output =
      expr::lower_to_onnx({logsumexp(expr::input(graph, "x", 3))}, {{"x", "x"}}, *model.writer());
  model.expose(output.front());
  const std::string bytes = model.bytes();
  const runtime::OnnxSession session(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "infinite");
  const Array said = session.run({{"x", Array({3, 3}, values)}}, output).front();
  EXPECT_THAT(said.as<float>(),
              testing::ElementsAre(inf, -inf, testing::FloatNear(2 + std::log(2.0F), 1e-6F)));
}

INSTANTIATE_TEST_SUITE_P(Opsets, OnnxOperations, testing::Values(11, 13, 17, 18, 21),
                         [](const auto& info) { return text(info.param); });

}  // namespace
}  // namespace nescio::onnx
