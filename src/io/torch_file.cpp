#include "io/torch_file.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"
#include "io/file.h"
#include "io/pickle.h"
#include "io/zip.h"

// The formats are those of torch/serialization.py: _save (zip, since 1.6) and _legacy_save.
namespace nescio {
namespace {

using Weights = std::map<std::string, Array>;
constexpr std::string_view remedy =
    "save the weights again: torch.save(model.state_dict(), 'weights.pth')";

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr StorageType storage_types[] = {
    {"FloatStorage", DType::float32}, {"DoubleStorage", DType::float64},
    {"HalfStorage", DType::float16},  {"BFloat16Storage", DType::bfloat16},
    {"LongStorage", DType::int64},    {"IntStorage", DType::int32},
    {"ShortStorage", DType::int16},   {"CharStorage", DType::int8},
    {"ByteStorage", DType::uint8},    {"BoolStorage", DType::boolean},
};

// What a pickle says about a storage: ('storage', type, key, location, elements[, view]).
struct StorageId {
  std::string key;
  DType dtype = DType::float32;
  std::size_t elements = 0;     // of the storage as it was saved
  std::size_t view_offset = 0;  // old files: the storage is a part of the saved one
  std::size_t view_elements = 0;
};

std::optional<std::size_t> count_in(const PickleValue* value) {
  const auto* number = value->get_if<std::int64_t>();
  if (!number || *number < 0) return {};
  return static_cast<std::size_t>(*number);
}

std::optional<StorageId> storage_id(const PickleValue& persistent) {
  const auto* reference = persistent.get_if<PickleValue::Persistent>();
  const auto* tuple = reference ? reference->id->get_if<PickleValue::Tuple>() : nullptr;
  if (!tuple || tuple->items.size() < 5) return {};
  const auto& items = tuple->items;
  const auto* tag = items[0]->get_if<std::string_view>();
  const auto* type = items[1]->get_if<PickleValue::Global>();
  const auto* key = items[2]->get_if<std::string_view>();
  const auto elements = count_in(items[4]);
  if (!tag || *tag != "storage" || !type || !key || !elements) return {};
  const auto found = std::find_if(std::begin(storage_types), std::end(storage_types),
                                  [&](const StorageType& t) { return t.name == type->name; });
  if (found == std::end(storage_types)) return {};
  StorageId id{std::string(*key), found->dtype, *elements, 0, *elements};
  if (items.size() > 5) {
    if (const auto* view = items[5]->get_if<PickleValue::Tuple>()) {
      if (view->items.size() != 3) return {};
      const auto offset = count_in(view->items[1]);
      const auto size = count_in(view->items[2]);
      if (!offset || !size || *offset > *elements || *size > *elements - *offset) return {};
      id.view_offset = *offset;
      id.view_elements = *size;
    }
  }
  return id;
}

using Storages = std::function<SharedBytes(const StorageId&)>;

bool is_contiguous(const Shape& shape, const std::vector<std::size_t>& strides) {
  std::size_t expected = 1;
  for (std::size_t side = shape.size(); side-- > 0;) {
    if (shape[side] != 1 && strides[side] != expected) return false;
    expected *= shape[side];
  }
  return true;
}

// Turns the tensors of one file into arrays.
class TensorReader {
 public:
  TensorReader(std::string_view where, std::size_t file_size, Storages storages)
      : where_(where), copy_budget_(4 * file_size + (1u << 20)), storages_(std::move(storages)) {}

  Array read(const std::string& name, const PickleValue::Tensor& tensor) {
    try {
      return read(tensor);
    } catch (const Error& e) {
      fail(where_, ": tensor '", name, "': ", e.what());
    }
  }

