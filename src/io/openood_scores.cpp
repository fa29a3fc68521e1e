#include "io/openood_scores.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "io/npz.h"
#include "io/pickle.h"

namespace nescio {
namespace {

struct TypeCode {
  std::string_view code;
  DType dtype;
};
constexpr TypeCode type_codes[] = {
    {"f2", DType::float16}, {"f4", DType::float32}, {"f8", DType::float64}, {"i1", DType::int8},
    {"u1", DType::uint8},   {"i2", DType::int16},   {"i4", DType::int32},   {"i8", DType::int64}};

Array to_array(const PickleValue::NumpyArray& array, const SharedBytes& owner,
               std::string_view where) {
  const auto& type = *array.type->get_if<PickleValue::NumpyType>();
  const auto known = std::ranges::find(type_codes, type.code, &TypeCode::code);
  if (known == std::end(type_codes)) {
    fail(where, ": expected numbers, found elements of NumPy's type '", printable(type.code), "'");
  }
  if (array.shape.size() > 1) {
    fail(where, ": expected [N], found ", to_string(array.shape));
  }
  const auto first = static_cast<std::size_t>(array.bytes.data() - owner.text().data());
  const SharedBytes bytes = owner.part(first, array.bytes.size());
  try {
    return type.big_endian ? array_from_big_endian(known->dtype, array.shape, bytes)
                           : array_from_bytes(known->dtype, array.shape, bytes);
  } catch (const Error& e) {
    fail(where, ": ", e.what());
  }
}

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
      : bytes_(bytes), where_(where), pickle_(bytes.span(), std::string(where)) {}

  std::vector<SavedConfidences> read() {
    const PickleValue* root = &pickle_.root();
    const PickleValue* ood = member(root, "ood");
    add("id", "", member(member(root, "id"), "test"));
    add_group("near", member(ood, "near"));
    add_group("far", member(ood, "far"));
    add("ood_val", "", member(ood, "val"));
    return std::move(found_);
  }

 private:
  /// The later of two values under the same key counts.
  const PickleValue* member(const PickleValue* value, std::string_view key) const {
    const auto* dict = value->get_if<PickleValue::Dict>();
    const PickleValue* found = nullptr;
    for (std::size_t i = 0; dict && i < dict->items.size(); ++i) {
      const auto* name = dict->items[i].first->get_if<std::string_view>();
      if (name && *name == key) found = dict->items[i].second;
    }
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
      // Each array once: a pickle may refer to one of them a million times.
      taken_ += arrays[i]->bytes.size();
      if (taken_ > bytes_.size()) fail(where_, ": the same array stands for several data sets");
    }
    found_.push_back(checked({.role = role,
                              .set = std::string(set),
                              .confidences = to_array(*arrays[1], bytes_, here),
                              .predictions = to_array(*arrays[0], bytes_, here),
                              .labels = to_array(*arrays[2], bytes_, here)},
                             here));
  }

  const SharedBytes& bytes_;
  std::string_view where_;
  Pickle pickle_;
  std::size_t taken_ = 0;  // bytes of the arrays so far
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

}  // namespace nescio
