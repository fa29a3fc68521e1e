#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "math/every_target.h"
#include "math/row_kernels.h"
#include "math/test_values.h"

namespace nescio::math {
namespace {

/// Equal, both NaN, or within a few units in the last place of the exact value.
void expect_close(float found, double expected, double ulps, const std::string& where) {
  const auto rounded = static_cast<float>(expected);
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << where << " gave " << found;
  } else if (std::isinf(rounded) || found == rounded) {
    EXPECT_EQ(found, rounded) << where;
  } else {
    const double unit = std::nextafter(std::abs(rounded), kInf) - std::abs(rounded);
    EXPECT_LE(std::abs(found - expected), ulps * unit)
        << where << " gave " << found << ", not " << expected;
  }
}

class ElementwiseTest : public EveryTarget {};

struct UnaryCase {
  Unary op;
  const char* name;
  std::function<double(double)> exact;
};

const std::vector<UnaryCase>& unary_cases() {
  static const std::vector<UnaryCase> cases = {
      {Unary::negate, "negate", [](double x) { return -x; }},
      {Unary::exp, "exp", [](double x) { return std::exp(x); }},
      {Unary::expm1, "expm1", [](double x) { return std::expm1(x); }},
      {Unary::log, "log", [](double x) { return std::log(x); }},
      {Unary::log1p, "log1p", [](double x) { return std::log1p(x); }},
      {Unary::sqrt, "sqrt", [](double x) { return std::sqrt(x); }},
      {Unary::abs, "abs", [](double x) { return std::abs(x); }},
  };
  return cases;
}

std::vector<float> interesting() {
  std::vector<float> x = {0.0f,   -0.0f,  1.0f,       -1.0f,      kInf,        -kInf,   kNaN,
                          1e-38f, 1e-40f, -1e-40f,    1e4f,       -1e4f,       3e38f,   -3e38f,
                          88.7f,  88.8f,  89.5f,      -87.3f,     -88,         -103.9f, -104.5f,
                          1e-7f,  -1e-7f, 1.0000001f, 0.9999999f, -0.9999999f, -1.5f,   2.0f};
  auto small = normal(1, 1);
  auto large = normal(2, 30);
  for (int i = 0; i < 1000; ++i) {
    x.push_back(small());
    x.push_back(large());
    x.push_back(std::abs(large()));
  }
  return x;
}

TEST_P(ElementwiseTest, UnaryIsExactToAFewUnitsEverywhere) {
  const auto x = interesting();
  for (const auto& test : unary_cases()) {
    std::vector<float> y(x.size());
    apply(test.op, x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      expect_close(y[i], test.exact(x[i]), 4.5,
                   std::string(test.name) + " of " + std::to_string(x[i]));
    }
  }
}

TEST_P(ElementwiseTest, UnaryDependsOnItsElementAloneAndMayWorkInPlace) {
  const auto x = interesting();
  for (const auto& test : unary_cases()) {
    std::vector<float> whole_array(x.size());
    apply(test.op, x.data(), whole_array.data(), x.size());
    for (const std::size_t count : widths()) {
      // At odd addresses and in place.
      std::vector<float> part(x.begin() + 7, x.begin() + 7 + static_cast<std::ptrdiff_t>(count));
      part.push_back(123);
      apply(test.op, part.data(), part.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        if (std::isnan(part[i]) && std::isnan(whole_array[i + 7])) continue;
        ASSERT_EQ(part[i], whole_array[i + 7]) << test.name << " " << count;
      }
      ASSERT_EQ(part.back(), 123) << "wrote beyond the end";
    }
  }
  apply(Unary::exp, nullptr, nullptr, 0);
}

struct BinaryCase {
  Binary op;
  const char* name;
  double ulps;
  std::function<double(double, double)> exact;
};

double exact_logaddexp(double a, double b) {
  if (a == b) return a + std::log(2.0);
  if (std::isnan(a) || std::isnan(b)) return a + b;
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

const std::vector<BinaryCase>& binary_cases() {
  const auto either_nan = [](double a, double b) { return std::isnan(a) || std::isnan(b); };
  static const std::vector<BinaryCase> cases = {
      {Binary::add, "add", 0.51, std::plus<double>()},
      {Binary::subtract, "subtract", 0.51, std::minus<double>()},
      {Binary::multiply, "multiply", 0.51, std::multiplies<double>()},
      {Binary::divide, "divide", 0.51, std::divides<double>()},
      {Binary::min, "min", 0,
       [=](double a, double b) { return either_nan(a, b) ? a + b : std::min(a, b); }},
      {Binary::max, "max", 0,
       [=](double a, double b) { return either_nan(a, b) ? a + b : std::max(a, b); }},
      {Binary::pow, "pow", 1, [](double a, double b) { return std::pow(a, b); }},
      {Binary::logaddexp, "logaddexp", -1, exact_logaddexp},
      {Binary::less, "less", 0, std::less<double>()},
      {Binary::less_equal, "less_equal", 0, std::less_equal<double>()},
      {Binary::greater, "greater", 0, std::greater<double>()},
      {Binary::greater_equal, "greater_equal", 0, std::greater_equal<double>()},
      {Binary::equal, "equal", 0, std::equal_to<double>()},
      {Binary::not_equal, "not_equal", 0, std::not_equal_to<double>()},
  };
  return cases;
}

void expect_binary(const BinaryCase& test, float found, float a, float b) {
  const auto where =
      std::string(test.name) + " of " + std::to_string(a) + " and " + std::to_string(b);
  const double expected = test.exact(a, b);
  if (test.ulps >= 0) return expect_close(found, expected, test.ulps, where);
  // A sum that may cancel: right to the digits of its larger part.
  if (std::isfinite(expected) && std::abs(expected) < 1e38) {
    EXPECT_NEAR(found, expected, 3e-7 * (1 + std::abs(static_cast<double>(std::max(a, b)))))
        << where;
  } else {
    expect_close(found, expected, 1, where);
  }
}

TEST_P(ElementwiseTest, BinaryTakesEveryPairOfValues) {
  std::vector<float> special = {0.0f,  -0.0f, 1.0f,  -1.0f, 2.0f,  3.0f, -3.0f,  0.5f,
                                -2.5f, 1e4f,  -1e4f, kInf,  -kInf, kNaN, 1e-40f, 3e38f};
  auto draw = normal(3, 3);
  for (int i = 0; i < 40; ++i) special.push_back(draw());
  std::vector<float> a, b;
  for (const float x : special) {
    for (const float y : special) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  for (const auto& test : binary_cases()) {
    std::vector<float> y(a.size());
    apply(test.op, {a.data(), a.size(), 1}, {b.data(), b.size(), 1}, y.data(), 1, a.size());
    for (std::size_t i = 0; i < a.size(); ++i) expect_binary(test, y[i], a[i], b[i]);
  }
}

enum class Form { scalar, row, column, matrix, padded };

/// One operand in the given form, and its element (r, c).
struct TestOperand {
  TestOperand(Form form, std::size_t rows, std::size_t width, std::uint32_t seed)
      : stride(form == Form::padded   ? width + 3
               : form == Form::matrix ? width
               : form == Form::column ? 1
                                      : 0),
        values(form == Form::scalar || form == Form::row ? 1 : rows,
               form == Form::scalar || form == Form::column ? 1 : width, stride, whole(seed, 2)),
        operand{values.data(), stride, form == Form::scalar || form == Form::column ? 0u : 1u} {}
  float at(std::size_t r, std::size_t c) const {
    return values.values[r * operand.row_stride + c * operand.column_stride];
  }
  std::size_t stride;
  Rows values;
  Operand operand;
};

TEST_P(ElementwiseTest, OperandsBroadcastInEveryCombination) {
  const Form forms[] = {Form::scalar, Form::row, Form::column, Form::matrix, Form::padded};
  for (const Form form_a : forms) {
    for (const Form form_b : forms) {
      for (const std::size_t rows : {0u, 1u, 2u, 5u, 17u}) {
        for (const std::size_t width : {1u, 2u, 7u, 16u, 33u}) {
          const TestOperand a(form_a, rows, width, 1), b(form_b, rows, width, 2);
          if (rows == 0 && (a.values.values.empty() || b.values.values.empty())) continue;
          for (const auto& test : {binary_cases()[1], binary_cases()[4], binary_cases()[10]}) {
            std::vector<float> y(rows * width + 1, 123);
            apply(test.op, a.operand, b.operand, y.data(), rows, width);
            for (std::size_t r = 0; r < rows; ++r) {
              for (std::size_t c = 0; c < width; ++c) {
                ASSERT_EQ(y[r * width + c], static_cast<float>(test.exact(a.at(r, c), b.at(r, c))))
                    << test.name << " " << rows << " x " << width;
              }
            }
            ASSERT_EQ(y.back(), 123);
          }
          for (const Form form_condition : forms) {
            const TestOperand condition(form_condition, std::max<std::size_t>(rows, 1), width, 3);
            std::vector<float> y(rows * width + 1, 123);
            where(condition.operand, a.operand, b.operand, y.data(), rows, width);
            for (std::size_t r = 0; r < rows; ++r) {
              for (std::size_t c = 0; c < width; ++c) {
                ASSERT_EQ(y[r * width + c], condition.at(r, c) != 0 ? a.at(r, c) : b.at(r, c));
              }
            }
            ASSERT_EQ(y.back(), 123);
          }
        }
      }
    }
  }
}

TEST_P(ElementwiseTest, BinaryWorksInPlaceAndDoesNotSeeNeighbours) {
  for (const auto& test : binary_cases()) {
    Rows a(1, 203, 203, normal(1, 3)), b(1, 203, 203, normal(2, 3));
    std::vector<float> alone(203);
    for (std::size_t i = 0; i < 203; ++i) {
      apply(test.op, {a.data() + i, 0, 0}, {b.data() + i, 0, 0}, &alone[i], 1, 1);
    }
    apply(test.op, {a.data(), 7, 1}, {b.data(), 7, 1}, a.values.data(), 29, 7);
    for (std::size_t i = 0; i < 203; ++i) {
      if (std::isnan(alone[i]) && std::isnan(a.values[i])) continue;
      ASSERT_EQ(a.values[i], alone[i]) << test.name << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ElementwiseTest, testing::ValuesIn(targets_here()), target_name);

}  // namespace
}  // namespace nescio::math
