// What the trainer knows about its methods without libtorch: names, parameters, papers.
//
// One file per method in methods/: a class in an anonymous namespace and one function that
// describes it, called by the catalogue that CMake generates from `nescio_add_method(name)`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parameters.h"

namespace nescio::train {

class TrainingMethod;  // train/method.h, which needs libtorch

/// What a method reads besides pictures with labels.
struct MethodNeeds {
  bool labels = true;
  bool outliers = false;  // auxiliary pictures of no class, outliers=
};

/// The self-description from which parsing, `list methods` and `describe` come.
struct MethodInfo {
  std::string name;
  std::string summary;  // one sentence
  std::string formula;  // of the loss
  std::string paper;    // authors, title, venue, arXiv
  MethodNeeds needs = {};
  std::vector<Parameter<TrainingMethod>> parameters = {};
  std::function<std::shared_ptr<TrainingMethod>()> make = {};  // set by describe_method<>
};

namespace methods {
/// All methods, by name.
const std::vector<MethodInfo>& catalogue();
}  // namespace methods

/// The description of a method. Error with the nearest name and the list if there is none.
const MethodInfo& find_method(std::string_view name);

}  // namespace nescio::train
