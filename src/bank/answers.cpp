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
    of_.push_back({.values = read(names[v]), .classes = {}, .tail = {}, .label = {}});
    View& view = of_.back();
    if (sparse) {
      view.classes = read(view_array("top_classes", v));
      view.tail = read(view_array("tail_log_p", v));
      require_floats(view.tail, where + view_array("tail_log_p", v) + ": ");
      // Not among the hashes: no student learns from it.
      if (const std::string label = view_array("label_log_p", v); bank.has(split, label)) {
        view.label = bank.array(split, label);
        require_floats(view.label, where + label + ": ");
      }
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

std::optional<float> Answers::label(std::size_t row, std::size_t view) const {
  if (of(view).label.empty()) return std::nullopt;
  float value = 0;
  read_floats(of(view).label, row, {&value, 1});
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

namespace {

/// One answer after the other as probabilities.
class AnswerReader {
 public:
  AnswerReader(const Answers& answers, double temperature)
      : answers_(answers),
        temperature_(temperature),
        others_(static_cast<double>(answers.classes() - answers.kept())),
        values_(answers.kept()),
        of_(answers.kept()),
        p_(answers.kept()) {}

  void read(std::size_t row, std::size_t view) {
    row_ = row;
    view_ = view;
    answers_.values(row, view, values_);
    answers_.top_classes(row, view, of_);
    rest_ = probabilities(answers_, values_, answers_.tail(row, view), temperature_, p_);
    most_ = static_cast<std::size_t>(std::ranges::max_element(p_) - p_.begin());
  }

  /// Adds the answer to sums; one without a label (-1) counts where no label is asked for.
  void add(std::int64_t label, AnswerFacts& sums) const {
    const double mass = 1 - rest_;
    sums.mean_mass += mass;
    sums.mean_lambda += 1 / (1 + mass);
    const double h = entropy();
    sums.mean_entropy += h;
    ++sums.entropies[bin_of(h)];
    if (label < 0) return;
    sums.accuracy += of_[most_] == label;
    sums.mean_label_p += probability_of(label);
  }

 private:
  // -sum p log p over all classes, those that are not kept with rest_ / others_ each.
  double entropy() const {
    double sum = 0;
    for (const double p : p_) {
      if (p > 0) sum -= p * std::log(p);
    }
    if (rest_ > 0) sum -= rest_ * std::log(rest_ / others_);
    if (std::isfinite(sum) && std::isfinite(rest_ + p_[0])) return sum;
    fail("row ", row_, " of view ", view_, " of the answers holds NaN or nothing finite; extract ",
         "them again");
  }

  std::size_t bin_of(double entropy) const {
    const double largest = std::log(static_cast<double>(answers_.classes()));
    if (!(largest > 0)) return 0;  // a single class leaves nothing open
    const double bins = entropy_bins;
    return static_cast<std::size_t>(std::min(bins - 1, std::floor(bins * entropy / largest)));
  }

  double probability_of(std::int64_t label) const {
    if (static_cast<std::size_t>(label) >= answers_.classes()) {
      fail("row ", row_, " has the label ", label, ", expected 0 .. ", answers_.classes() - 1);
    }
    const auto at = static_cast<std::size_t>(std::ranges::find(of_, label) - of_.begin());
    if (at < of_.size()) return p_[at];
    const std::optional<float> log_p = answers_.label(row_, view_);
    if (!log_p) return rest_ / others_;
    return p_[most_] *
           std::exp((*log_p - values_[most_]) / temperature_);  // the same sum under both
  }

  const Answers& answers_;
  double temperature_, others_;
  std::vector<float> values_;
  std::vector<std::int64_t> of_;
  std::vector<double> p_;
  double rest_ = 0;
  std::size_t row_ = 0, view_ = 0, most_ = 0;
};

}  // namespace

AnswerFacts facts_of(const Answers& answers, std::span<const std::int64_t> labels,
                     double temperature) {
  if (labels.size() != answers.rows()) {
    fail("expected a label for each of ", answers.rows(), " rows of answers, found ",
         labels.size());
  }
  const std::size_t views = std::max<std::size_t>(answers.views(), 1);
  std::vector<AnswerFacts> sums((answers.rows() + chunk - 1) / chunk);
  parallel_for(sums.size(), [&](std::size_t c) {
    AnswerReader reader(answers, temperature);
    for (std::size_t r = c * chunk; r < std::min(answers.rows(), (c + 1) * chunk); ++r) {
      for (std::size_t v = 0; v < views; ++v) {
        reader.read(r, v);
        reader.add(labels[r], sums[c]);
      }
      sums[c].labelled += labels[r] >= 0;
    }
  });
  AnswerFacts facts;
  for (const AnswerFacts& sum : sums) {
    facts.labelled += sum.labelled;
    facts.accuracy += sum.accuracy;
    facts.mean_label_p += sum.mean_label_p;
    facts.mean_mass += sum.mean_mass;
    facts.mean_lambda += sum.mean_lambda;
    facts.mean_entropy += sum.mean_entropy;
    for (std::size_t b = 0; b < entropy_bins; ++b) facts.entropies[b] += sum.entropies[b];
  }
  const auto all = static_cast<double>(answers.rows() * views);
  const auto labelled = static_cast<double>(facts.labelled * views);
  facts.accuracy /= labelled;
  facts.mean_label_p /= labelled;
  facts.mean_mass /= all;
  facts.mean_lambda /= all;
  facts.mean_entropy /= all;
  return facts;
}

}  // namespace nescio::bank
