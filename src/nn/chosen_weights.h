// Which tensors of a weights file are the network's: they may lie in one of several dictionaries,
// and under a prefix that wrappers put before every name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/notice.h"
#include "nn/weights.h"

namespace nescio::nn {

/// What the user says about the place; without it everything that fits is looked for.
struct WeightsPlace {
  std::optional<std::string> key;     // of the dictionary: "state_dict_ema", "weights.net"
  std::optional<std::string> prefix;  // of the names: "module.", "" for none
};

/// What a network of so many classes has.
using Expected =
    std::function<ExpectedTensors(const DesignedNetwork& network, std::int64_t classes)>;

struct ChosenWeights {
  NamedWeights own;
  /// What tells these tensors from those that are read without a word of the user's: "" if they are
  /// the same, else "key=state_dict_ema". Belongs to whatever names the weights by the file's hash.
  std::string part;
  Notices notices;  // which dictionary and prefix were taken, and what would have fitted as well
};

/// The number of classes that the last layer in `tensors` (by the network's own names) has; that of
/// the published weights if it is not there.
std::int64_t classes_of(const NetworkInfo& info, const Tensors& tensors);

/// The tensors that fit the network by name and shape, without their prefix; what lies beside the
/// prefix is left out, and so are single numbers that the network has not (counters of profilers).
/// Averaged weights and an optimiser's numbers (a key or prefix with "ema", "swa", "average", "optimiser"
/// in it) are taken only where no others fit or `place` says so. The last layer may be missing altogether (that of an
/// encoder); whether that is good is the caller's to decide.
/// Error, beginning with `where`: nothing fits (with the difference, the network of the catalogue
/// that would fit, and the dictionaries of the file), several prefixes or dictionaries fit, and a
/// key or prefix that is not in the file.
ChosenWeights choose_weights(const DesignedNetwork& network, const Weights& file,
                             const WeightsPlace& place, const Expected& expected,
                             std::string_view where);

/// Whether choose_weights() finds weights of the network in the file without a word of the user's: one
/// set or several. A last layer may be missing of an encoder only. Cost: two outlines of the network at most.
bool fits(const DesignedNetwork& network, const Weights& file, const Expected& expected);

}  // namespace nescio::nn
