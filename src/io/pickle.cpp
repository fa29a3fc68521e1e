#include "io/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "io/pickle_machine.h"
#include "io/pickle_text.h"
#include "io/pickle_words.h"

namespace nescio::io {

using namespace pickle_words;

const PickleValue* PickleMachine::run() {
  for (;;) {
    const std::uint8_t op = take(1)[0];
    if (op == stop) break;
    step(op);
  }
  return pop_value();
}

void PickleMachine::broken(std::string_view why) const {
  fail(where_, ": damaged pickle at byte ", at_, ": ", why);
}

std::span<const std::uint8_t> PickleMachine::take(std::uint64_t count) {
  if (count > bytes_.size() - at_) broken("it ends too early");
  const auto part = bytes_.subspan(at_, static_cast<std::size_t>(count));
  at_ += static_cast<std::size_t>(count);
  return part;
}

std::string_view PickleMachine::characters(std::uint64_t count) {
  const auto part = take(count);
  return {reinterpret_cast<const char*>(part.data()), part.size()};
}

std::string_view PickleMachine::line() {
  const auto rest = bytes_.subspan(at_);
  const auto end = std::find(rest.begin(), rest.end(), '\n');
  if (end == rest.end()) broken("it ends too early");
  const auto out = characters(static_cast<std::uint64_t>(end - rest.begin()));
  take(1);
  return out;
}

template <class T>
T PickleMachine::number_in_line() {
  const std::string_view digits = line();
  T value{};
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) {
    broken("a number was expected");
  }
  return value;
}

PickleValue* PickleMachine::top() {
  if (stack_.empty() || !stack_.back()) broken("its stack is empty");
  return stack_.back();
}

PickleValue* PickleMachine::pop_value() {
  Value* value = top();
  stack_.pop_back();
  return value;
}

PickleValue::Items PickleMachine::pop_to_mark() {
  std::size_t first = stack_.size();
  while (first > 0 && stack_[first - 1]) --first;
  if (first == 0) broken("a mark is missing");
  Value::Items items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  stack_.resize(first - 1);
  pay_items(items.size());
  return items;
}

PickleValue::Items PickleMachine::pop_items(std::size_t count) {
  Value::Items items(count);
  pay_items(count);
  while (count-- > 0) items[count] = pop_value();
  return items;
}

void PickleMachine::add_to_list(const Value::Items& items) {
  Value* object = top();
  if (object->get_if<Value::Object>()) return;
  auto* list = std::get_if<Value::List>(&object->value);
  if (!list) broken("a list was expected");
  list->items.insert(list->items.end(), items.begin(), items.end());
}

void PickleMachine::add_to_dict(const Value::Items& items) {
  Value* object = top();
  if (object->get_if<Value::Object>()) return;
  auto* dict = std::get_if<Value::Dict>(&object->value);
  if (!dict || items.size() % 2 != 0) broken("a dictionary and pairs were expected");
  for (std::size_t i = 0; i < items.size(); i += 2) {
    dict->items.emplace_back(items[i], items[i + 1]);
  }
}

void PickleMachine::put(std::uint64_t key) {
  budget_.pay_memory(sizeof(std::pair<std::uint64_t, Value*>) + 4 * sizeof(void*));
  memo_[key] = top();
}

void PickleMachine::get(std::uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) broken(text("nothing was remembered as ", key));
  push(found->second);
}

void PickleMachine::push_decoded(std::optional<std::string> text, std::string_view source) {
  if (!text) broken(nescio::text("a text that is none: ", printable(source.substr(0, 40))));
  budget_.pay_memory(sizeof(std::string) + text->capacity());
  decoded_.push_back(*std::move(text));
  push_new(std::string_view(decoded_.back()));
}

void PickleMachine::push_integer(std::int64_t value) {
  const bool small = value >= 0 && value < static_cast<std::int64_t>(small_.size());
  if (!small) return push_new(value);
  Value*& shared = small_[static_cast<std::size_t>(value)];
  if (!shared) shared = make(value);
  push(shared);
}

void PickleMachine::push_long(std::string_view bytes) {
  if (bytes.size() > 8) return push_new(Value::LongInteger{bytes});
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  }
  if (!bytes.empty() && bytes.size() < 8 && (bytes.back() & 0x80)) {
    value |= ~std::uint64_t{0} << (8 * bytes.size());
  }
  push_integer(std::bit_cast<std::int64_t>(value));
}

