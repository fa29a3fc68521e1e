// The bank's manifest (bank.json): what may stand in it, and the facts of an array file.
//
//   {"format": "nescio feature bank", "version": 2, "model": {...},
//    "head":   {"arrays": {"weight": ARRAY, "bias": ARRAY}, "origin": ...},
//    "probes": {"gram(powers=10)": {"arrays": {...: ARRAY}, "origin": ...}},   what they have learned
//    "splits": {"cifar10/test": {"rows": 10000, "inputs": ROWS, "paths": FILE,
//                                "arrays": {"logits": ARRAY, "odin(epsilon=0.002,T=1000)": ARRAY}}}}
//   ROWS  = what the rows are: data set, its hash ...
//   ARRAY = {"dtype": "float32", "shape": [10000, 10], "inputs": {...}, "file": ...} and FILE: inputs is
//           what made it, beside the rows; file, its name in the folder, is left out where that is
//           NAME.npy
//   FILE  = {"sha256": ..., "bytes": ..., "modified_ns": ...}
//
// Version 1 had one "inputs" for all arrays of a split, and an array of a probe had its name without
// its settings; such a manifest is read as one of version 2.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/array.h"

namespace nescio::bank {

/// Files and folders of a bank: the manifest, the head's folder, and in the folder of a split the
/// names of its rows, and its manifest entry until that stands in the bank's manifest.
inline constexpr const char* manifest_name = "bank.json";
inline constexpr const char* head_key = "head";
/// Letters of SET and of SPLIT, at most.
inline constexpr std::size_t longest_word = 100;
inline constexpr const char* probes_key = ".probes";  // .probes/NAME, where no split can be
inline constexpr const char* paths_name = "paths.txt";
inline constexpr const char* entry_name = "entry.json";
inline constexpr const char* journal_name = "journal.json";
/// FOLDER/NAME.npy
std::filesystem::path array_path(const std::filesystem::path& folder, std::string_view name);
/// The file of the array with this ARRAY.
std::filesystem::path array_path(const std::filesystem::path& folder, std::string_view name,
                                 const nlohmann::json& description);
/// The keys of a JSON object.
std::vector<std::string> names_of(const nlohmann::json& object);

/// Error unless it is SET/SPLIT of letters, digits, '_', '.' and '-', neither part beginning with
/// '.' and SET not "head", which is a folder of its own.
void check_split_name(std::string_view split);
/// Error unless it consists of these letters and those of a spec, "()=,+", and does not begin with '.'.
void check_array_name(std::string_view name);

/// The type with this name_of(); Error for any other word.
DType dtype_called(std::string_view name);

/// The manifest of a bank without splits.
nlohmann::json empty_manifest();

/// What was read from bank.json, as a manifest of this version. Error, beginning with `where`, if it
/// is none that this program reads.
nlohmann::json to_manifest(nlohmann::json read, std::string_view where);
/// An entry of a split that may be one of version 1, as one of this version.
nlohmann::json to_split_entry(nlohmann::json read);
/// The same for the entry of the head, of a probe or of a split: names, shapes, equal rows.
void check_head_entry(const nlohmann::json& entry, std::string_view where);
void check_probe_entry(const nlohmann::json& entry, std::string_view where);
void check_split_entry(const nlohmann::json& entry, std::string_view where);

/// FILE of any file and ARRAY of a .npy file; they read all of it for the hash.
nlohmann::json describe_file(const std::filesystem::path& path);
nlohmann::json describe_array(const std::filesystem::path& path);
/// Error unless it is the file that FILE describes. Its SHA-256 is looked at only where size or time
/// stamp are others, and the new ones are then noted in `description`.
void check_file(const std::filesystem::path& path, nlohmann::json& description);
/// The array in a file that ARRAY describes, checked likewise, with its type and shape.
Array read_described(const std::filesystem::path& path, nlohmann::json& description);

}  // namespace nescio::bank
