#include "io/pickled_arrays.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "io/file.h"
#include "io/numpy_array.h"
#include "io/pickle.h"

namespace nescio::io {
namespace {

using Items = PickleValue::Items;

const Items* sequence(const PickleValue& value) {
  if (const auto* list = value.get_if<PickleValue::List>()) return &list->items;
  if (const auto* tuple = value.get_if<PickleValue::Tuple>()) return &tuple->items;
  return nullptr;
}

std::optional<double> number_in(const PickleValue& value) {
  if (const auto* whole = value.get_if<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* flag = value.get_if<bool>()) return *flag;
  if (const auto* number = value.get_if<double>()) return *number;
  return {};
}

/// All elements, if each is a number.
std::optional<std::vector<double>> numbers_in(const Items& items) {
  std::vector<double> values;
  for (const PickleValue* item : items) {
    const auto value = number_in(*item);
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

/// What a key of a dictionary is called; none where it is no text and no number.
std::optional<std::string> name_of_key(const PickleValue& key) {
  if (const auto* word = key.get_if<std::string_view>()) return std::string(*word);
  if (const auto* number = key.get_if<std::int64_t>()) return text(*number);
  return {};
}

/// All elements, if each holds a T.
template <class T>
std::optional<std::vector<T>> all_of(const Items& items) {
  std::vector<T> values;
  for (const PickleValue* item : items) {
    const T* value = item->get_if<T>();
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

class Collector {
 public:
  Collector(const SharedBytes& bytes, std::string_view where)
      : where_(where), budget_(bytes.size(), where_), pickle_(bytes, where_, budget_) {}

  PickledArrays collect() {
    const PickleValue& root = pickle_.root();
    if (add("", root)) return std::move(found_);
    if (root.get_if<PickleValue::Dict>()) {
      add_dictionaries(root);
    } else if (const Items* items = sequence(root)) {
      for (std::size_t i = 0; i < items->size(); ++i) add(std::to_string(i), *(*items)[i]);
    } else if (const auto* object = root.get_if<PickleValue::Object>()) {
      fail(where_, ": expected a pickled dictionary of arrays, found an object of the class ",
           printable(object->type.module), ".", printable(object->type.name));
    } else {
      fail(where_, ": expected a pickled dictionary of arrays, found something else");
    }
    return std::move(found_);
  }

 private:
  /// What lies in a dictionary within another is called outer.inner. Each is walked once, however often it is
  /// referred to.
  void add_dictionaries(const PickleValue& root) {
    std::vector<std::pair<const PickleValue*, std::string>> pending = {{&root, ""}};
    std::set<const PickleValue*> seen = {&root};
    for (std::size_t i = 0; i < pending.size(); ++i) {
      const auto [value, prefix] = pending[i];
      for (const auto& [key, item] : value->get_if<PickleValue::Dict>()->items) {
        budget_.pay_work(1);
        const auto word = name_of_key(*key);
        if (!word) continue;
        budget_.pay_memory(prefix.size() + word->size());
        const std::string name = prefix + *word;
        if (add(name, *item) || !item->get_if<PickleValue::Dict>()) continue;
        if (seen.insert(item).second) pending.emplace_back(item, name + ".");
      }
    }
  }
  bool add(std::string_view name, const PickleValue& value) {
    budget_.pay_memory(name.size());
    if (const auto* array = value.get_if<PickleValue::NumpyArray>()) {
      if (!name.empty() && !holds_numbers(*array)) return false;
      put(name, to_array(name, *array));
      return true;
    }
    const Items* items = sequence(value);
    if (!items || items->empty()) return false;
    budget_.pay_memory(sizeof(std::int64_t) * items->size());
    const Shape shape{items->size()};
    if (auto whole = all_of<std::int64_t>(*items)) {
      put(name, Array(shape, *std::move(whole)));
    } else if (auto numbers = numbers_in(*items)) {
      put(name, Array(shape, *std::move(numbers)));
    } else if (const auto texts = all_of<std::string_view>(*items)) {
      for (const auto& text : *texts) budget_.pay_memory(sizeof(std::string) + text.size());
      found_.texts.insert_or_assign(std::string(name),
                                    std::vector<std::string>(texts->begin(), texts->end()));
    } else {
      return false;
    }
    return true;
  }
  void put(std::string_view name, Array array) {
    found_.arrays.insert_or_assign(std::string(name), std::move(array));
  }
  Array to_array(std::string_view name, const PickleValue::NumpyArray& array) {
    try {
      return array_from_numpy(array, pickle_, budget_);
    } catch (const Error& e) {
      fail(where_, ": '", printable(name), "': ", e.what());
    }
  }

  std::string where_;
  Budget budget_;
  Pickle pickle_;
  PickledArrays found_;
};

}  // namespace

PickledArrays read_pickled_arrays(const std::filesystem::path& path) {
  return parse_pickled_arrays(map_file(path), path.string());
}

PickledArrays parse_pickled_arrays(const SharedBytes& bytes, std::string_view where) {
  if (!looks_like_pickle(bytes.span())) {
    fail(where, ": expected a pickled dictionary of arrays, found ",
         bytes.size() == 0 ? "an empty file" : "something else");
  }
  return Collector(bytes, where).collect();
}

}  // namespace nescio::io
