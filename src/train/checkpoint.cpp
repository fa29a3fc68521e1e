#include "train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "base/usage.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "io/temporary_name.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* format = "nescio checkpoint";
constexpr int version = 1;

std::string stem_of(std::int64_t step) {
  char stem[32];
  std::snprintf(stem, sizeof(stem), "step-%012lld", static_cast<long long>(step));
  return stem;
}

/// Whether save() wrote it: step-<12 digits>.json, .safetensors, or what a kill left of writing one.
bool is_ours(const fs::path& path) {
  std::string name = path.filename().string();
  if (const auto whole = io::file_of_temporary(name)) name = std::string(*whole);
  const std::string stem = name.substr(0, name.find('.'));
  const std::string end = name.substr(stem.size());
  const bool numbered = stem.size() == stem_of(0).size() && stem.starts_with("step-") &&
                        stem.find_first_not_of("0123456789", 5) == std::string::npos;
  return numbered && (end == ".json" || end == ".safetensors");
}

/// The JSON files, newest first.
std::vector<fs::path> find_all(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".json" && is_ours(path)) found.push_back(path);
  }
  std::ranges::sort(found, std::ranges::greater());
  return found;
}

fs::path tensors_beside(fs::path json) { return json.replace_extension(".safetensors"); }

std::int64_t step_of(const fs::path& path) {
  return parse_integer(path.stem().string().substr(5), "step");
}

/// Leaves `newest`, those just before it and those of every so many steps. What is newer was damaged, or the run would have gone on
/// from there; of a kill, tensors without their JSON and half-written files go too. Files that are
/// not ours stay.
void remove_others(const fs::path& folder, const fs::path& newest, const KeptCheckpoints& kept) {
  std::vector<fs::path> stems;
  std::size_t latest = 0;
  for (const fs::path& path : find_all(folder)) {
    if (path.stem() > newest) continue;
    const bool is_one_of_many = kept.every > 0 && step_of(path) % kept.every == 0;
    if (latest++ < kept.newest || is_one_of_many) stems.push_back(path.stem());
  }
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (is_ours(path) && std::ranges::find(stems, path.stem()) == stems.end()) old.push_back(path);
  }
  for (const fs::path& path : old) fs::remove(path);
}

Checkpoint read(const fs::path& path) {
  const nlohmann::json json = io::read_json(path);
  if (!json.is_object() || json.value("format", "") != format) {
    fail(path.string(), ": no checkpoint of Nescio");
  }
  if (json.value("version", 0) != version) {
    fail(path.string(), ": expected version ", version, ", found ", json.value("version", 0));
  }
  const fs::path tensors = tensors_beside(path);
  if (io::sha256_file(tensors) != json.value("tensors_sha256", "")) {
    fail(tensors.string(), ": damaged: its SHA-256 is another one than ", path.filename().string(),
         " says");
  }
  return {json.at("step").get<std::int64_t>(), json.at("state"),
          io::read_safetensors(tensors).tensors};
}

}  // namespace

KeptCheckpoints kept_checkpoints(std::string_view text) {
  const auto number = [&](std::string_view digits, std::int64_t least) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
      fail_usage("keep_checkpoints: expected a number or every(N), found '", text, "'");
    }
    const std::int64_t value = parse_integer(digits, "keep_checkpoints");
    if (value < least) {
      fail_usage("keep_checkpoints: expected ", least, " or more, found ", value);
    }
    return value;
  };
  if (text.starts_with("every(") && text.ends_with(")")) {
    return {.every = number(text.substr(6, text.size() - 7), 1)};
  }
  return {.newest = static_cast<std::size_t>(number(text, 2))};
}

std::optional<std::string> first_not_finite(const std::map<std::string, Array>& tensors) {
  for (const auto& [name, array] : tensors) {
    if (array.dtype() != DType::float32) continue;
    if (!std::ranges::all_of(array.as<float>(), [](float v) { return std::isfinite(v); })) {
      return name;
    }
  }
  return std::nullopt;
}

void CheckpointFolder::save(const Checkpoint& checkpoint) const {
  if (const auto bad = first_not_finite(checkpoint.tensors)) {
    fail("no checkpoint is written, since ", *bad, " holds NaN or infinity");
  }
  io::make_folders(folder_);
  const fs::path path = folder_ / (stem_of(checkpoint.step) + ".json");
  const fs::path tensors = tensors_beside(path);
  fs::remove(path);  // until its tensors are there again
  io::write_safetensors(tensors, checkpoint.tensors, checkpoint.facts);
  io::write_json(path, {{"format", format},
                        {"version", version},
                        {"step", checkpoint.step},
                        {"state", checkpoint.state},
                        {"tensors_sha256", io::sha256_file(tensors)}});
  remove_others(folder_, path.stem(), keep_);
}

std::optional<Checkpoint> CheckpointFolder::newest(const Notice& warn) const {
  const std::vector<fs::path> all = find_all(folder_);
  for (const fs::path& path : all) {
    try {
      return read(path);
    } catch (const std::exception& e) {
      warn(text(e.what(), "; going back to the checkpoint before"));
    }
  }
  if (!all.empty()) fail(folder_.string(), ": all ", all.size(), " checkpoints are damaged");
  return std::nullopt;
}

std::optional<fs::path> CheckpointFolder::newest_path() const {
  const std::vector<fs::path> all = find_all(folder_);
  if (all.empty()) return std::nullopt;
  return tensors_beside(all.front());
}

std::vector<std::pair<std::int64_t, fs::path>> CheckpointFolder::all() const {
  std::vector<std::pair<std::int64_t, fs::path>> out;
  for (const fs::path& path : find_all(folder_))
    out.emplace_back(step_of(path), tensors_beside(path));
  std::ranges::reverse(out);
  return out;
}

}  // namespace nescio::train
