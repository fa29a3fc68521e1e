#include "detectors/detector.h"
#include "base/find_entry.h"

#include <algorithm>
#include <cmath>

namespace nescio::detectors {

Needs operator+(Needs a, const Needs& b) {
  a.logits |= b.logits;
  a.features |= b.features;
  a.head |= b.head;
  a.labels |= b.labels;
  for (const std::string& name : b.arrays) {
    if (std::ranges::find(a.arrays, name) == a.arrays.end()) a.arrays.push_back(name);
  }
  return a;
}

statistics::Statistics& FitData::of(std::string_view role) const {
  statistics::Statistics* found = role == "train" ? train : role == "val" ? val : nullptr;
  if (!found) fail("it is fitted on ", role, ", and no ", role, "=SET/SPLIT is given");
  return *found;
}

void Stage::fit(const Inputs&, const FitData&) {}

std::vector<std::string> as_settings(std::span<const double> values) {
  std::vector<std::string> settings;
  for (const double value : values) settings.push_back(format_number(value));
  return settings;
}

std::vector<std::string> Stage::fits_on() const {
  if (fit_on.empty()) return {};
  return {fit_on};
}

void check_directions(const Inputs& in, statistics::Statistics& statistics, Notices& notices,
                      const std::string& otherwise) {
  const auto& graph = in.unscaled.graph();
  const Expr zero =
      where(l2_norm(in.unscaled) > shortest_row, constant(graph, 0.0), constant(graph, 1.0));
  const double share = statistics.mean(zero)(0, 0);
  if (share == 0) return;
  const double rows = std::round(share * static_cast<double>(statistics.rows()));
  const std::string found =
      text(format_number(rows), " of the ", statistics.rows(), " rows of ", statistics.name(),
           " have no direction, since all their features ", "are zero");
  if (share == 1) fail(found, "; look at the features", otherwise);
  notices.push_back(found + "; they stay zero where the others get unit length");
}

std::vector<std::string> Needs::inputs() const {
  std::vector<std::string> names = arrays;
  if (features) names.emplace(names.begin(), "features");
  if (logits) names.emplace(names.begin(), "logits");
  return names;
}

Array to_array(double value) { return {{1}, std::vector<double>{value}}; }
Array to_array(const Matrix& matrix) { return {{matrix.rows, matrix.cols}, matrix.values}; }
Array to_array(const Array& array) { return array; }

void from_array(const Array& array, double& value) {
  if (array.size() != 1) fail("expected one number, found shape ", to_string(array.shape()));
  value = array.to_float64().as<double>()[0];
}

void from_array(const Array& array, Matrix& matrix) {
  if (array.shape().size() != 2) {
    fail("expected a matrix, found shape ", to_string(array.shape()));
  }
  const Array wide = array.to_float64();
  const auto values = wide.as<double>();
  matrix = Matrix(array.rows(), array.cols(), {values.begin(), values.end()});
}

void from_array(const Array& array, Array& out) { out = array; }

const DetectorInfo& find(const std::string& name) {
  for (const DetectorInfo& info : catalogue()) {
    if (std::ranges::find(info.aliases, name) != info.aliases.end()) {
      fail("unknown detector '", name, "': here it is called '", info.name, "'");
    }
  }
  if (name == "imported" || name == "ensemble") {
    fail("'", name, "(...)' learns nothing of one bank's rows: `nescio evaluate` alone takes it");
  }
  return find_entry(catalogue(), name, "detector");
}

}  // namespace nescio::detectors
