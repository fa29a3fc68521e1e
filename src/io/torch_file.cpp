#include "io/torch_file.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"
#include "io/file.h"
#include "io/file_format.h"
#include "io/numpy_array.h"
#include "io/pickle.h"
#include "io/zip.h"

// The formats are those of torch/serialization.py: _save (zip, since 1.6) and _legacy_save.
namespace nescio::io {
namespace {

using Groups = std::vector<TensorGroup>;
constexpr std::string_view remedy =
    "save a dictionary of tensors: torch.save(model.state_dict(), 'weights.pth') for weights, "
    "torch.save({'logits': z}, 'arrays.pth') for arrays";

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
    {"UntypedStorage", DType::uint8},
};
// Those that no Array holds, and the bytes of an element: the older form has one storage behind another.
struct ForeignType {
  std::string_view name;
  std::size_t width;
};
constexpr ForeignType foreign_types[] = {{"ComplexFloatStorage", 8},
                                         {"ComplexDoubleStorage", 16},
                                         {"QInt8Storage", 1},
                                         {"QUInt8Storage", 1},
                                         {"QInt32Storage", 4}};
// Types that have no storage of their own: their elements lie in a storage of plain bytes.
constexpr StorageType untyped[] = {
    {"uint16", DType::uint16},
    {"uint32", DType::uint32},
    {"uint64", DType::uint64},
};

// A tensor of a sound file that no Array holds.
class Unread : public Error {
 public:
  using Error::Error;
};

// What a pickle says about a storage: ('storage', type, key, location, elements[, view]).
struct StorageId {
  std::string key;
  std::string_view type;        // as torch calls it
  std::optional<DType> dtype;   // none of one that no Array holds
  std::size_t width = 0;        // of an element, in bytes
  std::size_t elements = 0;     // of the storage as it was saved
  std::size_t view_offset = 0;  // old files: the storage is a part of the saved one
  std::size_t view_elements = 0;
};

std::optional<std::size_t> count_in(const PickleValue* value) {
  const auto* number = value->get_if<std::int64_t>();
  if (!number || *number < 0) return {};
  return static_cast<std::size_t>(*number);
}

std::optional<DType> find_type(std::span<const StorageType> types, std::string_view name) {
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const StorageType& t) { return t.name == name; });
  if (found == types.end()) return {};
  return found->dtype;
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
  StorageId id{std::string(*key), type->name, find_type(storage_types, type->name), 0, *elements, 0,
               *elements};
  const auto foreign = std::ranges::find(foreign_types, type->name, &ForeignType::name);
  if (!id.dtype && foreign == std::end(foreign_types)) return {};
  id.width = id.dtype ? size_of(*id.dtype) : foreign->width;
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

[[noreturn]] void refuse_type(std::string_view type) {
  throw Unread(text("its elements are of the type ", printable(type), "; save real numbers"));
}