 private:
  Array read(const PickleValue::Tensor& tensor) {
    const auto id = storage_id(*tensor.storage);
    if (!id) fail("its storage is not described as torch does it");
    const std::size_t width = size_of(id->dtype);
    SharedBytes bytes = storages_(*id);
    if (bytes.size() / width != id->elements || bytes.size() % width != 0) {
      fail("storage '", id->key, "': expected ", id->elements, " elements of ", width,
           " bytes, found ", bytes.size(), " bytes");
    }
    bytes = bytes.part(id->view_offset * width, id->view_elements * width);

    const std::size_t count = count_of(tensor.shape, width);
    const bool inside =
        tensor.offset <= id->view_elements && count <= id->view_elements - tensor.offset;
    // Contiguous: count elements from the offset. Otherwise no element repeats (as an expanded
    // tensor's would), so there are never more than the storage has, either.
    if (!inside && (count > id->view_elements || is_contiguous(tensor.shape, tensor.strides))) {
      fail("shape ", to_string(tensor.shape), " at element ", tensor.offset,
           " needs more than the ", id->view_elements, " elements of its storage");
    }
    if (count == 0) return array_from_bytes(id->dtype, tensor.shape, {});
    if (tensor.offset > id->view_elements) fail("begins beyond its storage");
    const std::size_t first = static_cast<std::size_t>(tensor.offset) * width;
    if (is_contiguous(tensor.shape, tensor.strides)) {
      return array_from_bytes(id->dtype, tensor.shape, bytes.part(first, count * width));
    }
    // Many such tensors may share one storage; their copies must stay in proportion to the file.
    if (count * width > copy_budget_) fail("too many tensors are views; ", remedy);
    copy_budget_ -= count * width;
    return array_from_strided(id->dtype, tensor.shape, tensor.strides,
                              bytes.part(first, bytes.size() - first));
  }

