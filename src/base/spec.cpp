#include "base/spec.h"

#include <cctype>
#include <set>

#include "base/error.h"

namespace nescio {
namespace {

constexpr std::size_t max_depth = 16;
// Of all settings that a spec with lists stands for, together.
constexpr std::size_t max_characters = 1'000'000;

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  Spec parse() {
    Spec spec = parse_spec(0);
    skip_blanks();
    if (at_ < source_.size()) expected("the end, '+' or '('");
    return spec;
  }

 private:
  Spec parse_spec(std::size_t depth) {
    if (depth > max_depth) fail("spec '", source_, "': nested too deeply");
    Spec spec;
    do spec.terms.push_back(parse_term(depth));
    while (take('+'));
    return spec;
  }

  Term parse_term(std::size_t depth) {
    Term term;
    term.name = parse_name();
    if (!take('(')) return term;
    if (take(')')) return term;
    std::set<std::string> keys;
    do {
      const Argument& argument = term.arguments.emplace_back(parse_argument(depth));
      if (!argument.key.empty() && !keys.insert(argument.key).second) {
        fail("spec '", source_, "': '", argument.key, "' is given twice in ", term.name, "(...)");
      }
    } while (take(','));
    if (!take(')')) expected("',' or ')'");
    return term;
  }

  Argument parse_argument(std::size_t depth) {
    Argument argument;
    const std::size_t start = at_;
    std::string name = parse_name();
    if (!take('=')) {  // not a key: a bare spec that begins here
      at_ = start;
      argument.spec.push_back(parse_spec(depth + 1));
      return argument;
    }
    argument.key = std::move(name);
    if (take('[')) {
      argument.sweep = true;
      do argument.values.push_back(parse_value());
      while (take(','));
      if (!take(']')) expected("',' or ']'");
    } else {
      argument.values.push_back(parse_value());
    }
    return argument;
  }

  std::string parse_name() {
    skip_blanks();
    const std::size_t start = at_;
    while (at_ < source_.size() && (std::isalnum(static_cast<unsigned char>(source_[at_])) ||
                                    source_[at_] == '_' || source_[at_] == '-')) {
      ++at_;
    }
    if (at_ == start) expected("a name");
    return std::string(source_.substr(start, at_ - start));
  }

  std::string parse_value() {
    if (!take('(')) return parse_scalar();
    std::vector<std::string> parts;
    do parts.push_back(parse_scalar());
    while (take(','));
    if (!take(')')) expected("',' or ')'");
    return "(" + join(parts, ",") + ")";
  }

  std::string parse_scalar() {
    const std::size_t start = at_;
    while (at_ < source_.size() &&
           std::string_view("[](),=").find(source_[at_]) == std::string_view::npos)
      ++at_;
    const auto scalar = trim(source_.substr(start, at_ - start));
    if (scalar.empty()) expected("a value");
    return std::string(scalar);
  }

  bool take(char c) {
    skip_blanks();
    if (at_ >= source_.size() || source_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_blanks() {
    while (at_ < source_.size() && (source_[at_] == ' ' || source_[at_] == '\t')) ++at_;
  }

  [[noreturn]] void expected(std::string_view what) {
    const std::string found =
        at_ < source_.size() ? text("'", source_[at_], "'") : std::string("the end");
    fail("spec '", source_, "': expected ", what, " at position ", at_ + 1, ", found ", found);
  }

  std::string_view source_;
  std::size_t at_ = 0;
};

std::string print(const Argument& argument) {
  if (argument.key.empty()) return nescio::print(argument.spec.front());
  const std::string values = join(argument.values, ",");
  return argument.key + "=" + (argument.sweep ? "[" + values + "]" : values);
}

// Every sweep of the spec, in the order of writing.
void collect_sweeps(Spec& spec, std::vector<Argument*>& sweeps) {
  for (Term& term : spec.terms) {
    for (Argument& argument : term.arguments) {
      if (argument.sweep) sweeps.push_back(&argument);
      for (Spec& inner : argument.spec) collect_sweeps(inner, sweeps);
    }
  }
}

}  // namespace

Spec parse_spec(std::string_view source) { return Parser(source).parse(); }

std::string print(const Spec& spec) {
  std::vector<std::string> terms;
  for (const Term& term : spec.terms) {
    std::vector<std::string> arguments;
    for (const Argument& argument : term.arguments) arguments.push_back(print(argument));
    terms.push_back(term.name + (arguments.empty() ? "" : "(" + join(arguments, ",") + ")"));
  }
  return join(terms, "+");
}

std::vector<Spec> expand(const Spec& spec) {
  Spec current = spec;
  std::vector<Argument*> sweeps;
  collect_sweeps(current, sweeps);
  const std::string printed = print(spec);
  const std::size_t most = max_characters / printed.size();
  std::size_t combinations = 1;
  std::vector<std::vector<std::string>> values;
  for (Argument* sweep : sweeps) {
    values.push_back(sweep->values);
    combinations *= sweep->values.size();
    if (combinations > most) {
      fail("spec '", printed, "' stands for more than ", most, " settings; give shorter sweeps");
    }
    sweep->sweep = false;
  }
  std::vector<Spec> out;
  for (std::size_t n = 0; n < combinations; ++n) {
    std::size_t rest = n;
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
      sweeps[i]->values = {values[i][rest % values[i].size()]};
      rest /= values[i].size();
    }
    out.push_back(current);
  }
  return out;
}

std::vector<std::string> expand_list(std::string_view list) {
  std::vector<std::string> out;
  for (const std::string& piece : split_top_level(list)) {
    for (const Spec& spec : expand(parse_spec(piece))) out.push_back(print(spec));
  }
  return out;
}

}  // namespace nescio
