// What lies at a path, by its bytes or its manifest, as facts for programs and for people.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace nescio::cli {

/// An object in order, "kind" and "path" first. A list of objects among its members is a table.
using Facts = nlohmann::ordered_json;

/// Of a feature bank, a saved detector, a run of training, evaluation, comparison or trace, a checkpoint, a file of
/// arrays, an ONNX model or a protocol; behind '#' of one split of a bank (BANK#SET/SPLIT) or one array of a file.
/// `split` stands for {split} in a protocol. Arrays are mapped; nothing runs a network.
/// Error, which says what was expected and what was found, for what is missing, damaged or of none of these.
Facts facts_at(const std::string& path_and_part, const std::string& split);

/// A table of the single facts, then the lists, each under its name. Hashes are shortened, long lists cut, and
/// objects within the rows of a table left out: programs have all of it.
std::string facts_text(const Facts& facts);

// Of one kind each; the folder or file is known to be one.
Facts bank_facts(const std::filesystem::path& folder);
Facts split_facts(const std::filesystem::path& bank, const std::string& split);
Facts detector_facts(const std::filesystem::path& folder);
Facts training_facts(const std::filesystem::path& folder, const Facts& manifest);
Facts checkpoint_facts(const std::filesystem::path& file, const Facts& manifest);
Facts evaluation_facts(const std::filesystem::path& folder, const Facts& manifest);
Facts comparison_facts(const std::filesystem::path& folder, const Facts& manifest);
Facts trace_facts(const std::filesystem::path& folder, const Facts& manifest);
Facts arrays_facts(const std::filesystem::path& file);
Facts array_facts(const std::string& file_and_member);
Facts protocol_facts(const std::filesystem::path& file, const std::string& split);
/// None if it is no ONNX model, or this build cannot read any.
std::optional<Facts> onnx_facts(const std::filesystem::path& file);

}  // namespace nescio::cli