/// Of a storage that storage_id() gives none of.
[[noreturn]] void refuse_storage(const PickleValue& persistent) {
  const auto* reference = persistent.get_if<PickleValue::Persistent>();
  const auto* tuple = reference ? reference->id->get_if<PickleValue::Tuple>() : nullptr;
  const auto* type =
      tuple && tuple->items.size() > 1 ? tuple->items[1]->get_if<PickleValue::Global>() : nullptr;
  if (!type || find_type(storage_types, type->name))
    fail("its storage is not described as torch does it");
  refuse_type(type->name);
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

// A storage of plain bytes as elements of the type that the tensor names.
StorageId typed(StorageId id, std::string_view type) {
  if (type.empty()) return id;
  const auto dtype = find_type(untyped, type);
  if (!dtype || id.dtype != DType::uint8) refuse_type(type);
  id.dtype = *dtype;
  id.width = size_of(*dtype);
  id.elements /= id.width;
  id.view_offset /= id.width;
  id.view_elements /= id.width;
  return id;
}

// Turns the tensors of one file into arrays.
class TensorReader {
 public:
  TensorReader(const Pickle& pickle, Budget& budget, Storages storages)
      : pickle_(pickle), budget_(budget), storages_(std::move(storages)) {}

  Array read(const PickleValue& value) {
    if (const auto* array = value.get_if<PickleValue::NumpyArray>()) {
      const auto* type = array->type ? array->type->get_if<PickleValue::NumpyType>() : nullptr;
      if (type && !numpy_type(type->code)) {
        throw Unread(
            text("expected numbers, found elements of NumPy's type '", printable(type->code), "'"));
      }
      return array_from_numpy(*array, pickle_, budget_);
    }
    return read(*value.get_if<PickleValue::Tensor>());
  }

 private:
  Array read(const PickleValue::Tensor& tensor) {
    const auto found = storage_id(*tensor.storage);
    if (!found) refuse_storage(*tensor.storage);
    const StorageId id = typed(*found, tensor.type);
    if (!id.dtype) refuse_type(id.type);
    const std::size_t width = id.width;
    SharedBytes bytes = storages_(*found);
    if (bytes.size() / width != id.elements || bytes.size() % width != 0) {
      fail("storage '", id.key, "': expected ", id.elements, " elements of ", width,
           " bytes, found ", bytes.size(), " bytes");
    }
    bytes = bytes.part(id.view_offset * width, id.view_elements * width);

    const std::size_t count = count_of(tensor.shape, width);
    for (std::size_t side = 0; side < tensor.shape.size(); ++side) {
      if (count > id.view_elements && tensor.shape[side] > 1 && tensor.strides[side] == 0) {
        throw Unread("its elements repeat, as expand() has them; save x.contiguous()");
      }
    }
    const bool inside =
        tensor.offset <= id.view_elements && count <= id.view_elements - tensor.offset;
    // Contiguous: count elements from the offset. Otherwise no element repeats (as an expanded
    // tensor's would), so there are never more than the storage has, either.
    if (!inside && (count > id.view_elements || is_contiguous(tensor.shape, tensor.strides))) {
      fail("shape ", to_string(tensor.shape), " at element ", tensor.offset,
           " needs more than the ", id.view_elements, " elements of its storage");
    }
    if (count == 0) return array_from_bytes(*id.dtype, tensor.shape, {});
    if (tensor.offset > id.view_elements) fail("begins beyond its storage");
    const std::size_t first = static_cast<std::size_t>(tensor.offset) * width;
    const SharedBytes rest = bytes.part(first, bytes.size() - first);
    // Many tensors may share one storage; their copies must stay in proportion to the file.
    if (!is_contiguous(tensor.shape, tensor.strides)) {
      budget_.pay_memory(count * width);
      return array_from_strided(*id.dtype, tensor.shape, tensor.strides, rest);
    }
    if (reinterpret_cast<std::uintptr_t>(rest.data()) % width != 0) {
      budget_.pay_memory(count * width);
    }
    return array_from_bytes(*id.dtype, tensor.shape, rest.part(0, count * width));
  }

  const Pickle& pickle_;
  Budget& budget_;
  Storages storages_;
};

bool is_tensor(const PickleValue& value) {
  return value.get_if<PickleValue::Tensor>() || value.get_if<PickleValue::NumpyArray>();
}

// Walks dictionaries and lists, each once however often it is referred to.
class GroupCollector {
 public:
  GroupCollector(TensorReader& reader, Budget& budget, std::string_view where)
      : reader_(reader), budget_(budget), where_(where) {}

  Groups collect(const PickleValue& root) {
    if (is_tensor(root)) {
      add({}, {}, root);
    } else {
      pending_.push_back({&root, {}});
    }
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const auto [value, key] = pending_[i];
      if (visited_.insert(value).second) visit(*value, key);
    }
    const bool some =
        std::ranges::any_of(groups_, [](const TensorGroup& g) { return !g.tensors.empty(); });
    if (!some && !groups_.empty()) {
      const auto& [name, why] = *groups_.front().unread.begin();
      refuse(name, why);
    }
    if (!some) fail(where_, ": holds no tensors", closed_, "; ", remedy);
    return std::move(groups_);
  }

 private:
  [[noreturn]] void refuse(std::string_view name, std::string_view why) const {
    fail(where_, ": ", name.empty() ? "the tensor" : text("tensor '", printable(name), "'"), ": ",
         why);
  }

  void visit(const PickleValue& value, const std::string& key) {
    if (const auto* dict = value.get_if<PickleValue::Dict>()) {
      for (const auto& [name, item] : dict->items) {
        if (const auto* word = name->get_if<std::string_view>()) take(key, *word, *item);
        // Below, these are the states of optimisers.
        const auto* number = key.empty() ? name->get_if<std::int64_t>() : nullptr;
        if (number) take(key, text(*number), *item);
      }
    } else if (const auto* list = value.get_if<PickleValue::List>()) {
      for (std::size_t i = 0; i < list->items.size(); ++i) take(key, text(i), *list->items[i]);
    } else if (const auto* tuple = value.get_if<PickleValue::Tuple>()) {
      for (std::size_t i = 0; i < tuple->items.size(); ++i) take(key, text(i), *tuple->items[i]);
    }
  }

  void take(const std::string& key, std::string_view name, const PickleValue& item) {
    budget_.pay_work(1);
    const auto* array = item.get_if<PickleValue::NumpyArray>();
    if (array && !holds_numbers(*array)) return;  // names of files, say
    if (is_tensor(item)) return add(key, name, item);
    const auto* object = item.get_if<PickleValue::Object>();
    if (object && closed_.empty()) {
      closed_ = text(", but under '", printable(name), "' an object of the class ",
                     printable(object->type.module), ".", printable(object->type.name),
                     ", which is never built");
    }
    const bool holds = item.get_if<PickleValue::Dict>() || item.get_if<PickleValue::List>() ||
                       item.get_if<PickleValue::Tuple>();
    if (!holds) return;
    budget_.pay_memory(sizeof(Pending) + key.size() + name.size() + 1);
    pending_.push_back({&item, key.empty() ? std::string(name) : text(key, ".", name)});
  }

  void add(const std::string& key, std::string_view name, const PickleValue& item) {
    budget_.pay_memory(2 * sizeof(Array) + name.size());
    if (groups_.empty() || groups_.back().key != key) groups_.push_back({key, {}});
    TensorGroup& group = groups_.back();
    group.tensors.erase(std::string(name));
    group.unread.erase(std::string(name));
    try {
      group.tensors.emplace(name, reader_.read(item));
    } catch (const Unread& e) {
      budget_.pay_memory(2 * sizeof(std::string) + std::string_view(e.what()).size());
      group.unread.emplace(name, e.what());
    } catch (const Error& e) {
      refuse(name, e.what());
    }
  }

  struct Pending {
    const PickleValue* value;
    std::string key;
  };
  TensorReader& reader_;
  Budget& budget_;
  std::string_view where_;
  std::vector<Pending> pending_;
  std::set<const PickleValue*> visited_;
  std::string closed_;  // the first object, for the message where there is nothing else
  Groups groups_;
};

