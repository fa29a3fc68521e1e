#include "cli/inspection.h"

#include <algorithm>
#include <optional>

#include "bank/split_place.h"
#include "base/error.h"
#include "base/within.h"
#include "io/array_file.h"
#include "io/file.h"
#include "io/json_file.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;

bool has(const Facts& manifest, std::initializer_list<const char*> members) {
  return std::ranges::all_of(members, [&](const char* name) { return manifest.contains(name); });
}

bool is_of_format(const Facts& manifest, const char* format) {
  const auto found = manifest.find("format");
  return found != manifest.end() && *found == format;
}

/// A folder of ours: the file that says so, and how it is known.
struct FolderKind {
  const char* file;
  bool (*is)(const Facts& manifest);
  Facts (*facts)(const fs::path& folder, const Facts& manifest);
};

constexpr FolderKind folder_kinds[] = {
    {"bank.json", [](const Facts& m) { return is_of_format(m, "nescio feature bank"); },
     [](const fs::path& folder, const Facts&) { return bank_facts(folder); }},
    {"detector.json",
     [](const Facts& m) {
       return has(m, {"spec", "learned_sha256"});
     },
     [](const fs::path& folder, const Facts&) { return detector_facts(folder); }},
    {"results.json",
     [](const Facts& m) {
       return has(m, {"rows", "sets", "metrics"});
     },
     evaluation_facts},
    {"comparison.json",
     [](const Facts& m) {
       return has(m, {"rows", "sets", "arms"});
     },
     comparison_facts},
    {"trace.json",
     [](const Facts& m) {
       return has(m, {"checkpoints", "chosen_by"});
     },
     trace_facts},
    {"config.json",
     [](const Facts& m) {
       return has(m, {"settings", "steps_per_epoch"});
     },
     training_facts},
};

constexpr const char* known =
    "a feature bank, a saved detector, the folder of a run, a checkpoint, a file of arrays "
    "(.safetensors, .pth, .npz, .npy, .pkl, .csv), an ONNX model or a protocol (.yaml)";

/// Of what the file holds; a manifest stands for its folder.
std::optional<Facts> of_manifest(const fs::path& file, const Facts& manifest) {
  if (!manifest.is_object()) return std::nullopt;
  if (is_of_format(manifest, "nescio checkpoint")) return checkpoint_facts(file, manifest);
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  for (const FolderKind& kind : folder_kinds) {
    if (kind.is(manifest)) return kind.facts(folder, manifest);
  }
  return std::nullopt;
}

bool is_bank(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "bank.json", ignored);
}

Facts of_folder(const fs::path& folder) {
  if (is_bank(folder)) return bank_facts(folder);  // which knows what to do about a damaged one
  Facts facts;
  std::vector<std::string> files, foreign, further;
  for (const FolderKind& kind : folder_kinds) {
    files.emplace_back(kind.file);
    const fs::path file = folder / kind.file;
    std::error_code ignored;
    if (!fs::exists(file, ignored)) continue;
    const Facts manifest = io::read_json(file);
    if (!manifest.is_object() || !kind.is(manifest)) {
      foreign.emplace_back(kind.file);
    } else if (facts.is_null()) {
      facts = kind.facts(folder, manifest);
    } else {
      further.emplace_back(kind.file);
    }
  }
  if (!facts.is_null()) {
    if (!further.empty()) facts["beside_it"] = further;
    return facts;
  }
  fail(folder.string(), ": expected ", known, "; found a folder ",
       foreign.empty() ? "without any of " + join(files)
                       : "whose " + join(foreign) + " is none that this program writes",
       ". A split of a bank is BANK#SET/SPLIT");
}

bool has_line(std::string_view text, std::string_view beginning) {
  return text.starts_with(beginning) || text.find("\n" + std::string(beginning)) != text.npos;
}

/// Of a text that is no protocol.
Facts table_facts(const fs::path& file) {
  const std::string what =
      text(file.string(), ": expected ", known, "; found a text that is no table of numbers: ");
  return within(what, [&] { return arrays_facts(file); });
}

Facts of_file(const fs::path& file, const std::string& split) {
  const io::SharedBytes bytes = io::map_file(file);
  const io::FileFormat format = io::identify(bytes.span());
  switch (format) {
    case io::FileFormat::npy:
    case io::FileFormat::zip:
    case io::FileFormat::pickle:
    case io::FileFormat::safetensors: return arrays_facts(file);
    case io::FileFormat::json:
      if (auto facts = of_manifest(file, io::read_json(file))) return *std::move(facts);
      break;
    case io::FileFormat::text:
    case io::FileFormat::other:  // as a control character makes a text
      if (has_line(bytes.text(), "sets:") && has_line(bytes.text(), "roles:")) {
        return protocol_facts(file, split);
      }
      if (format == io::FileFormat::text) return table_facts(file);
      if (auto facts = onnx_facts(file)) return *std::move(facts);
      break;
    default: break;
  }
  fail(file.string(), ": expected ", known, "; found ", io::describe(format));
}

}  // namespace

Facts facts_at(const std::string& path_and_part, const std::string& split) {
  const io::ArrayPlace place = io::array_place(path_and_part);
  const fs::path path = place.file;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (status.type() == fs::file_type::not_found) {
    fail(place.file, ": there is nothing here; expected ", known);
  }
  const bool folder = fs::is_directory(status);
  try {
    if (!place.member) return folder ? of_folder(path) : of_file(path, split);
    if (!folder) return array_facts(path_and_part);
    if (is_bank(path)) {
      const bank::SplitPlace at = bank::parse_split_place(path_and_part, "path");
      return split_facts(at.bank, at.split);
    }
  } catch (const nlohmann::json::exception& e) {
    fail(place.file, ": damaged, it does not hold what this program writes (", e.what(), ")");
  }
  fail(place.file, ": expected a feature bank before '#", *place.member,
       "', found a folder without bank.json");
}

}  // namespace nescio::cli
