// The stack machine of Python's pickle. pickle.cpp has the instructions, pickle_calls.cpp what
// calling the few known names would give.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>

#include "io/pickle.h"

namespace nescio::io {

class PickleMachine {
 public:
  using Value = PickleValue;

  PickleMachine(Pickle& pickle, const std::string& where, Budget& budget)
      : bytes_(pickle.bytes_.span()),
        where_(where),
        budget_(budget),
        values_(pickle.values_),
        decoded_(*pickle.decoded_) {}

  const Value* run();
  std::size_t position() const { return at_; }

 private:
  [[noreturn]] void broken(std::string_view why) const;

  // Bytes.
  std::span<const std::uint8_t> take(std::uint64_t count);
  template <class T>
  T number() {
    return load_little_endian<T>(take(sizeof(T)).data());
  }
  std::string_view characters(std::uint64_t count);
  std::string_view line();
  template <class T>
  T number_in_line();

  // Stack. A null pointer in it is a mark.
  template <class T>
  Value* make(T value) {
    budget_.pay_memory(sizeof(Value));
    values_.push_back({std::move(value)});
    return &values_.back();
  }
  void push(Value* value) { stack_.push_back(value); }
  template <class T>
  void push_new(T value) {
    push(make(std::move(value)));
  }
  void push_decoded(std::optional<std::string> text, std::string_view source);
  void push_integer(std::int64_t value);
  void push_long(std::string_view bytes);
  void push_text_integer(std::string_view digits);
  Value* top();
  Value* pop_value();
  Value::Items pop_to_mark();
  Value::Items pop_items(std::size_t count);
  void pay_items(std::size_t count) { budget_.pay_memory(2 * sizeof(Value*) * count); }

  // Containers and memo.
  void add_to_list(const Value::Items& items);
  void add_to_dict(const Value::Items& items);
  void put(std::uint64_t key);
  void get(std::uint64_t key);

  void step(std::uint8_t op);
  void text_step(std::uint8_t op);

  // Calls.
  void call(const Value* callee, const Value::Items& args);
  void reduce();
  void build();
  Value::Dict make_dict(const Value::Items& args);
  void push_tensor(const Value::Global& global, const Value::Items& args, std::size_t at_least);
  Value::Tensor make_tensor(const Value::Items& args, std::size_t at_least);
  void push_bytes(const Value::Global& global, const Value::Items& args);
  void push_numpy_type(const Value::Global& global, const Value::Items& args);
  void push_numpy_scalar(const Value::Global& global, const Value::Items& args);
  void set_array(Value& object, const Value* type, const Value* shape, bool fortran,
                 const Value* bytes);
  void set_array_state(Value& object, const Value* state);
  std::size_t count(const Value* value) const;
  std::vector<std::size_t> counts(const Value* value);

  std::span<const std::uint8_t> bytes_;
  const std::string& where_;
  Budget& budget_;
  std::deque<Value>& values_;
  std::deque<std::string>& decoded_;
  std::size_t at_ = 0;
  std::vector<Value*> stack_;
  std::unordered_map<std::uint64_t, Value*> memo_;
  // Nobody changes a number, so lists of labels share theirs.
  std::array<Value*, 256> small_ = {};
};

}  // namespace nescio::io
