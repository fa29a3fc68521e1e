#include "bank/answers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "base/threads.h"
#include "io/sha256.h"

namespace nescio::bank {
namespace {

constexpr std::size_t chunk = 4096;  // rows that a thread adds up in order

/// A row of floats of either width.
void read_floats(const Array& array, std::size_t row, std::span<float> out) {
  const std::size_t first = row * out.size();
  if (array.dtype() == DType::float16) {
    const auto* halves = static_cast<const std::uint16_t*>(array.data()) + first;
    std::transform(halves, halves + out.size(), out.begin(), half_to_float);
    return;
  }
  std::ranges::copy(array.as<float>().subspan(first, out.size()), out.begin());
}

void require_floats(const Array& array, const std::string& where) {
  if (array.dtype() == DType::float16 || array.dtype() == DType::float32) return;
  fail(where, "expected float32 or float16, found ", name_of(array.dtype()));
}

}  // namespace

std::string view_array(std::string_view name, std::size_t view) {
  return text(name, "(view=", view, ")");
}

nlohmann::json to_json(const AnswersMade& made) {
  return {{"augment", made.augment},
          {"seed", made.seed},
          {"classes", made.classes},
          {"top", made.top},
          {"dtype", made.dtype}};
}

std::optional<AnswersMade> answers_made(const nlohmann::json& inputs) {
  if (!inputs.is_object() || !inputs.contains("answers")) return std::nullopt;
  try {
    const nlohmann::json& made = inputs.at("answers");
    return AnswersMade{made.at("augment"), made.at("seed"), made.at("classes"), made.at("top"),
                       made.at("dtype")};
  } catch (const nlohmann::json::exception& e) {
    fail("expected augment, seed, classes, top and dtype of answers, found ",
         inputs.at("answers").dump(), " (", e.what(), ")");
  }
}

Answers::Answers(const FeatureBank& bank, const std::string& split) {
  const std::string where = text(bank.path().string(), "#", split, ": ");
  const bool sparse = bank.has(split, view_array("top_classes", 0));
  const std::string values = sparse ? "top_log_p" : "logits";
  std::vector<std::string> names;
  while (bank.has(split, view_array(values, names.size()))) {
    names.push_back(view_array(values, names.size()));
  }
  views_ = names.size();
  if (names.empty()) names.emplace_back("logits");
  rows_ = bank.rows(split);
  std::string hashes;
  const auto read = [&](const std::string& name) {
    hashes += bank.manifest(split).at("arrays").at(name).value("sha256", "");
    return bank.array(split, name);
  };
  for (std::size_t v = 0; v < names.size(); ++v) {
    of_.push_back({.values = read(names[v]), .classes = {}, .tail = {}});
    View& view = of_.back();
    if (sparse) {
      view.classes = read(view_array("top_classes", v));
      view.tail = read(view_array("tail_log_p", v));
      require_floats(view.tail, where + view_array("tail_log_p", v) + ": ");
    }
    require_floats(view.values, where + names[v] + ": ");
    const nlohmann::json inputs = bank.inputs(split, names[v]);
    const auto made = answers_made(inputs);
    if (v == 0) {
      inputs_ = inputs;
      made_ = made;
    } else if (made != made_ || view.values.shape() != of_[0].values.shape()) {
      fail(where, names[v], " was made otherwise than ", names[0],
           "; extract the split again with the views= that you want, or into another one");
    }
  }
  kept_ = of_[0].values.cols();
  if (sparse && (!made_ || of_[0].classes.shape() != of_[0].values.shape())) {
    fail(where, "top_classes and top_log_p do not go together; extract them again");
  }
  classes_ = sparse ? made_->classes : kept_;
  sha256_ = io::sha256(hashes);
}

void Answers::values(std::size_t row, std::size_t view, std::span<float> out) const {
  read_floats(of(view).values, row, out);
}

void Answers::top_classes(std::size_t row, std::size_t view, std::span<std::int64_t> out) const {
  if (whole()) {
    std::iota(out.begin(), out.end(), std::int64_t{0});
    return;
  }
  const Array found = of(view).classes.slice(row, 1).to_int64();
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = found.as<std::int64_t>()[j];
    if (out[j] >= 0 && static_cast<std::size_t>(out[j]) < classes_) continue;
    fail(view_array("top_classes", view), ": row ", row, " names the class ", out[j],
         ", expected 0 .. ", classes_ - 1);
  }
}

float Answers::tail(std::size_t row, std::size_t view) const {
  if (whole()) return -std::numeric_limits<float>::infinity();
  float value = 0;
  read_floats(of(view).tail, row, {&value, 1});
  return value;
}

double probabilities(const Answers& answers, std::span<const float> values, float tail,
                     double temperature, std::span<double> out) {
  const double largest = *std::ranges::max_element(values);
  double sum = 0;
  for (std::size_t j = 0; j < values.size(); ++j) {
    out[j] = std::exp((values[j] - largest) / temperature);
    sum += out[j];
  }
  const auto others = static_cast<double>(answers.classes() - answers.kept());
  const double rest =
      others > 0 ? others * std::exp((tail - std::log(others) - largest) / temperature) : 0;
  sum += rest;
  for (double& p : out) p /= sum;
  return rest / sum;
}

AnswerFacts facts_of(const Answers& answers, std::span<const std::int64_t> labels,
                     double temperature) {
  const std::size_t kept = answers.kept(), views = std::max<std::size_t>(answers.views(), 1);
  std::vector<AnswerFacts> sums((answers.rows() + chunk - 1) / chunk);
  parallel_for(sums.size(), [&](std::size_t c) {
    std::vector<float> values(kept);
    std::vector<std::int64_t> classes(kept);
    std::vector<double> p(kept);
    for (std::size_t r = c * chunk; r < std::min(answers.rows(), (c + 1) * chunk); ++r) {
      for (std::size_t v = 0; v < views; ++v) {
        answers.values(r, v, values);
        answers.top_classes(r, v, classes);
        probabilities(answers, values, answers.tail(r, v), temperature, p);
        const auto label = std::ranges::find(classes, labels[r]) - classes.begin();
        if (label == std::ssize(classes)) continue;
        sums[c].accuracy += std::ranges::max_element(p) - p.begin() == label;
        sums[c].mean_label_p += p[static_cast<std::size_t>(label)];
      }
    }
  });
  AnswerFacts facts;
  const auto n = static_cast<double>(answers.rows() * views);
  for (const AnswerFacts& sum : sums) {
    facts.accuracy += sum.accuracy / n;
    facts.mean_label_p += sum.mean_label_p / n;
  }
  return facts;
}

}  // namespace nescio::bank
