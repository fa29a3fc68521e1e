#include <bit>

#include "base/error.h"
#include "io/numpy_array.h"
#include "io/pickle_machine.h"
#include "io/pickle_text.h"
#include "io/pickle_words.h"

namespace nescio::io {

using pickle_words::Kind;
using pickle_words::kind_of;

void PickleMachine::reduce() {
  const Value* arguments = pop_value();
  const Value* callee = pop_value();
  const auto* tuple = arguments->get_if<Value::Tuple>();
  if (!tuple) broken("a call without its arguments");
  call(callee, tuple->items);
}

void PickleMachine::call(const Value* callee, const Value::Items& args) {
  if (const auto* object = callee->get_if<Value::Object>()) return push_new(*object);
  const auto* global = callee->get_if<Value::Global>();
  if (!global) broken("a call of something that is no function");
  switch (kind_of(global->module, global->name)) {
    case Kind::dict: return push_new(make_dict(args));
    case Kind::tensor: return push_tensor(*global, args, 4);
    case Kind::tensor_v2: return push_tensor(*global, args, 6);
    case Kind::parameter:
      if (args.empty()) broken("a parameter without tensor");
      return push(args[0]);
    case Kind::subclass: {  // (function, class, arguments, state)
      const auto* function = args.size() == 4 ? args[0]->get_if<Value::Global>() : nullptr;
      const auto* inner = function ? args[2]->get_if<Value::Tuple>() : nullptr;
      if (!inner || kind_of(function->module, function->name) == Kind::subclass) break;
      return call(args[0], inner->items);
    }
    case Kind::size:
      if (args.size() != 1 || !args[0]->get_if<Value::Tuple>()) broken("a size without sides");
      return push(args[0]);
    case Kind::bytes: return push_bytes(*global, args);
    case Kind::numpy_type: return push_numpy_type(*global, args);
    case Kind::numpy_array: return push_new(Value::NumpyArray{});
    case Kind::numpy_buffer: {  // (bytes, type, shape, "C" or "F")
      const auto* order = args.size() >= 4 ? args[3]->get_if<std::string_view>() : nullptr;
      if (!order || (*order != "C" && *order != "F")) break;
      push_new(Value::NumpyArray{});
      return set_array(*top(), args[1], args[2], *order == "F", args[0]);
    }
    case Kind::numpy_scalar: return push_numpy_scalar(*global, args);
    case Kind::object: break;
  }
  push_new(Value::Object{*global});
}

// OrderedDict(), OrderedDict([(key, value), ...]), Counter({...}), defaultdict(factory)
PickleValue::Dict PickleMachine::make_dict(const Value::Items& args) {
  Value::Dict dict;
  const Value* content = args.empty() ? nullptr : args.back();
  if (content && content->get_if<Value::Dict>()) {
    dict = *content->get_if<Value::Dict>();
    pay_items(2 * dict.items.size());
    return dict;
  }
  const auto* list = content ? content->get_if<Value::List>() : nullptr;
  if (!list) return dict;
  pay_items(2 * list->items.size());
  dict.items.reserve(list->items.size());
  for (const Value* item : list->items) {
    const Value::Items* pair = nullptr;
    if (const auto* t = item->get_if<Value::Tuple>()) pair = &t->items;
    if (const auto* l = item->get_if<Value::List>()) pair = &l->items;
    if (!pair || pair->size() != 2) broken("a dictionary made of something else than pairs");
    dict.items.emplace_back((*pair)[0], (*pair)[1]);
  }
  return dict;
}

void PickleMachine::push_tensor(const Value::Global& global, const Value::Items& args,
                                std::size_t at_least) {
  const bool closed = !args.empty() && args[0]->get_if<Value::Object>();
  if (closed) return push_new(Value::Object{global});
  push_new(make_tensor(args, at_least));
}

// (storage, offset, size, stride, requires_grad, hooks[, element type of an untyped storage])
PickleValue::Tensor PickleMachine::make_tensor(const Value::Items& args, std::size_t at_least) {
  if (args.size() < at_least || !args[0]->get_if<Value::Persistent>()) {
    broken("a tensor without storage, offset, size and stride");
  }
  Value::Tensor tensor;
  tensor.storage = args[0];
  tensor.offset = count(args[1]);
  tensor.shape = counts(args[2]);
  tensor.strides = counts(args[3]);
  if (args.size() > 6) {
    if (const auto* type = args[6]->get_if<Value::Global>()) tensor.type = type->name;
  }
  if (tensor.shape.size() != tensor.strides.size()) broken("a tensor of another size than stride");
  return tensor;
}

// Bytes as protocols 0 to 2 write them: encode(text, "latin1"), bytes(), bytearray(text, "latin-1").
void PickleMachine::push_bytes(const Value::Global& global, const Value::Items& args) {
  if (args.empty()) return push_new(std::string_view{});
  const auto* source = args[0]->get_if<std::string_view>();
  const auto* codec = args.size() == 2 ? args[1]->get_if<std::string_view>() : nullptr;
  if (source && codec && (*codec == "latin1" || *codec == "latin-1")) {
    budget_.pay_memory(source->size());
    return push_decoded(to_latin1(*source), *source);
  }
  if (source && args.size() == 1) return push_new(*source);
  push_new(Value::Object{global});
}

// ("f4", False, True)
void PickleMachine::push_numpy_type(const Value::Global& global, const Value::Items& args) {
  const auto* code = args.empty() ? nullptr : args[0]->get_if<std::string_view>();
  if (!code) return push_new(Value::Object{global});
  push_new(Value::NumpyType{.code = *code});
}

// (type, bytes): the number itself, where we have such numbers.
void PickleMachine::push_numpy_scalar(const Value::Global& global, const Value::Items& args) {
  const auto* type = args.size() == 2 ? args[0]->get_if<Value::NumpyType>() : nullptr;
  const auto* bytes = type ? args[1]->get_if<std::string_view>() : nullptr;
  const auto dtype = bytes ? numpy_type(type->code) : std::nullopt;
  // uint64 may be beyond our numbers.
  if (!dtype || *dtype == DType::uint64 || bytes->size() != size_of(*dtype)) {
    return push_new(Value::Object{global});
  }
  const Array one =
      array_from_numpy({.code = type->code, .big_endian = type->big_endian, .shape = {}},
                       SharedBytes::copy_of(*bytes));
  if (is_float(*dtype)) return push_new(one.to_float64().as<double>()[0]);
  if (*dtype == DType::boolean) return push_new((*bytes)[0] != 0);
  push_integer(one.to_int64().as<std::int64_t>()[0]);
}

// An array whose elements are no plain numbers (objects, text, structures) stays closed.
void PickleMachine::set_array(Value& object, const Value* type, const Value* shape, bool fortran,
                              const Value* bytes) {
  const auto* raw = bytes->get_if<std::string_view>();
  if (!type->get_if<Value::NumpyType>() || !raw) {
    object.value = Value::Object{{"numpy", "ndarray"}};
    return;
  }
  object.value = Value::NumpyArray{type, counts(shape), fortran, *raw};
}

// (version, shape, type, Fortran order, bytes)
void PickleMachine::set_array_state(Value& object, const Value* state) {
  const auto* tuple = state->get_if<Value::Tuple>();
  const bool whole = tuple && tuple->items.size() == 5;
  const bool* flag = whole ? tuple->items[3]->get_if<bool>() : nullptr;
  const auto* number = whole ? tuple->items[3]->get_if<std::int64_t>() : nullptr;  // of Python 2
  if (!flag && !number) broken("an array of NumPy without shape, type, order and bytes");
  const bool fortran = flag ? *flag : *number != 0;
  set_array(object, tuple->items[2], tuple->items[1], fortran, tuple->items[4]);
}

void PickleMachine::build() {
  const Value* state = pop_value();
  Value* object = top();
  if (auto* type = std::get_if<Value::NumpyType>(&object->value)) {  // (version, byte order, ...)
    const auto* tuple = state->get_if<Value::Tuple>();
    const auto* order =
        tuple && tuple->items.size() > 1 ? tuple->items[1]->get_if<std::string_view>() : nullptr;
    if (!order) broken("a type of NumPy without its byte order");
    type->big_endian = *order == ">";
    return;
  }
  if (object->get_if<Value::NumpyArray>()) return set_array_state(*object, state);
  // Attributes of a dictionary or a tensor (a state dict's _metadata) are not needed.
  const bool known = object->get_if<Value::Dict>() || object->get_if<Value::List>() ||
                     object->get_if<Value::Tensor>() || object->get_if<Value::Object>();
  if (!known) broken("attributes of something that has none");
}

std::size_t PickleMachine::count(const Value* value) const {
  const auto* number = value->get_if<std::int64_t>();
  if (!number || *number < 0) broken("a tensor with a size that is no whole number >= 0");
  return static_cast<std::size_t>(*number);
}

std::vector<std::size_t> PickleMachine::counts(const Value* value) {
  const auto* tuple = value->get_if<Value::Tuple>();
  if (!tuple) broken("a tensor without size and stride");
  pay_items(tuple->items.size());
  std::vector<std::size_t> out;
  for (const Value* item : tuple->items) out.push_back(count(item));
  return out;
}

}  // namespace nescio::io
