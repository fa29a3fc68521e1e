// The bank's manifest (bank.json): what may stand in it, and the facts of an array file.
//
//   {"format": "nescio feature bank", "version": 1, "model": {...},
//    "head":   {"arrays": {"weight": ARRAY, "bias": ARRAY}, "origin": ...},
//    "splits": {"cifar10/test": {"rows": 10000, "arrays": {"logits": ARRAY, ...}, "inputs": ...,
//                                "paths": FILE}}}
//   ARRAY = {"dtype": "float32", "shape": [10000, 10]} and FILE
//   FILE  = {"sha256": ..., "bytes": ..., "modified_ns": ...}
#pragma once

#include <filesystem>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/array.h"

namespace nescio {

/// The file of a split that names its rows.
inline constexpr const char* paths_name = "paths.txt";

/// Error unless it is SET/SPLIT of letters, digits, '_', '.' and '-', neither part beginning with
/// '.' and SET not "head", which is a folder of its own.
void check_split_name(std::string_view split);
/// Error unless it consists of these letters and does not begin with '.'.
void check_array_name(std::string_view name);

/// The manifest of a bank without splits.
nlohmann::json empty_manifest();

/// Error, beginning with `where`, if it is no manifest that this program reads.
void check_manifest(const nlohmann::json& manifest, std::string_view where);
/// The same for the entry of the head or of a split: names, shapes, equal rows.
void check_head_entry(const nlohmann::json& entry, std::string_view where);
void check_split_entry(const nlohmann::json& entry, std::string_view where);

/// FILE of any file and ARRAY of a .npy file; they read all of it for the hash.
nlohmann::json describe_file(const std::filesystem::path& path);
nlohmann::json describe_array(const std::filesystem::path& path);
/// Error if `array` has not the type and shape of ARRAY.
void check_array(const Array& array, const nlohmann::json& description, std::string_view where);

}  // namespace nescio
