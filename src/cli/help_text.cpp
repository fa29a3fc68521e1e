#include "cli/help_text.h"

#include <algorithm>
#include <sstream>

#include "base/version.h"

namespace nescio::cli {
namespace {

constexpr std::size_t line_width = 96;

// The words in lines of at most line_width, all but the first line indented.
std::string wrap(const std::string& words, std::size_t indent, std::size_t at) {
  std::string out;
  std::istringstream pieces(words);
  for (std::string word; pieces >> word;) {
    if (at > indent && at + 1 + word.size() > line_width) {
      out += "\n" + std::string(indent, ' ');
      at = indent;
    } else if (at > indent) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out;
}

// "  name   text", wrapped beside the name.
std::string entry(const std::string& name, const std::string& words, std::size_t column) {
  const std::string left = "  " + name;
  const std::size_t gap = left.size() < column ? column - left.size() : 0;
  if (gap == 0) return left + "\n" + std::string(column, ' ') + wrap(words, column, column) + "\n";
  return left + std::string(gap, ' ') + wrap(words, column, column) + "\n";
}

std::string option_text(const Parameter<Verb>& option) {
  std::string words = option.info.doc;
  if (const auto range = describe_range(option.info); !range.empty()) words += "; " + range;
  if (!option.info.unit.empty()) words += "; in " + option.info.unit;
  if (option.info.names.size() == 1) words += "; `nescio list " + option.info.names[0] + "`";
  if (option.info.required) {
    words += " (required)";
  } else if (!option.default_value.empty()) {
    words += " (default " + option.default_value + ")";
  }
  return words;
}

std::string upper(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace

std::string_view program_summary() {
  return "nescio - out-of-distribution detection for classifiers";
}

std::string program_help() {
  std::string out = text(program_summary(), " (", version(), ")\n\n",
                         "Usage: nescio VERB [key=value ...]\n\nVerbs:\n");
  for (const VerbInfo& info : verbs::catalogue()) out += entry(info.name, info.summary, 14);
  out +=
      "\nEvery verb:   threads=N seed=S config=FILE.yaml --help\n"
      "The program:  --version --help\n"
      "\nstdout is data, stderr is log. Exit status: 0 done, 1 failure, 2 a mistake in the words "
      "of "
      "the\ncommand, 130 interrupted. Begin with `nescio help extract` or `nescio help import`.\n";
  return out;
}

std::string usage_line(const VerbInfo& info) {
  std::string positional, required, optional;
  for (const auto& option : info.options) {
    const std::string& name = option.info.name;
    if (name == info.positional) {
      const std::string words = upper(name) + (info.joint.empty() ? "" : "...");
      positional = option.info.required ? " " + words : " [" + words + "]";
    } else if (option.info.required) {
      required += " " + name + "=" + upper(name);
    } else {
      optional += " [" + name + "=" + (option.default_value.empty() ? "..." : option.default_value);
      optional += "]";
    }
  }
  return "nescio " + info.name + positional + required + optional;
}

std::string verb_help(const VerbInfo& info) {
  std::string out = info.summary + "\n\nUsage: " + wrap(usage_line(info), 7, 7) + "\n";
  for (const std::string& paragraph : info.details) out += "\n" + wrap(paragraph, 0, 0) + "\n";
  out += "\nOptions:\n";
  for (const auto& option : info.options) {
    out += entry(option.info.name + "=", option_text(option), 16);
  }
  if (info.json) out += entry("--json", "print JSON for a program to read", 16);
  if (!info.examples.empty()) out += "\nExamples:\n";
  for (const std::string& example : info.examples) out += "  " + example + "\n";
  return out;
}

}  // namespace nescio::cli
