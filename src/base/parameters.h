// Named values of a struct: declared once, and parsed, checked, printed and documented from that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/typed_spec.h"
#include "base/within.h"

namespace nescio {

/// What a parameter means and allows. `name` and `doc` are required. Numbers are finite.
struct ParameterInfo {
  std::string name;
  std::string doc;
  std::string unit = {};
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_excluded = false;
  bool max_excluded = false;
  std::string up_to = {};                 // the parameter that it may not exceed: of lower ends
  std::vector<std::string> choices = {};  // of a text parameter; empty = any text
  std::vector<std::string> names = {};    // catalogues that a text parameter names entries of
  std::vector<std::string> sweep = {};    // the values that papers and toolkits try
  bool required = false;                  // of a verb's option: no default
  std::string when = {};                  // set by bind_parameter(): when it counts
};

/// When a parameter counts; with another setting it does nothing, and who gives it is told.
template <class Object>
struct When {
  std::string words;  // completes "only with", "optimiser=adamw"
  std::function<bool(const Object&)> holds = {};
};

/// "> 0", "in [0, 1)", "one of a, b", "at most lr", "only with optimiser=sgd", joined by "; "; empty
/// if everything is allowed.
std::string describe_range(const ParameterInfo& info);

/// Text <-> value for the types that parameters have. An empty optional is written "auto"; a list "1,2", as in
/// specs also "(1,2)".
void parse_value(std::string_view value, const ParameterInfo& info, bool& out);
void parse_value(std::string_view value, const ParameterInfo& info, std::int64_t& out);
void parse_value(std::string_view value, const ParameterInfo& info, double& out);
void parse_value(std::string_view value, const ParameterInfo& info, std::string& out);
void parse_value(std::string_view value, const ParameterInfo& info, std::vector<double>& out);
std::string print_value(bool value);
std::string print_value(std::int64_t value);
std::string print_value(double value);
std::string print_value(const std::string& value);
std::string print_value(const std::vector<double>& value);

template <class T>
void parse_value(std::string_view value, const ParameterInfo& info, std::optional<T>& out) {
  if (value == "auto") {
    out.reset();
    return;
  }
  T inner{};
  parse_value(value, info, inner);
  out = inner;
}
template <class T>
std::string print_value(const std::optional<T>& value) {
  return value ? print_value(*value) : "auto";
}

/// Error, beginning with `where`, if `value` exceeds `bound`, the value of info.up_to; both as
/// print_value() wrote them. Nothing is compared with what is "auto".
void check_order(std::string_view where, const ParameterInfo& info, const std::string& value,
                 const std::string& bound);

template <class T>
constexpr std::string_view type_name();
template <>
constexpr std::string_view type_name<bool>() {
  return "true or false";
}
template <>
constexpr std::string_view type_name<std::int64_t>() {
  return "whole number";
}
template <>
constexpr std::string_view type_name<double>() {
  return "number";
}
template <>
constexpr std::string_view type_name<std::string>() {
  return "text";
}
template <>
constexpr std::string_view type_name<std::vector<double>>() {
  return "numbers a,b,...";
}
template <>
constexpr std::string_view type_name<std::optional<std::string>>() {
  return "text or auto";
}
template <>
constexpr std::string_view type_name<std::optional<std::vector<double>>>() {
  return "numbers a,b,... or auto";
}
template <>
constexpr std::string_view type_name<std::optional<std::int64_t>>() {
  return "whole number or auto";
}
template <>
constexpr std::string_view type_name<std::optional<double>>() {
  return "number or auto";
}

/// One parameter of Base or of a class derived from it.
template <class Base>
struct Parameter {
  ParameterInfo info;
  std::string type;
  std::string default_value;
  std::function<void(Base&, std::string_view)> set;
  std::function<std::string(const Base&)> get;
  std::function<bool(const Base&)> counts = {};  // empty: always
};

/// Binds a member of Object (which is Base or derives from it). The default is that of `Object{}`.
template <class Base, class Object, class T>
Parameter<Base> bind_parameter(T Object::*member, ParameterInfo info, When<Object> when = {}) {
  Parameter<Base> p;
  if (when.holds) {
    info.when = when.words;
    p.counts = [holds = when.holds](const Base& object) {
      return holds(static_cast<const Object&>(object));
    };
  }
  p.type = type_name<T>();
  p.default_value = print_value(Object{}.*member);
  p.set = [member, info](Base& object, std::string_view value) {
    parse_value(value, info, static_cast<Object&>(object).*member);
  };
  p.get = [member](const Base& object) {
    return print_value(static_cast<const Object&>(object).*member);
  };
  p.info = std::move(info);
  return p;
}

/// Sets the parameter called `key`; an unknown one is an Error with the nearest name and the list.
/// `where` begins the message: "[knn] unknown parameter 'K'. Did you mean 'k'? ..."
template <class Base>
void set_parameter(Base& object, const std::vector<Parameter<Base>>& parameters,
                   std::string_view where, std::string_view key, std::string_view value) {
  std::vector<std::string> names;
  for (const auto& p : parameters) {
    if (p.info.name != key) {
      names.push_back(p.info.name);
      continue;
    }
    return within(text(where, " "), [&] { p.set(object, value); });
  }
  fail(where, " unknown parameter '", key, "'.",
       names.empty() ? " It has none." : suggest(key, names));
}

/// Whether the parameter called `key` does something as the others are set.
template <class Base>
bool counts(const Base& object, const std::vector<Parameter<Base>>& parameters,
            std::string_view key) {
  for (const auto& p : parameters) {
    if (p.info.name == key) return !p.counts || p.counts(object);
  }
  return true;
}

/// Error, beginning with `where`, if one of the parameters `given` does nothing as the others are
/// set, or if one that counts exceeds its `up_to`.
template <class Base>
void check_parameters(const Base& object, const std::vector<Parameter<Base>>& parameters,
                      std::string_view where, const std::vector<std::string>& given) {
  for (const std::string& key : given) {
    for (const auto& p : parameters) {
      if (p.info.name != key || counts(object, parameters, key)) continue;
      fail(where, " ", key, "=", p.get(object), " does nothing here: it counts only with ",
           p.info.when, "; leave it out");
    }
  }
  for (const auto& p : parameters) {
    for (const auto& bound : parameters) {
      if (p.info.up_to.empty() || p.info.up_to != bound.info.name) continue;
      if (!counts(object, parameters, p.info.name)) continue;
      check_order(where, p.info, p.get(object), bound.get(object));
    }
  }
}

/// "key=value&key=value": sets each of them as set_parameter() does, values as option_value() reads
/// them, then check_parameters().
/// Error for a key given twice.
template <class Base>
void set_parameters(Base& object, const std::vector<Parameter<Base>>& parameters,
                    std::string_view where, std::string_view options) {
  std::vector<std::string> given;
  for (const std::string& option : split_top_level(options, '&')) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) {
      fail(where, " expected key=value behind '?', found '", option, "'");
    }
    const std::string key = option.substr(0, equals);
    if (std::find(given.begin(), given.end(), key) != given.end()) {
      fail(where, " '", key, "' is given twice");
    }
    set_parameter(object, parameters, where, key, option_value(option.substr(equals + 1)));
    given.push_back(key);
  }
  check_parameters(object, parameters, where, given);
}

}  // namespace nescio
