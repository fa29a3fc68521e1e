// nescio completion bash
#include <algorithm>
#include <ostream>

#include "cli/catalogues.h"
#include "cli/network_verbs.h"
#include "cli/verb.h"

namespace nescio::cli::verbs {
namespace {

/// "printf '%s\n' 'a' 'b'": the words, one a line, as both shells read it.
std::string say(const std::vector<std::string>& words) {
  std::string out = "printf '%s\\n'";
  for (const std::string& word : words) out += " '" + word + "'";
  return out;
}

/// The entries of a catalogue as they stand in a value: "knn", but "resnet20:" where a path follows.
/// None where this build has no such catalogue.
std::vector<std::string> entries(const std::string& catalogue, bool with_path) try {
  std::vector<std::string> words;
  for (const Description& d : read_catalogue(catalogue)) {
    const bool path = with_path && std::ranges::any_of(d.facts, [&](const auto& fact) {
                        return fact.name == "usage" && fact.values[0].starts_with(d.name + ":");
                      });
    words.push_back(path ? d.name + ":" : d.name);
  }
  return words;
} catch (const Error&) {
  return {};
}

/// What a value may be; nothing where it is a number, nullopt where it is some file.
std::optional<std::vector<std::string>> values(const Parameter<Verb>& option) {
  std::vector<std::string> words = option.info.choices;
  for (const std::string& catalogue : option.info.names) {
    const auto more = entries(catalogue, option.info.names.size() == 1);
    words.insert(words.end(), more.begin(), more.end());
  }
  if (option.type.starts_with("true")) words = {"true", "false"};
  if (option.type.starts_with("text") && words.empty()) return std::nullopt;
  return words;
}

/// What both shells ask: the verbs, the keys of a verb, its key that may be left out, and the
/// values of a key (status 1: any file).
void write_tables(std::ostream& out) {
  std::vector<std::string> names;
  for (const VerbInfo& info : verbs::catalogue()) names.push_back(info.name);
  out << "_nescio_verbs() { " << say(names) << "; }\n\n_nescio_keys() {\n  case $1 in\n";
  for (const VerbInfo& entry : verbs::catalogue()) {
    const VerbInfo& info = in_full(entry);
    std::vector<std::string> keys;
    for (const auto& option : info.options) keys.push_back(option.info.name + "=");
    keys.emplace_back("--help");
    if (info.json) keys.emplace_back("--json");
    out << "    " << info.name << ") " << say(keys) << " ;;\n";
  }
  out << "  esac\n}\n\n_nescio_first() {\n  case $1 in\n";
  for (const VerbInfo& entry : verbs::catalogue()) {
    const VerbInfo& info = in_full(entry);
    if (!info.positional.empty())
      out << "    " << info.name << ") echo " << info.positional << " ;;\n";
  }
  out << "  esac\n}\n\n_nescio_values() {\n  case \"$1 $2\" in\n";
  for (const VerbInfo& entry : verbs::catalogue()) {
    const VerbInfo& info = in_full(entry);
    for (const auto& option : info.options) {
      const auto words = values(option);
      if (!words) continue;
      out << "    '" << info.name << ' ' << option.info.name << "') "
          << (words->empty() ? "true" : say(*words)) << " ;;\n";
    }
  }
  out << "    *) return 1 ;;\n  esac\n}\n\n";
}

// Lists and chains (knn,energy and react+energy) are completed behind their last separator, paths
// behind the colon.
constexpr const char* bash_part = R"sh(_nescio() {
  local line=${COMP_LINE:0:COMP_POINT} word words verb key value names prefix
  word=${line##*[[:space:]]}
  read -ra words <<<"${line%"$word"}"
  COMPREPLY=()
  if ((${#words[@]} < 2)); then
    mapfile -t COMPREPLY < <(compgen -W "$(_nescio_verbs) --help --version" -- "$word")
    return
  fi
  verb=${words[1]}
  if [[ $word == *=* ]]; then
    key=${word%%=*}
    prefix=$key=
  else
    mapfile -t COMPREPLY < <(compgen -W "$(_nescio_keys "$verb")" -- "$word")
    ((${#words[@]} == 2)) && key=$(_nescio_first "$verb")
  fi
  value=${word#"$prefix"}
  if [[ -n $key ]]; then
    if ! names=$(_nescio_values "$verb" "$key"); then
      names=files
    elif [[ $names == *: && $value == *:* ]]; then
      names=files
      prefix+=${value%%:*}:
    elif [[ $value == *[,+]* ]]; then
      prefix+=${value%"${value##*[,+]}"}
    fi
    value=${word#"$prefix"}
    if [[ $names == files ]]; then
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -P "$prefix" -- "$value")
      compopt -o filenames 2>/dev/null
    elif [[ -n $names ]]; then
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$names" -P "$prefix" -- "$value")
    fi
  fi
  # Bash replaces only what stands behind the last = or :, unless these are no breaks.
  local breaks=${COMP_WORDBREAKS//[^=:]/} fragment=$word
  [[ -n $breaks ]] && fragment=${word##*[$breaks]}
  COMPREPLY=("${COMPREPLY[@]#"${word%"$fragment"}"}")
  [[ ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace 2>/dev/null
}
complete -F _nescio nescio
)sh";

constexpr const char* zsh_part = R"sh(_nescio() {
  local verb=${words[2]} key names
  if ((CURRENT == 2)); then
    compadd -- ${(f)"$(_nescio_verbs)"} --help --version
    return
  fi
  if compset -P 1 '*='; then
    key=${IPREFIX%=}
  else
    compadd -S '' -- ${(f)"$(_nescio_keys $verb)"}
    ((CURRENT == 3)) && key=$(_nescio_first $verb)
  fi
  [[ -n $key ]] || return
  if ! names=$(_nescio_values $verb $key); then
    _files
  elif [[ $names != *: ]]; then
    compset -P '*[,+]'
    compadd -- ${(f)names}
  elif compset -P 1 '*:'; then
    _files
  else
    compadd -S '' -- ${(f)names}
  fi
}
compdef _nescio nescio
)sh";

class Completion final : public Verb {
 public:
  std::string shell;

  void run(Console& console) override {
    write_tables(console.out);
    console.out << (shell == "bash" ? bash_part : zsh_part);
  }
};

}  // namespace

VerbInfo completion() {
  return describe_verb<Completion>(
      {.name = "completion",
       .summary = "Print a script that completes the command line of nescio in a shell.",
       .positional = "shell",
       .details = {"It completes verbs, keys, choices, the names of detectors, models and data "
                   "sets, and paths. Put the line of the example into ~/.bashrc, or into ~/.zshrc "
                   "behind compinit."},
       .examples = {"source <(nescio completion bash)", "source <(nescio completion zsh)"},
       .options = {option(&Completion::shell, {.name = "shell",
                                               .doc = "whose script",
                                               .choices = {"bash", "zsh"},
                                               .required = true})}});
}

}  // namespace nescio::cli::verbs
