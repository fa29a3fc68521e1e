// What the trainer knows about its methods without libtorch: names, parameters, papers.
//
// One file per method in methods/: a class in an anonymous namespace and one function that
// describes it, called by the catalogue that CMake generates from `nescio_entry(methods name)`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parameters.h"

namespace nescio::train {

class TrainingMethod;  // train/method.h, which needs libtorch

/// What a method reads, and what it makes of a batch.
struct MethodNeeds {
  bool labels = true;
  bool own_class = false;       // every picture has one class, so nothing may mix them
  bool teacher = false;         // what a stored teacher says about the pictures, targets=
  bool whole_answers = false;   // and that of all classes
  bool mixes_answers = false;   // follows TrainingStep::mixtures, so that the pictures may be mixed
  bool weighs = false;          // takes weights=
  std::int64_t views = 1;       // of each picture
  bool outliers = false;        // auxiliary pictures of no class, outliers=
  bool outlier_logits = false;  // and what the network says about them
  bool mixes = false;           // changes pictures and targets into mixtures of several
};

/// What a method is in a sum such as mixup+cross_entropy+outlier_exposure. `change` stands for what
/// has no loss of its own: it changes the batch, or what of the network learns. A sum has one loss,
/// cross_entropy where none is named.
enum class MethodRole {
  loss,    // of what the network says about the pictures
  term,    // is added to the loss
  change,  // of the batch or the network
  whole    // does everything itself and stands alone
};

/// "loss", "term", ... as people read it.
std::string_view in_words(MethodRole role);

/// The self-description from which parsing, `list methods` and `describe` come.
struct MethodInfo {
  std::string name;
  std::vector<std::string> aliases = {};
  MethodRole role = MethodRole::loss;
  /// Whether loss() and the hooks around the update do the same operations in every step whose tensors have the
  /// same shapes, and read nothing of the host that changes from step to step: on a GPU such steps are recorded
  /// once and played again (train/step_recorder.h). What changes belongs into draw() or prepare().
  bool repeats = false;
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

/// The description of a method, by its name or an alias. UsageError with the nearest name and the
/// list if there is none.
const MethodInfo& find_method(std::string_view name);

}  // namespace nescio::train
