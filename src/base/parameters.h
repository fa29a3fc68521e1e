// Named values of a struct: declared once, and parsed, checked, printed and documented from that.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nescio {

/// What a parameter means and allows. `name` and `doc` are required.
struct ParameterInfo {
  std::string name;
  std::string doc;
  std::string unit = {};
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_excluded = false;
  bool max_excluded = false;
  std::vector<std::string> choices = {};  // of a text parameter; empty = any text
  std::vector<std::string> names = {};    // catalogues that a text parameter names entries of
  std::vector<std::string> sweep = {};    // the values that papers and toolkits try
  bool required = false;                  // of a verb's option: no default
};

/// "> 0", "in [0, 1)", "one of a, b"; empty if everything is allowed.
std::string describe_range(const ParameterInfo& info);

/// Text <-> value for the types that parameters have. An empty optional is written "auto".
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
};

/// Binds a member of Object (which is Base or derives from it). The default is that of `Object{}`.
template <class Base, class Object, class T>
Parameter<Base> bind_parameter(T Object::*member, ParameterInfo info) {
  Parameter<Base> p;
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
    try {
      p.set(object, value);
    } catch (const Error& e) {
      fail(where, " ", e.what());
    }
    return;
  }
  fail(where, " unknown parameter '", key, "'.",
       names.empty() ? " It has none." : suggest(key, names));
}

/// "key=value&key=value": sets each of them as set_parameter() does.
template <class Base>
void set_parameters(Base& object, const std::vector<Parameter<Base>>& parameters,
                    std::string_view where, std::string_view options) {
  for (const std::string& option : split_top_level(options, '&')) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) {
      fail(where, " expected key=value behind '?', found '", option, "'");
    }
    set_parameter(object, parameters, where, option.substr(0, equals), option.substr(equals + 1));
  }
}

}  // namespace nescio
