#include "io/openood_scores.h"

#include <utility>

#include "base/error.h"
#include "io/npz.h"
#include "io/numpy_array.h"
#include "io/pickle.h"

namespace nescio::io {
namespace {

SavedConfidences checked(SavedConfidences saved, std::string_view where) {
  const DType type = saved.confidences.dtype();
  const bool floats = type == DType::float16 || type == DType::float32 || type == DType::float64;
  if (!floats || saved.confidences.shape().size() != 1) {
    fail(where, ": expected confidences as floating-point numbers [N], found ", name_of(type), ' ',
         to_string(saved.confidences.shape()));
  }
  for (const Array* other : {&saved.predictions, &saved.labels}) {
    if (other->shape() != saved.confidences.shape()) {
      fail(where, ": expected one prediction and label for each of ", saved.confidences.rows(),
           " confidences, found ", to_string(other->shape()));
    }
  }
  return saved;
}

class ScoreTree {
 public:
  ScoreTree(const SharedBytes& bytes, std::string_view where)
      : where_(where), budget_(bytes.size(), where_), pickle_(bytes, where_, budget_) {}

  std::vector<SavedConfidences> read() {
    const PickleValue* root = &pickle_.root();
    const PickleValue* ood = member(root, "ood");
    add("id", "", member(member(root, "id"), "test"));
    if (const PickleValue* shifted = find_key(*root, "csid")) add_group("shifted", shifted);
    add_group("near", member(ood, "near"));
    add_group("far", member(ood, "far"));
    add("ood_val", "", member(ood, "val"));
    return std::move(found_);
  }

 private:
  const PickleValue* member(const PickleValue* value, std::string_view key) const {
    const PickleValue* found = find_key(*value, key);
    if (!found) {
      fail(where_,
           ": expected the scores of OpenOOD, {'id': {'test': ...}, 'ood': {'val', 'near', "
           "'far'}}, found no '",
           key, "'");
    }
    return found;
  }
  void add_group(const char* role, const PickleValue* group) {
    const auto* dict = group->get_if<PickleValue::Dict>();
    if (!dict) fail(where_, ": expected data sets under '", role, "'");
    for (const auto& [key, value] : dict->items) {
      const auto* name = key->get_if<std::string_view>();
      if (!name) fail(where_, ": expected a data set's name under '", role, "'");
      add(role, *name, value);
    }
  }
  void add(const char* role, std::string_view set, const PickleValue* value) {
    if (value->get_if<PickleValue::None>()) return;
    const std::string here = text(where_, ": ", role, set.empty() ? "" : " ", printable(set));
    const auto* list = value->get_if<PickleValue::List>();
    const bool triple = list && list->items.size() == 3;
    const PickleValue::NumpyArray* arrays[3] = {};
    for (std::size_t i = 0; i < 3; ++i) {
      arrays[i] = triple ? list->items[i]->get_if<PickleValue::NumpyArray>() : nullptr;
      if (!arrays[i] || !arrays[i]->type) {
        fail(here, ": expected a list of three arrays: predictions, confidences, labels");
      }
    }
    found_.push_back(checked({.role = role,
                              .set = std::string(set),
                              .confidences = to_array(*arrays[1], here),
                              .predictions = to_array(*arrays[0], here),
                              .labels = to_array(*arrays[2], here)},
                             here));
  }

  Array to_array(const PickleValue::NumpyArray& array, const std::string& here) {
    if (array.shape.size() > 1) fail(here, ": expected [N], found ", to_string(array.shape));
    try {
      return array_from_numpy(array, pickle_, budget_);
    } catch (const Error& e) {
      fail(here, ": ", e.what());
    }
  }

  std::string where_;
  Budget budget_;
  Pickle pickle_;
  std::vector<SavedConfidences> found_;
};

}  // namespace

std::vector<SavedConfidences> parse_openood_pickle(const SharedBytes& bytes,
                                                   std::string_view where) {
  return ScoreTree(bytes, where).read();
}

SavedConfidences parse_openood_npz(const SharedBytes& bytes, std::string_view where) {
  return checked({.role = {},
                  .set = {},
                  .confidences = parse_npz(bytes, where, "conf"),
                  .predictions = parse_npz(bytes, where, "pred"),
                  .labels = parse_npz(bytes, where, "label")},
                 where);
}

}  // namespace nescio::io