// "5", "5L"; "00" and "01" are how protocol 0 writes False and True.
void PickleMachine::push_text_integer(std::string_view digits) {
  if (digits == "00" || digits == "01") return push_new(digits == "01");
  if (digits.ends_with('L')) digits.remove_suffix(1);
  std::int64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec == std::errc::result_out_of_range) return push_new(Value::LongInteger{});
  if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) {
    broken("a whole number was expected");
  }
  push_integer(value);
}

// The instructions of protocol 0, whose arguments are lines of text.
void PickleMachine::text_step(std::uint8_t op) {
  switch (op) {
    case text_int:
    case text_long: return push_text_integer(line());
    case text_float: return push_new(number_in_line<double>());
    case text_string: {
      const auto source = line();
      return push_decoded(parse_python_string(source), source);
    }
    case text_unicode: {
      const auto source = line();
      return push_decoded(parse_raw_unicode(source), source);
    }
    case text_get: return get(number_in_line<std::uint64_t>());
    case text_put: return put(number_in_line<std::uint64_t>());
    case text_persistent: return push_new(Value::Persistent{make(line())});
    default: broken(text("instruction ", int{op}, " does not occur in files of weights or arrays"));
  }
}

void PickleMachine::step(std::uint8_t op) {
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
      return push_integer(std::int64_t{std::bit_cast<std::int32_t>(bits)});
    }
    case bin_int1: return push_integer(std::int64_t{take(1)[0]});
    case bin_int2: return push_integer(std::int64_t{number<std::uint16_t>()});
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
    case empty_set: return push_new(Value::Object{{"builtins", "set"}});
    case add_items: pop_to_mark(); return;
    case frozen_set: pop_to_mark(); return push_new(Value::Object{{"builtins", "frozenset"}});
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
      return push_new(Value::Global{module, line()});
    }
    case stack_global: {
      const auto* name = pop_value()->get_if<std::string_view>();
      const auto* module = pop_value()->get_if<std::string_view>();
      if (!name || !module) broken("a global without a name");
      return push_new(Value::Global{*module, *name});
    }
    case persistent: return push_new(Value::Persistent{pop_value()});
    case new_object_named: pop_value(); return reduce();  // its keywords change no array
    case pickle_words::reduce:
    case new_object: return reduce();
    case instance: {
      const auto module = line();
      const Value* callee = make(Value::Global{module, line()});
      return call(callee, pop_to_mark());
    }
    case object: {
      Value::Items items = pop_to_mark();
      if (items.empty()) broken("an object without its class");
      const Value* callee = items.front();
      items.erase(items.begin());
      return call(callee, items);
    }
    case pickle_words::build: return build();
    default: return text_step(op);
  }
}

Pickle::Pickle(SharedBytes bytes, const std::string& where, Budget& budget)
    : bytes_(std::move(bytes)) {
  PickleMachine machine(*this, where, budget);
  root_ = machine.run();
  size_ = machine.position();
}

SharedBytes Pickle::share(std::string_view part) const {
  const std::string_view all = bytes_.text();
  const bool inside = !part.empty() && std::less_equal<>{}(all.data(), part.data()) &&
                      std::less<>{}(part.data(), all.data() + all.size());
  if (inside) return bytes_.part(static_cast<std::size_t>(part.data() - all.data()), part.size());
  return {decoded_, {reinterpret_cast<const std::uint8_t*>(part.data()), part.size()}};
}

const PickleValue* find_key(const PickleValue& value, std::string_view key) {
  const auto* dict = value.get_if<PickleValue::Dict>();
  const PickleValue* found = nullptr;
  for (std::size_t i = 0; dict && i < dict->items.size(); ++i) {
    const auto* name = dict->items[i].first->get_if<std::string_view>();
    if (name && *name == key) found = dict->items[i].second;
  }
  return found;
}

bool looks_like_pickle(std::span<const std::uint8_t> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (head.size() < 2) return false;
  if (head[0] == '\x80') return head[1] >= 2 && head[1] <= 5;
  // Protocols 0 and 1 remember each container at once.
  for (const std::string_view words : {"(dp0\n", "(lp0\n", "(dp1\n", "(lp1\n", "cnumpy", "(cnumpy",
                                       "ccollections\n", "}q", "]q", "(dq", "(lq"}) {
    if (head.starts_with(words)) return true;
  }
  return false;
}

}  // namespace nescio::io
