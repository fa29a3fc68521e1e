#include <algorithm>

#include "base/error.h"
#include "cli/inspection.h"
#include "cli/network_part.h"
#include "io/array_file.h"
#include "io/file.h"
#include "io/sha256.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;
using Tensors = std::map<std::string, Array>;

/// The longest beginning up to a dot that all names have in common: what wrappers put before them.
std::string prefix_of(const Tensors& tensors) {
  if (tensors.empty()) return {};
  std::string prefix = tensors.begin()->first;
  for (const auto& [name, array] : tensors) {
    const auto differs = std::mismatch(prefix.begin(), prefix.end(), name.begin(), name.end());
    prefix.erase(differs.first, prefix.end());
  }
  return prefix.substr(0, prefix.rfind('.') + 1);
}

/// Whether it is learned: what normalisations count and average is not.
bool is_parameter(const std::string& name, const Array& array) {
  const bool counted = name.ends_with("running_mean") || name.ends_with("running_var") ||
                       name.ends_with("num_batches_tracked");
  return is_float(array.dtype()) && !counted;
}

std::size_t parameters_of(const Tensors& tensors) {
  std::size_t count = 0;
  for (const auto& [name, array] : tensors) count += is_parameter(name, array) ? array.size() : 0;
  return count;
}

/// Networks of the catalogue, or why it is not known.
Facts fitting(const io::StoredArrays& arrays) {
  if (!has_network_part()) return "not known: this build has no libtorch";
  try {
    const auto names = network_part()->fitting_networks(arrays);
    return names.empty() ? Facts("none of `nescio list models`") : Facts(names);
  } catch (const Error& e) {
    return text("not known: ", e.what());
  }
}

}  // namespace

Facts arrays_facts(const fs::path& file) {
  const io::StoredArrays found = io::read_arrays(file);
  Facts facts = {{"kind", "arrays"},
                 {"path", file.string()},
                 {"format", io::describe(found.format)},
                 {"bytes", io::stamp_of(file).bytes},
                 {"sha256", io::sha256_file(file)}};
  std::size_t tensors = 0, parameters = 0;
  for (const io::TensorGroup& group : found.groups) {
    tensors += group.tensors.size();
    parameters += parameters_of(group.tensors);
  }
  facts["tensors"] = tensors;
  facts["parameters"] = parameters;
  // Neither one array without a name nor a table is a network's.
  if (found.format != io::FileFormat::npy && found.format != io::FileFormat::text) {
    facts["networks_that_fit"] = fitting(found);
  }
  facts["metadata"] = found.metadata;
  for (const io::TensorGroup& group : found.groups) {
    facts["groups"].push_back({{"key", group.key},
                               {"tensors", group.tensors.size()},
                               {"parameters", parameters_of(group.tensors)},
                               {"prefix", prefix_of(group.tensors)}});
    for (const auto& [name, array] : group.tensors) {
      facts["arrays"].push_back({{"group", group.key},
                                 {"name", name},
                                 {"dtype", name_of(array.dtype())},
                                 {"shape", array.shape()}});
    }
    for (const auto& [name, why] : group.unread) {
      facts["unread"].push_back({{"group", group.key}, {"name", name}, {"why", why}});
    }
  }
  for (const auto& [name, why] : found.others) {
    facts["not_read"].push_back({{"name", name}, {"why", why}});
  }
  return facts;
}

Facts array_facts(const std::string& file_and_member) {
  const Array array = io::read_array(file_and_member);
  return {{"kind", "array"},
          {"path", file_and_member},
          {"dtype", name_of(array.dtype())},
          {"shape", array.shape()},
          {"bytes", array.bytes()}};
}

}  // namespace nescio::cli
