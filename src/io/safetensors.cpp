#include "io/safetensors.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "io/file.h"
#include "io/json_file.h"

namespace nescio::io {
namespace {

constexpr std::uint64_t max_json_header = 100'000'000;  // the reference implementation's bound

struct TypeName {
  DType dtype;
  std::string_view name;
};
constexpr TypeName type_names[] = {
    {DType::boolean, "BOOL"}, {DType::uint8, "U8"},      {DType::uint16, "U16"},
    {DType::uint32, "U32"},   {DType::uint64, "U64"},    {DType::int8, "I8"},
    {DType::int16, "I16"},    {DType::int32, "I32"},     {DType::int64, "I64"},
    {DType::float16, "F16"},  {DType::bfloat16, "BF16"}, {DType::float32, "F32"},
    {DType::float64, "F64"},
};

struct Entry {
  std::string name;
  std::string type;
  std::optional<DType> dtype;  // none of a type that no Array holds
  Shape shape;
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_count(const nlohmann::json& value) { return value.is_number_unsigned(); }

bool are_counts(const nlohmann::json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), is_count);
}

Entry read_entry(const std::string& name, const nlohmann::json& value, std::string_view where) {
  const std::string what = text(where, ": tensor '", name, "'");
  const auto member = [&](const char* key) -> const nlohmann::json& {
    static const nlohmann::json none;
    const auto found = value.find(key);
    return found == value.end() ? none : *found;
  };
  const auto& dtype = member("dtype");
  const auto& shape = member("shape");
  const auto& offsets = member("data_offsets");
  if (!value.is_object() || !dtype.is_string() || !are_counts(shape) || !are_counts(offsets) ||
      offsets.size() != 2) {
    fail(what, ": expected dtype, shape and two data_offsets, found ", value.dump().substr(0, 100));
  }
  Entry entry;
  entry.name = name;
  entry.type = dtype.get<std::string>();
  entry.shape = shape.get<Shape>();
  entry.begin = offsets[0].get<std::size_t>();
  entry.end = offsets[1].get<std::size_t>();
  const auto found = std::ranges::find(type_names, entry.type, &TypeName::name);
  if (found == std::end(type_names)) {
    if (entry.end < entry.begin) fail(what, ": it ends at ", entry.end, ", before ", entry.begin);
    return entry;
  }
  entry.dtype = found->dtype;
  const std::size_t width = size_of(found->dtype);
  std::size_t expected = 0;
  try {
    expected = count_of(entry.shape, width) * width;
  } catch (const Error& e) {
    fail(what, ": ", e.what());
  }
  if (entry.end < entry.begin || entry.end - entry.begin != expected) {
    fail(what, ": ", entry.type, " ", to_string(entry.shape), " needs ", expected,
         " bytes, its data_offsets are ", entry.begin, " and ", entry.end);
  }
  return entry;
}

// The format demands that tensors fill the data without holes and overlaps.
void check_layout(std::vector<Entry>& entries, std::size_t data_size, std::string_view where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::size_t next = 0;
  for (const auto& entry : entries) {
    if (entry.begin != next) {
      fail(where, ": tensor '", entry.name, "' begins at byte ", entry.begin, ", expected ", next,
           entry.begin < next ? " (it overlaps another)" : " (there is a hole before it)");
    }
    next = entry.end;
  }
  if (next != data_size) {
    fail(where, ": ", next > data_size ? "truncated: " : "", "expected ", next,
         " bytes of values, found ", data_size);
  }
}

}  // namespace

Safetensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(map_file(path), path.string());
}

Safetensors parse_safetensors(const SharedBytes& bytes, std::string_view where) {
  if (bytes.size() < 8)
    fail(where, ": expected a safetensors file, found ", bytes.size(), " bytes");
  const auto header_size = load_little_endian<std::uint64_t>(bytes.data());
  if (header_size > max_json_header || header_size > bytes.size() - 8) {
    fail(where, ": no safetensors file, or truncated: its header would have ", header_size,
         " bytes, the file has ", bytes.size());
  }
  const auto size = static_cast<std::size_t>(header_size);
  const std::string_view header = bytes.text().substr(8, size);
  if (!header.starts_with('{')) fail(where, ": no safetensors file: its header is no JSON object");
  const nlohmann::json json = parse_json(header, where);

  Safetensors out;
  std::vector<Entry> entries;
  for (const auto& [name, value] : json.items()) {
    if (name != "__metadata__") {
      entries.push_back(read_entry(name, value, where));
      continue;
    }
    if (!value.is_object()) fail(where, ": __metadata__ is no JSON object");
    for (const auto& [key, fact] : value.items()) {
      if (!fact.is_string()) fail(where, ": __metadata__ '", key, "' is no text");
      out.metadata[key] = fact.get<std::string>();
    }
  }
  const SharedBytes data = bytes.part(8 + size, bytes.size() - 8 - size);
  check_layout(entries, data.size(), where);
  for (auto& entry : entries) {
    if (!entry.dtype) {
      out.unread.emplace(entry.name, text("values of type ", printable(entry.type),
                                          " are not supported; convert them to F32 first"));
      continue;
    }
    const auto values = data.part(entry.begin, entry.end - entry.begin);
    out.tensors.emplace(entry.name, array_from_bytes(*entry.dtype, std::move(entry.shape), values));
  }
  if (out.tensors.empty() && !out.unread.empty()) {
    const auto& [name, why] = *out.unread.begin();
    fail(where, ": tensor '", name, "': ", why);
  }
  return out;
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, Array>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  using Tensor = std::pair<const std::string, Array>;
  std::vector<const Tensor*> sorted;
  for (const auto& tensor : tensors) sorted.push_back(&tensor);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Tensor* a, const Tensor* b) {
    return size_of(a->second.dtype()) > size_of(b->second.dtype());
  });

  nlohmann::json json = nlohmann::json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const auto* tensor : sorted) {
    const auto& [name, array] = *tensor;
    if (name == "__metadata__") fail(path.string(), ": a tensor cannot be called __metadata__");
    std::string_view type;
    for (const auto& t : type_names) {
      if (t.dtype == array.dtype()) type = t.name;
    }
    json[name] = {{"dtype", type},
                  {"shape", array.shape()},
                  {"data_offsets", {offset, offset + array.bytes()}}};
    offset += array.bytes();
  }
  std::string header;
  try {
    header = json.dump();
  } catch (const nlohmann::json::exception& e) {
    fail(path.string(), ": names and metadata must be UTF-8 text (", e.what(), ")");
  }
  header.append((8 - header.size() % 8) % 8, ' ');
  std::string prefix;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix += static_cast<char>(static_cast<std::uint64_t>(header.size()) >> (8 * i) & 0xff);
  }

  AtomicFile file(path);
  file.write(prefix);
  file.write(header);
  for (const auto* tensor : sorted) file.write(tensor->second.data(), tensor->second.bytes());
  file.commit();
}

}  // namespace nescio::io
