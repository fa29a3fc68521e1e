// What a network makes of mixtures of ID pictures and outliers: the diagnostics of methods that train
// on mixtures, as the report shows them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace nescio::report {

/// Means over the pairs at one weight lambda of the ID picture. x and o are an ID picture and an
/// outlier as the network reads them, f(x) and f(o) their logits.
struct MixingPoint {
  double lambda = 0;
  double target = 0;       // lambda + (1 - lambda) / C: the largest share of the mixed label
  double of_pictures = 0;  // largest softmax of f(lambda x + (1 - lambda) o)
  double of_logits = 0;    // the same of lambda f(x) + (1 - lambda) f(o)
  double gap = 0;          // mean |f(lambda x + (1 - lambda) o) - lambda f(x) - (1 - lambda) f(o)|,
                           // over classes too
};

/// Logits of one kind, a value for each pair.
struct LogitGroup {
  std::string name;                     // "id", the role of the outliers, "pictures", "logits"
  std::vector<double> confidence = {};  // largest softmax
  std::vector<double> norm = {};        // L2
  std::vector<std::array<double, 2>> plane = {};  // on the first two principal axes of all groups
};

/// One ID split against one OOD split.
struct Mixing {
  std::string id = {}, outliers = {};
  std::size_t pairs = 0;
  std::uint64_t seed = 0;
  std::vector<MixingPoint> path = {};    // by ascending lambda, 0 to 1
  std::vector<LogitGroup> groups = {};   // id, outliers, and both mixtures at lambda = 1/2
  std::array<double, 2> explained = {};  // share of the variance along each axis of the plane
};

nlohmann::json to_json(const Mixing& mixing);

}  // namespace nescio::report