  std::string_view where_;
  std::size_t copy_budget_;
  Storages storages_;
};

bool holds_tensors(const PickleValue::Dict& dict) {
  return std::any_of(dict.items.begin(), dict.items.end(), [](const auto& item) {
    return item.first->template get_if<std::string_view>() &&
           item.second->template get_if<PickleValue::Tensor>();
  });
}

// The dictionary of tensors: the object itself or under one of the usual keys.
const PickleValue::Dict* find_state_dict(const PickleValue& value, int depth) {
  const auto* dict = value.get_if<PickleValue::Dict>();
  if (!dict || depth > 4) return nullptr;
  for (const std::string_view wanted : {"state_dict", "model_state_dict", "model", "net"}) {
    for (const auto& [key, item] : dict->items) {
      const auto* name = key->get_if<std::string_view>();
      if (!name || *name != wanted) continue;
      if (const auto* found = find_state_dict(*item, depth + 1)) return found;
    }
  }
  return holds_tensors(*dict) ? dict : nullptr;
}

Weights collect(const Pickle& pickle, TensorReader reader, std::string_view where) {
  const auto* dict = find_state_dict(pickle.root(), 0);
  if (const auto* object = pickle.root().get_if<PickleValue::Object>()) {
    fail(where, ": holds an object of the class ", printable(object->type.module), ".",
         printable(object->type.name), ", which is never built; ", remedy);
  }
  if (!dict) fail(where, ": holds no dictionary of tensors; ", remedy);
  Weights weights;
  for (const auto& [key, value] : dict->items) {
    const auto* name = key->get_if<std::string_view>();
    const auto* tensor = value->get_if<PickleValue::Tensor>();
    if (!name || !tensor) continue;
    weights.insert_or_assign(std::string(*name), reader.read(std::string(*name), *tensor));
  }
  return weights;
}

Weights read_zip(const SharedBytes& bytes, std::string_view where) {
  const ZipArchive archive(bytes, std::string(where));
  std::string prefix;
  const ZipMember* data = nullptr;
  for (const auto& member : archive.members()) {
    const auto slash = member.name.find('/');
    if (slash == std::string::npos) continue;
    const auto name = std::string_view(member.name).substr(slash + 1);
    if (name == "constants.pkl") fail(where, ": is a TorchScript program; ", remedy);
    if (name != "data.pkl") continue;
    data = &member;
    prefix = member.name.substr(0, slash + 1);
  }
  if (!data) fail(where, ": a zip archive that torch.save did not write (no data.pkl in it)");
  if (const auto* order = archive.find(prefix + "byteorder")) {
    if (archive.read(*order).text() != "little") {
      fail(where, ": was written on a big-endian machine; ", remedy, " on this one");
    }
  }
  const SharedBytes content = archive.read(*data);
  Budget budget(bytes.size(), std::string(where));
  const Pickle pickle(content, std::string(where), budget);

  std::map<std::string, const ZipMember*, std::less<>> members;
  for (const auto& member : archive.members()) members[member.name] = &member;
  std::map<std::string, SharedBytes> cache;
  const auto storages = [&](const StorageId& id) {
    if (const auto known = cache.find(id.key); known != cache.end()) return known->second;
    const auto found = members.find(prefix + "data/" + id.key);
    if (found == members.end()) fail("its storage '", id.key, "' is missing");
    return cache[id.key] = archive.read(*found->second);
  };
  return collect(pickle, TensorReader(where, bytes.size(), storages), where);
}

// 0x1950a86a20f9469cfc6c, the first of the five pickles of the older form.
constexpr std::string_view legacy_magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

Weights read_legacy(const SharedBytes& bytes, std::string_view where) {
  std::size_t at = 0;
  Budget budget(bytes.size(), std::string(where));
  const auto next = [&] {
    Pickle pickle(bytes.part(at, bytes.size() - at), std::string(where), budget);
    at += pickle.size();
    return pickle;
  };
  const Pickle magic = next();
  const auto* number = magic.root().get_if<PickleValue::LongInteger>();
  if (!number || number->bytes != legacy_magic) {
    fail(where, ": a pickle that torch.save did not write; ", remedy);
  }
  const Pickle version = next();
  const auto* protocol = version.root().get_if<std::int64_t>();
  if (!protocol || *protocol != 1001) fail(where, ": unknown version of the older torch format");
  const Pickle system = next();
  if (const auto* facts = system.root().get_if<PickleValue::Dict>()) {
    for (const auto& [key, value] : facts->items) {
      const auto* name = key->get_if<std::string_view>();
      const auto* little = value->get_if<bool>();
      if (name && *name == "little_endian" && little && !*little) {
        fail(where, ": was written on a big-endian machine; ", remedy, " on this one");
      }
    }
  }
  const Pickle object = next();
  const Pickle key_list = next();
  const auto* keys = key_list.root().get_if<PickleValue::List>();
  if (!keys) fail(where, ": the list of storages is missing");

  // Behind the pickles: for each key the number of elements (int64), then the elements. Their size
  // is known from the tensors only, so all storages that tensors use are collected first.
  std::map<std::string, StorageId, std::less<>> ids;
  for (const PickleValue& value : object.values()) {
    if (!value.get_if<PickleValue::Persistent>()) continue;
    if (auto id = storage_id(value)) ids.emplace(id->key, *id);
  }
  std::map<std::string, SharedBytes, std::less<>> storages;
  for (const PickleValue* item : keys->items) {
    const auto* key = item->get_if<std::string_view>();
    const auto id = key ? ids.find(*key) : ids.end();
    if (id == ids.end()) fail(where, ": a storage that no tensor uses");
    if (bytes.size() - at < 8) fail(where, ": truncated before storage '", id->first, "'");
    const auto elements = load_little_endian<std::uint64_t>(bytes.data() + at);
    at += 8;
    const std::size_t width = size_of(id->second.dtype);
    if (elements > (bytes.size() - at) / width) {
      fail(where, ": truncated inside storage '", id->first, "': expected ", elements,
           " elements of ", width, " bytes, found ", bytes.size() - at, " bytes");
    }
    const std::size_t size = static_cast<std::size_t>(elements) * width;
    storages[id->first] = bytes.part(at, size);
    at += size;
  }
  const auto find = [&](const StorageId& id) {
    const auto found = storages.find(id.key);
    if (found == storages.end()) fail("its storage '", id.key, "' is missing");
    return found->second;
  };
  return collect(object, TensorReader(where, bytes.size(), find), where);
}

}  // namespace

Weights read_torch_weights(const std::filesystem::path& path) {
  return parse_torch_weights(map_file(path), path.string());
}

Weights parse_torch_weights(const SharedBytes& bytes, std::string_view where) {
  if (looks_like_zip(bytes.span())) return read_zip(bytes, where);
  if (bytes.size() > 2 && bytes.data()[0] == 0x80) return read_legacy(bytes, where);
  fail(where, ": expected weights saved by torch.save, found ",
       bytes.size() == 0 ? "an empty file" : "something else");
}

}  // namespace nescio
