// Every operation's cases (expr/test_operations.h) as nodes in ONNX Runtime against the reference executor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

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

constexpr int type_float = 1;
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

INSTANTIATE_TEST_SUITE_P(Opsets, OnnxOperations, testing::Values(11, 13, 18, 21),
                         [](const auto& info) { return text(info.param); });

}  // namespace
}  // namespace nescio::onnx
