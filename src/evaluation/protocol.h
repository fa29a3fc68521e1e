// A benchmark that others can repeat: data sets and the parts they play, read from a YAML file.
//
//   name: cifar10
//   summary: one sentence, with the source
//   preprocessing: short_side=32&size=32      # optional: options of the model
//   sets:                                     # {root} and {split} are what the user says
//     cifar10/train: cifar10:{root}/cifar-10-batches-bin?split=train
//     cifar10/val: {data: "cifar10:{root}/...?split=test", index: [12, 34], rows: 2}
//   roles: {train: cifar10/train, val: cifar10/val, id: cifar10/test,
//           near: [cifar100/test], far: [mnist/test], ood_val: [fashion_mnist/test]}
//
// A role may name {split}, too: with `id: {split}/test` and near: [cat/test, dog/test, eel/test], each of them is
// ID in turn and OOD otherwise: the set of id is left out of near and far.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "evaluation/roles.h"

namespace nescio::evaluation {

struct ProtocolSet {
  std::string name;                 // SET/SPLIT
  std::string data;                 // data-set spec
  std::optional<std::size_t> rows;  // how many pictures the protocol counts on
};

struct Protocol {
  std::string name;
  std::string summary;
  std::string preprocessing;        // key=value&... of a model spec; empty: the network's own
  std::vector<ProtocolSet> sets;    // those that have a role, in the order of the file
  std::vector<std::string> unused;  // names of the others
  Roles roles;

  /// "resnet20:PATH?user=1" with the protocol's preprocessing, which the user's options override.
  std::string model_spec(std::string model) const;
};

/// What a protocol file leaves to its user.
struct ProtocolOptions {
  std::string root = {};   // stands for {root} in specs: the folder of the data sets
  std::string split = {};  // stands for {split}: which of several divisions of the classes
  std::map<std::string, std::string> roles = {};  // sets to play a role instead, "a/test,b/test";
                                                  // "none": no set
};

/// Reads a protocol. Keys of a set other than `data` and `rows` are options of its data set (a list
/// becomes "a,b,c").
/// Error, with the file and the key, for what is missing, unknown (with the nearest name) or of the
/// wrong kind, for roles of sets that are not declared, and for a set with two roles that do not go
/// together (check_roles()).
Protocol read_protocol(const std::filesystem::path& path, const ProtocolOptions& options);

/// The same from memory; `where` begins the message of an Error.
Protocol parse_protocol(std::string_view yaml, const std::string& where,
                        const ProtocolOptions& options);

/// Everything resolved, as a run records it.
nlohmann::ordered_json to_json(const Protocol& protocol);

}  // namespace nescio::evaluation
