#include "extract/answer_columns.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bank/answers.h"
#include "base/half.h"
#include "base/usage.h"

namespace nescio::extract {
namespace {

constexpr float largest_half = 65504;

Array stored(Shape shape, std::vector<float> values, bool half) {
  const Array wide(std::move(shape), std::move(values));
  if (!half) return wide;
  const auto all = wide.as<float>();
  const auto bad = std::ranges::find_if(all, [](float v) { return std::abs(v) > largest_half; });
  if (bad != all.end()) fail("the logit ", *bad, " is beyond float16; take dtype=float32");
  return to_float16(wide);
}

Array class_numbers(Shape shape, const std::vector<std::int64_t>& classes, bool narrow) {
  if (!narrow) return {std::move(shape), std::vector<std::int32_t>(classes.begin(), classes.end())};
  const auto values = std::make_shared<std::vector<std::uint16_t>>(classes.begin(), classes.end());
  return {DType::uint16, std::move(shape), values, values->data()};
}

/// log sum exp of some of the values, from the largest of all.
double log_of_sum(std::span<const float> values, std::span<const std::size_t> of, double largest) {
  double sum = 0;
  for (const std::size_t j : of) sum += std::exp(values[j] - largest);
  return largest + std::log(sum);
}

bool narrow(std::size_t classes) { return classes <= 0x10000; }

/// The most probable classes of a batch of logits, the rest, and the labels.
std::vector<Array> tops(const Array& logits, const image::ImageBatch& batch, std::size_t k,
                        bool half) {
  const std::size_t rows = batch.count, classes = logits.cols();
  std::vector<std::int64_t> numbers;
  std::vector<float> log_p, tail, label;
  std::vector<std::size_t> order(classes);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto z = logits.as<float>().subspan(r * classes, classes);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
        [&](std::size_t a, std::size_t b) { return z[a] > z[b] || (z[a] == z[b] && a < b); });
    const double largest = z[order[0]];
    const std::span all(order);
    const double total = log_of_sum(z, all, largest);
    for (const std::size_t c : all.first(k)) {
      numbers.push_back(static_cast<std::int64_t>(c));
      log_p.push_back(static_cast<float>(z[c] - total));
    }
    // Of the others by themselves: 1 less what is kept would be 0 where the network is sure.
    double next = z[order[k]];
    for (const std::size_t c : all.subspan(k)) next = std::max<double>(next, z[c]);
    tail.push_back(static_cast<float>(log_of_sum(z, all.subspan(k), next) - total));
    const std::int64_t y = batch.labels[r];
    if (y < 0 || static_cast<std::size_t>(y) >= classes) {
      fail("picture ", batch.items[r], " has the label ", y, "; top= keeps the probability of the ",
           "label, so every picture needs one of 0 .. ", classes - 1);
    }
    label.push_back(static_cast<float>(z[static_cast<std::size_t>(y)] - total));
  }
  return {class_numbers({rows, k}, numbers, narrow(classes)),
          stored({rows, k}, std::move(log_p), half), stored({rows}, std::move(tail), half),
          stored({rows}, std::move(label), half)};
}

}  // namespace

std::vector<Column> answer_columns(const AnswerOptions& options, std::size_t classes,
                                   const nlohmann::json& made_by) {
  if (options.top >= classes) {
    fail_usage("top=", options.top, ": expected fewer than the ", classes,
               " classes of the network; leave it out to keep all logits");
  }
  const bool half = options.dtype == "float16";
  const DType type = half ? DType::float16 : DType::float32;
  const std::size_t k = options.top;
  nlohmann::json inputs = made_by;
  inputs["answers"] = bank::to_json({.augment = options.augment,
                                     .seed = options.seed,
                                     .classes = classes,
                                     .top = k,
                                     .dtype = options.dtype});
  std::vector<Column> columns;
  for (std::size_t v = 0; v < options.views; ++v) {
    const auto plan = [&](const char* name, DType of, Shape row) {
      return bank::ArrayPlan{bank::view_array(name, v), of, std::move(row), inputs};
    };
    Column column;
    column.view = v;
    if (k == 0) {
      column.plans = {plan("logits", type, {classes})};
      column.rows = [half](const image::ImageBatch&, Pass& pass) -> std::vector<Array> {
        const Array& logits = pass.outputs().logits;
        const auto values = logits.as<float>();
        return {stored(logits.shape(), {values.begin(), values.end()}, half)};
      };
    } else {
      column.plans = {plan("top_classes", narrow(classes) ? DType::uint16 : DType::int32, {k}),
                      plan("top_log_p", type, {k}), plan("tail_log_p", type, {}),
                      plan("label_log_p", type, {})};
      column.rows = [k, half](const image::ImageBatch& batch, Pass& pass) {
        return tops(pass.outputs().logits, batch, k, half);
      };
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace nescio::extract
