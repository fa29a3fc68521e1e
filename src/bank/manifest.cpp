#include "bank/manifest.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/within.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/sha256.h"

namespace nescio::bank {
namespace {

constexpr std::string_view format = "nescio feature bank";
constexpr int version = 2;

constexpr const char* word_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
constexpr const char* spec_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-()=,+";

bool is_of(std::string_view name, const char* letters, std::size_t longest) {
  return !name.empty() && name.size() <= longest && name[0] != '.' &&
         name.find_first_not_of(letters) == std::string_view::npos;
}

constexpr std::size_t longest_array_name = 200;

bool is_word(std::string_view name) { return is_of(name, word_letters, longest_word); }

// With ".npy" behind it, it is the name of a file.
bool is_array_name(std::string_view name) { return is_of(name, spec_letters, longest_array_name); }

const nlohmann::json& member(const nlohmann::json& object, const char* key,
                             std::string_view where) {
  const auto found = object.find(key);
  if (found == object.end()) fail(where, ": '", key, "' is missing in the manifest");
  return *found;
}

bool is_shape(const nlohmann::json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const nlohmann::json& v) {
           return v.is_number_unsigned();
         });
}

bool is_file(const nlohmann::json& value, std::string_view where) {
  return value.is_object() && member(value, "sha256", where).is_string() &&
         member(value, "bytes", where).is_number_unsigned() &&
         member(value, "modified_ns", where).is_number_integer();
}

bool is_array_file(const nlohmann::json& value) {
  if (!value.is_string()) return false;
  const std::string_view name = value.get_ref<const std::string&>();
  return name.ends_with(".npy") && is_array_name(name.substr(0, name.size() - 4));
}

void check_description(const nlohmann::json& array, std::string_view where) {
  const bool good = is_file(array, where) && member(array, "dtype", where).is_string() &&
                    is_shape(member(array, "shape", where));
  if (!good) fail(where, ": damaged description of an array in the manifest");
  if (array.contains("file") && !is_array_file(array["file"])) {
    fail(where, ": damaged name of a file in the manifest");
  }
  within(text(where, ": "), [&] { dtype_called(array["dtype"].get<std::string>()); });
}

void check_arrays(const nlohmann::json& entry, std::string_view where) {
  if (!entry.is_object()) fail(where, ": expected an object in the manifest");
  const auto& arrays = member(entry, "arrays", where);
  if (!arrays.is_object() || arrays.empty()) fail(where, ": no arrays in the manifest");
  for (const auto& [name, array] : arrays.items()) {
    within(text(where, ": "), [&name = name] { check_array_name(name); });
    check_description(array, text(where, "/", name));
  }
}

}  // namespace

std::filesystem::path array_path(const std::filesystem::path& folder, std::string_view name) {
  return folder / (std::string(name) + ".npy");
}

std::filesystem::path array_path(const std::filesystem::path& folder, std::string_view name,
                                 const nlohmann::json& description) {
  const auto file = description.find("file");
  return file == description.end() ? array_path(folder, name) : folder / file->get<std::string>();
}