Groups collect(const Pickle& pickle, Budget& budget, Storages storages, std::string_view where) {
  if (const auto* object = pickle.root().get_if<PickleValue::Object>()) {
    fail(where, ": holds an object of the class ", printable(object->type.module), ".",
         printable(object->type.name), ", which is never built; ", remedy);
  }
  TensorReader reader(pickle, budget, std::move(storages));
  return GroupCollector(reader, budget, where).collect(pickle.root());
}

Groups read_zip(const SharedBytes& bytes, std::string_view where) {
  const ZipArchive archive(bytes, std::string(where));
  std::string prefix;
  const ZipMember* data = nullptr;
  for (const auto& member : archive.members()) {
    const auto slash = member.name.find('/');
    if (slash == std::string::npos) continue;
    const auto name = std::string_view(member.name).substr(slash + 1);
    if (name == "constants.pkl") fail(where, ": is a TorchScript program; ", remedy);
    if (name == "archive_format") fail(where, ": is a program of torch.export; ", remedy);
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
    if (found->second->method != 0) budget.pay_memory(found->second->size);
    return cache[id.key] = archive.read(*found->second);
  };
  return collect(pickle, budget, storages, where);
}

// 0x1950a86a20f9469cfc6c, the first of the five pickles of the older form.
constexpr std::string_view legacy_magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

Groups read_legacy(const SharedBytes& bytes, std::string_view where) {
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
    const std::size_t width = id->second.width;
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
  return collect(object, budget, find, where);
}

template <class Value>
std::map<std::string, Value> joined(const Groups& groups,
                                    std::map<std::string, Value> TensorGroup::*part) {
  if (groups.size() == 1) return groups.front().*part;
  std::map<std::string, Value> all;
  for (const TensorGroup& group : groups) {
    for (const auto& [name, value] : group.*part) {
      all.insert_or_assign(group.key.empty() ? name : text(group.key, ".", name), value);
    }
  }
  return all;
}

}  // namespace

Groups read_torch_file(const std::filesystem::path& path) {
  return parse_torch_file(map_file(path), path.string());
}

Groups parse_torch_file(const SharedBytes& bytes, std::string_view where) {
  switch (const FileFormat kind = identify(bytes.span())) {
    case FileFormat::zip: return read_zip(bytes, where);
    case FileFormat::pickle: return read_legacy(bytes, where);
    default: fail(where, ": expected a file that torch.save wrote, found ", describe(kind));
  }
}

std::map<std::string, Array> join_groups(const Groups& groups) {
  return joined(groups, &TensorGroup::tensors);
}

std::map<std::string, std::string> join_unread(const Groups& groups) {
  return joined(groups, &TensorGroup::unread);
}

bool looks_like_torch(const SharedBytes& bytes, std::string_view where) {
  if (!looks_like_zip(bytes.span())) {
    // PROTO and its version, of protocol 4 and 5 FRAME and its size, LONG1 and its length stand before the number.
    return bytes.text().substr(0, 13 + legacy_magic.size()).find(legacy_magic) !=
           std::string_view::npos;
  }
  const ZipArchive archive(bytes, std::string(where));
  return std::ranges::any_of(archive.members(), [](const ZipMember& member) {
    return member.name.ends_with("/data.pkl");
  });
}

}  // namespace nescio::io
