#include "base/parameters.h"

#include <algorithm>
#include <cmath>

namespace nescio {
namespace {
/// What check_range() allows.
std::string range_of(const ParameterInfo& info) {
  const bool low = std::isfinite(info.min);
  const bool high = std::isfinite(info.max);
  if (low && high) {
    return text("in ", info.min_excluded ? '(' : '[', format_number(info.min), ", ",
                format_number(info.max), info.max_excluded ? ')' : ']');
  }
  if (low) return text(info.min_excluded ? "> " : ">= ", format_number(info.min));
  if (high) return text(info.max_excluded ? "< " : "<= ", format_number(info.max));
  return {};
}

void check_range(double value, std::string_view digits, const ParameterInfo& info) {
  const bool low = info.min_excluded ? value <= info.min : value < info.min;
  const bool high = info.max_excluded ? value >= info.max : value > info.max;
  if (std::isfinite(value) && !low && !high) return;
  const std::string range = range_of(info);
  fail(info.name, ": expected a ", std::isfinite(value) ? "" : "finite ", "value",
       range.empty() ? "" : " " + range, ", found ", digits);
}
}  // namespace

std::string describe_range(const ParameterInfo& info) {
  std::vector<std::string> limits;
  if (!info.choices.empty()) limits.push_back("one of " + join(info.choices));
  if (const std::string range = range_of(info); !range.empty()) limits.push_back(range);
  if (!info.up_to.empty()) {
    limits.push_back((info.max_excluded ? "less than " : "at most ") + info.up_to);
  }
  if (!info.when.empty()) limits.push_back("only with " + info.when);
  return join(limits, "; ");
}

void check_order(std::string_view where, const ParameterInfo& info, const std::string& value,
                 const std::string& bound) {
  if (value == "auto" || bound == "auto") return;
  const double low = parse_number(value, info.name);
  const double high = parse_number(bound, info.up_to);
  if (info.max_excluded ? low < high : low <= high) return;
  fail(where, " ", info.name, ": expected ", info.max_excluded ? "less than " : "at most ",
       info.up_to, "=", bound, ", found ", value);
}

void parse_value(std::string_view value, const ParameterInfo& info, bool& out) {
  if (value == "true" || value == "1" || value == "yes") {
    out = true;
  } else if (value == "false" || value == "0" || value == "no") {
    out = false;
  } else {
    fail(info.name, ": expected true or false, found '", value, "'");
  }
}

void parse_value(std::string_view value, const ParameterInfo& info, std::int64_t& out) {
  const auto parsed = parse_integer(value, info.name);
  check_range(static_cast<double>(parsed), value, info);
  out = parsed;
}

void parse_value(std::string_view value, const ParameterInfo& info, double& out) {
  const double parsed = parse_number(value, info.name);
  check_range(parsed, value, info);
  out = parsed;
}

void parse_value(std::string_view value, const ParameterInfo& info, std::string& out) {
  if (!info.choices.empty() && std::ranges::find(info.choices, value) == info.choices.end()) {
    fail(info.name, ": unknown value '", value, "'.", suggest(value, info.choices));
  }
  out = value;
}

void parse_value(std::string_view value, const ParameterInfo& info, std::vector<double>& out) {
  if (value.starts_with('(') && value.ends_with(')')) value = value.substr(1, value.size() - 2);
  std::vector<double> parsed;
  for (const std::string& piece : split_top_level(value)) {
    parse_value(piece, info, parsed.emplace_back());
  }
  out = std::move(parsed);
}

std::string print_value(bool value) { return value ? "true" : "false"; }
std::string print_value(std::int64_t value) { return std::to_string(value); }
std::string print_value(double value) { return format_number(value); }
std::string print_value(const std::string& value) { return value; }
std::string print_value(const std::vector<double>& value) {
  std::vector<std::string> pieces;
  for (const double number : value) pieces.push_back(format_number(number));
  return join(pieces, ",");
}

}  // namespace nescio
