#include "io/pickle.h"

#include <bit>
#include <unordered_map>

#include "base/error.h"
#include "io/pickle_words.h"

namespace nescio {
namespace {

using namespace pickle_words;

// More than any state dict needs; a value takes about 100 bytes.
constexpr std::size_t max_values = 4'000'000;

}  // namespace

class PickleMachine {
 public:
  using Value = PickleValue;

  PickleMachine(std::span<const std::uint8_t> bytes, std::string where, std::deque<Value>& values)
      : bytes_(bytes), where_(std::move(where)), values_(values) {}

  const Value* run() {
    for (;;) {
      const std::uint8_t op = take(1)[0];
      if (op == stop) break;
      step(op);
    }
    return pop_value();
  }
  std::size_t position() const { return at_; }

 private:
  [[noreturn]] void broken(std::string_view why) const {
    fail(where_, ": damaged pickle at byte ", at_, ": ", why);
  }

  // Bytes.
  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > bytes_.size() - at_) broken("it ends too early");
    const auto part = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return part;
  }
  template <class T>
  T number() {
    return load_little_endian<T>(take(sizeof(T)).data());
  }
  std::string_view characters(std::uint64_t count) {
    const auto part = take(count);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::string_view line() {
    const std::size_t start = at_;
    while (take(1)[0] != '\n') {
    }
    return {reinterpret_cast<const char*>(bytes_.data()) + start, at_ - start - 1};
  }

  // Stack. A null pointer in it is a mark.
  template <class T>
  Value* make(T value) {
    charge(1);
    values_.push_back({std::move(value)});
    return &values_.back();
  }
  // Everything that takes memory again and again for a few bytes of the file goes through here.
  void charge(std::size_t values) {
    if (values > max_values - charged_) {
      fail(where_, ": the pickle has more than ", max_values, " values; this is no state dict");
    }
    charged_ += values;
  }
  void push(Value* value) {
    if (stack_.size() >= max_values) broken("its stack grows without end");
    stack_.push_back(value);
  }
  template <class T>
  void push_new(T value) {
    push(make(std::move(value)));
  }
  Value* top() {
    if (stack_.empty() || !stack_.back()) broken("its stack is empty");
    return stack_.back();
  }
  Value* pop_value() {
    Value* value = top();
    stack_.pop_back();
    return value;
  }
  Value::Items pop_to_mark() {
    std::size_t first = stack_.size();
    while (first > 0 && stack_[first - 1]) --first;
    if (first == 0) broken("a mark is missing");
    Value::Items items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first - 1);
    return items;
  }
  Value::Items pop_items(std::size_t count) {
    Value::Items items(count);
    while (count-- > 0) items[count] = pop_value();
    return items;
  }

  // Containers.
  void add_to_list(const Value::Items& items) {
    auto* list = std::get_if<Value::List>(&top()->value);
    if (!list) broken("a list was expected");
    list->items.insert(list->items.end(), items.begin(), items.end());
  }
  void add_to_dict(const Value::Items& items) {
    auto* dict = std::get_if<Value::Dict>(&top()->value);
    if (!dict || items.size() % 2 != 0) broken("a dictionary and pairs were expected");
    for (std::size_t i = 0; i < items.size(); i += 2) {
      dict->items.emplace_back(items[i], items[i + 1]);
    }
  }

  // Memo.
  void put(std::uint64_t key) {
    charge(1);
    memo_[key] = top();
  }
  void get(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) broken(text("nothing was remembered as ", key));
    push(found->second);
  }

  void push_global(std::string_view module, std::string_view name) {
    if (!kind_of(module, name)) {
      fail(where_, ": asks for ", printable(module), ".", printable(name),
           ", which is not on the list of what weights or scores may hold, and nothing was run; ",
           "save the weights alone: torch.save(model.state_dict(), 'weights.pth')");
    }
    push_new(Value::Global{module, name});
  }
  static std::string printable(std::string_view name) {
    std::string out(name.substr(0, 80));
    for (char& c : out) {
      if (c < ' ' || c > '~') c = '?';
    }
    return out;
  }
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push_new(Value::LongInteger{bytes});
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
    }
    if (!bytes.empty() && bytes.size() < 8 && (bytes.back() & 0x80)) {
      value |= ~std::uint64_t{0} << (8 * bytes.size());
    }
    push_new(std::bit_cast<std::int64_t>(value));
  }

  // What calling an allowed name with these arguments would give.
  void call() {
    const Value* arguments = pop_value();
    const Value* callee = pop_value();
    const auto* global = callee->get_if<Value::Global>();
    const auto* tuple = arguments->get_if<Value::Tuple>();
    if (!global || !tuple) broken("a call of something that is no function");
    const auto& args = tuple->items;
    switch (*kind_of(global->module, global->name)) {
      case Kind::dict: return push_new(make_dict(args));
      case Kind::set:
      case Kind::opaque: return push_new(Value::Opaque{});
      case Kind::tensor: return push_tensor(args, 4);
      case Kind::tensor_v2: return push_tensor(args, 6);
      case Kind::parameter:
        if (args.empty() || !args[0]->get_if<Value::Tensor>()) broken("a parameter without tensor");
        return push(args[0]);
      case Kind::numpy_type: return push_new(make_numpy_type(args));
      case Kind::numpy_array: return push_new(Value::NumpyArray{});
      case Kind::numpy_buffer: return push_new(make_numpy_array(args));
      case Kind::size:
        if (args.size() != 1 || !args[0]->get_if<Value::Tuple>()) broken("a size without sides");
        return push(args[0]);
      case Kind::plain: break;
    }
    broken("a call of a type");
  }
  // OrderedDict() or OrderedDict([(key, value), ...])
  Value::Dict make_dict(const Value::Items& args) {
    Value::Dict dict;
    if (args.empty()) return dict;
    const auto* list = args[0]->get_if<Value::List>();
    if (args.size() != 1 || !list) broken("a dictionary made of something else than pairs");
    charge(list->items.size());
    for (const Value* item : list->items) {
      const Value::Items* pair = nullptr;
      if (const auto* t = item->get_if<Value::Tuple>()) pair = &t->items;
      if (const auto* l = item->get_if<Value::List>()) pair = &l->items;
      if (!pair || pair->size() != 2) broken("a dictionary made of something else than pairs");
      dict.items.emplace_back((*pair)[0], (*pair)[1]);
    }
    return dict;
  }
  void push_tensor(const Value::Items& args, std::size_t at_least) {
    const bool unknown = !args.empty() && args[0]->get_if<Value::Opaque>();
    if (unknown) return push_new(Value::Opaque{});
    push_new(make_tensor(args, at_least));
  }
  // (storage, offset, size, stride, ...)
  Value::Tensor make_tensor(const Value::Items& args, std::size_t at_least) {
    if (args.size() < at_least || !args[0]->get_if<Value::Persistent>()) {
      broken("a tensor without storage, offset, size and stride");
    }
    Value::Tensor tensor;
    tensor.storage = args[0];
    tensor.offset = count(args[1]);
    tensor.shape = counts(args[2]);
    tensor.strides = counts(args[3]);
    if (tensor.shape.size() != tensor.strides.size())
      broken("a tensor of another size than stride");
    return tensor;
  }
  // ("f4", False, True)
  Value::NumpyType make_numpy_type(const Value::Items& args) const {
    const auto* code = args.empty() ? nullptr : args[0]->get_if<std::string_view>();
    if (!code) broken("a type of NumPy without its name");
    return {.code = *code};
  }
  // (bytes, type, shape, "C" or "F")
  Value::NumpyArray make_numpy_array(const Value::Items& args) {
    const auto* order = args.size() == 4 ? args[3]->get_if<std::string_view>() : nullptr;
    if (!order) broken("an array of NumPy without bytes, type, shape and order");
    return checked_array(args[1], args[2], *order == "F", args[0]);
  }
  // (version, shape, type, Fortran order, bytes)
  Value::NumpyArray numpy_state(const Value* state) {
    const auto* tuple = state->get_if<Value::Tuple>();
    const bool whole = tuple && tuple->items.size() == 5;
    const bool* fortran = whole ? tuple->items[3]->get_if<bool>() : nullptr;
    if (!fortran) broken("an array of NumPy without shape, type, order and bytes");
    return checked_array(tuple->items[2], tuple->items[1], *fortran, tuple->items[4]);
  }
  Value::NumpyArray checked_array(const Value* type, const Value* shape, bool fortran,
                                  const Value* bytes) {
    const auto* raw = bytes->get_if<std::string_view>();
    if (!type->get_if<Value::NumpyType>() || !raw) {
      broken("an array of NumPy whose elements are no plain numbers");
    }
    return {type, counts(shape), fortran, *raw};
  }
  // (version, byte order, ...)
  bool is_big_endian(const Value* state) const {
    const auto* tuple = state->get_if<Value::Tuple>();
    const auto* order =
        tuple && tuple->items.size() > 1 ? tuple->items[1]->get_if<std::string_view>() : nullptr;
    if (!order) broken("a type of NumPy without its byte order");
    return *order == ">";
  }
  std::size_t count(const Value* value) const {
    const auto* number = value->get_if<std::int64_t>();
    if (!number || *number < 0) broken("a tensor with a size that is no whole number >= 0");
    return static_cast<std::size_t>(*number);
  }
  std::vector<std::size_t> counts(const Value* value) {
    const auto* tuple = value->get_if<Value::Tuple>();
    if (!tuple) broken("a tensor without size and stride");
    charge(tuple->items.size());
    std::vector<std::size_t> out;
    for (const Value* item : tuple->items) out.push_back(count(item));
    return out;
  }

  void step(std::uint8_t op) {
    switch (op) {
      case protocol: {
        const int version = take(1)[0];
        if (version > 5) broken(text("protocol ", version, " is not known"));
        return;
      }
      case frame: number<std::uint64_t>(); return;
      case mark: return push(nullptr);
      case pop:
        if (stack_.empty()) broken("its stack is empty");
        stack_.pop_back();
        return;
      case pop_mark: pop_to_mark(); return;
      case dup: return push(top());

      case none: return push_new(Value::None{});
      case new_true: return push_new(true);
      case new_false: return push_new(false);
      case bin_int: {
        const auto bits = number<std::uint32_t>();
        return push_new(std::int64_t{std::bit_cast<std::int32_t>(bits)});
      }
      case bin_int1: return push_new(std::int64_t{take(1)[0]});
      case bin_int2: return push_new(std::int64_t{number<std::uint16_t>()});
      case long1: return push_long(characters(take(1)[0]));
      case long4: return push_long(characters(number<std::uint32_t>()));
      case bin_float: {
        std::uint64_t bits = 0;
        for (const std::uint8_t byte : take(8)) bits = bits << 8 | byte;
        return push_new(std::bit_cast<double>(bits));
      }
      case short_bin_string:
      case short_bin_unicode:
      case short_bin_bytes: return push_new(characters(take(1)[0]));
      case bin_string:
      case bin_unicode:
      case bin_bytes: return push_new(characters(number<std::uint32_t>()));
      case bin_unicode8:
      case bin_bytes8:
      case byte_array8: return push_new(characters(number<std::uint64_t>()));

      case empty_tuple: return push_new(Value::Tuple{});
      case tuple: return push_new(Value::Tuple{pop_to_mark()});
      case tuple1: return push_new(Value::Tuple{pop_items(1)});
      case tuple2: return push_new(Value::Tuple{pop_items(2)});
      case tuple3: return push_new(Value::Tuple{pop_items(3)});
      case empty_list: return push_new(Value::List{});
      case list: return push_new(Value::List{pop_to_mark()});
      case append: return add_to_list(pop_items(1));
      case appends: return add_to_list(pop_to_mark());
      case empty_set: return push_new(Value::Opaque{});
      case add_items: pop_to_mark(); return;
      case frozen_set: pop_to_mark(); return push_new(Value::Opaque{});
      case empty_dict: return push_new(Value::Dict{});
      case dict: {
        const auto items = pop_to_mark();
        push_new(Value::Dict{});
        return add_to_dict(items);
      }
      case set_item: return add_to_dict(pop_items(2));
      case set_items: return add_to_dict(pop_to_mark());

      case bin_get: return get(take(1)[0]);
      case long_bin_get: return get(number<std::uint32_t>());
      case bin_put: return put(take(1)[0]);
      case long_bin_put: return put(number<std::uint32_t>());
      case memoize: return put(memo_.size());

      case global: {
        const auto module = line();
        return push_global(module, line());
      }
      case stack_global: {
        const auto* name = pop_value()->get_if<std::string_view>();
        const auto* module = pop_value()->get_if<std::string_view>();
        if (!name || !module) broken("a global without a name");
        return push_global(*module, *name);
      }
      case persistent: return push_new(Value::Persistent{pop_value()});
      case reduce:
      case new_object: return call();
      case build: {
        // Attributes of a dictionary or a tensor (a state dict's _metadata): not needed.
        const Value* state = pop_value();
        Value* object = top();
        if (auto* type = std::get_if<Value::NumpyType>(&object->value)) {
          type->big_endian = is_big_endian(state);
          return;
        }
        if (auto* array = std::get_if<Value::NumpyArray>(&object->value)) {
          *array = numpy_state(state);
          return;
        }
        const bool known = object->get_if<Value::Dict>() || object->get_if<Value::Tensor>();
        if (!known) broken("attributes of something that has none");
        return;
      }
      default:
        broken(text("instruction ", int{op}, " does not occur in files of weights or scores"));
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::string where_;
  std::deque<Value>& values_;
  std::size_t at_ = 0;
  std::size_t charged_ = 0;
  std::vector<Value*> stack_;
  std::unordered_map<std::uint64_t, Value*> memo_;
};

Pickle::Pickle(std::span<const std::uint8_t> bytes, std::string where) {
  PickleMachine machine(bytes, std::move(where), values_);
  root_ = machine.run();
  size_ = machine.position();
}

}  // namespace nescio