std::vector<std::string> names_of(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

void check_split_name(std::string_view split) {
  const auto slash = split.find('/');
  const bool good = slash != std::string_view::npos && is_word(split.substr(0, slash)) &&
                    is_word(split.substr(slash + 1)) && split.substr(0, slash) != head_key;
  if (!good) {
    fail("expected SET/SPLIT, as in cifar10/test, of letters, digits, '_', '.' and '-', at most ",
         longest_word, " each, the first no '.', and not '", head_key, "' as SET, found '", split,
         "'");
  }
}

void check_array_name(std::string_view name) {
  if (!is_array_name(name)) {
    fail(
        "expected the name of an array, of letters, digits, '_', '.' and '-' or as "
        "odin(epsilon=0.002,T=1), at most ",
        longest_array_name, ", the first no '.', found '", printable(name), "'");
  }
}

DType dtype_called(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(DType::float64); ++i) {
    if (name_of(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  }
  fail("expected the name of a type, such as float32, found '", printable(name), "'");
}

nlohmann::json empty_manifest() {
  return {{"format", format},
          {"version", version},
          {"model", nlohmann::json::object()},
          {"splits", nlohmann::json::object()}};
}

void check_head_entry(const nlohmann::json& entry, std::string_view where) {
  check_arrays(entry, where);
  const auto& arrays = entry["arrays"];
  if (!arrays.contains("weight") || !arrays.contains("bias")) {
    fail(where, ": expected weight and bias in the manifest");
  }
  const auto& weight = arrays["weight"]["shape"];
  const auto& bias = arrays["bias"]["shape"];
  if (weight.size() != 2 || bias.size() != 1 || weight[0] != bias[0]) {
    fail(where, ": expected weight [C, D] and bias [C], found ", weight.dump(), " and ",
         bias.dump());
  }
}

void check_probe_entry(const nlohmann::json& entry, std::string_view where) {
  check_arrays(entry, where);
  if (!member(entry, "origin", where).is_object()) fail(where, ": 'origin' is no object");
}

void check_split_entry(const nlohmann::json& entry, std::string_view where) {
  check_arrays(entry, where);
  const auto& rows = member(entry, "rows", where);
  if (!rows.is_number_unsigned()) fail(where, ": 'rows' is no number in the manifest");
  for (const auto& [name, array] : entry["arrays"].items()) {
    const auto& shape = array["shape"];
    if (shape.empty() || shape[0] != rows) {
      fail(where, "/", name, ": expected ", rows.dump(), " rows, found shape ", shape.dump());
    }
    if ((name == "logits" || name == "features") && shape.size() != 2) {
      fail(where, "/", name, ": expected two dimensions, found shape ", shape.dump());
    }
  }
  if (entry.contains("paths") && !is_file(entry["paths"], where)) {
    fail(where, ": damaged description of paths.txt in the manifest");
  }
}

nlohmann::json to_manifest(nlohmann::json read, std::string_view where) {
  if (!read.is_object() || !read.contains("format") || read["format"] != format) {
    fail(where, ": is not the manifest of a feature bank");
  }
  const nlohmann::json found = member(read, "version", where);
  if (found != version && found != 1) {
    fail(where, ": version ", found.dump(), " of the bank's format, expected at most ", version,
         " (use the program that wrote it)");
  }
  if (!member(read, "model", where).is_object()) fail(where, ": 'model' is no object");
  if (read.contains("head")) check_head_entry(read["head"], text(where, ": head"));
  if (read.contains("probes")) {
    if (!read["probes"].is_object()) fail(where, ": 'probes' is no object");
    for (const auto& [name, entry] : read["probes"].items()) {
      within(text(where, ": probes: "), [&name = name] { check_array_name(name); });
      check_probe_entry(entry, text(where, ": ", name));
    }
  }
  if (!member(read, "splits", where).is_object()) fail(where, ": 'splits' is no object");
  for (auto& [name, entry] : read["splits"].items()) {
    within(text(where, ": "), [&name = name] { check_split_name(name); });
    entry = to_split_entry(std::move(entry));
    check_split_entry(entry, text(where, ": ", name));
  }
  read["version"] = version;
  return read;
}

nlohmann::json describe_file(const std::filesystem::path& path) {
  const io::FileStamp stamp = io::stamp_of(path);
  return {{"sha256", io::sha256_file(path)},
          {"bytes", stamp.bytes},
          {"modified_ns", stamp.modified_ns}};
}

nlohmann::json describe_array(const std::filesystem::path& path) {
  nlohmann::json description = describe_file(path);
  const Array array = io::read_npy(path);
  description["dtype"] = name_of(array.dtype());
  description["shape"] = array.shape();
  return description;
}

void check_file(const std::filesystem::path& path, nlohmann::json& description) {
  const io::FileStamp stamp = io::stamp_of(path);
  const io::FileStamp known{description.at("bytes").get<std::uint64_t>(),
                            description.at("modified_ns").get<std::int64_t>()};
  if (stamp == known) return;
  if (io::sha256_file(path) != description.at("sha256").get<std::string>()) {
    fail(path.string(), ": was changed since it was written into the bank (its SHA-256 differs)");
  }
  description["bytes"] = stamp.bytes;
  description["modified_ns"] = stamp.modified_ns;
}

Array read_described(const std::filesystem::path& path, nlohmann::json& description) {
  Array array = io::read_npy(path);
  const auto dtype = description.at("dtype").get<std::string>();
  const auto shape = description.at("shape").get<Shape>();
  if (name_of(array.dtype()) != dtype || array.shape() != shape) {
    fail(path.string(), ": expected ", dtype, " ", to_string(shape), " as in the manifest, found ",
         name_of(array.dtype()), " ", to_string(array.shape()));
  }
  check_file(path, description);
  return array;
}

}  // namespace nescio::bank
