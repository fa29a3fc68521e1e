#include "cli/score_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "bank/manifest.h"
#include "base/error.h"
#include "cli/foreign_scores.h"
#include "evaluation/imported.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;

// Names of sets and arrays consist of these and are no longer, and one is a bank's own; people's files have
// blanks and more.
std::string as_word(std::string name) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  for (char& letter : name) {
    if (letters.find(letter) == std::string_view::npos) letter = '_';
  }
  if (name.starts_with('.')) name[0] = '_';
  if (name == bank::head_key) name += '_';
  return name.substr(0, bank::longest_word);
}

std::string file_of(const std::string& source) { return source.substr(0, source.rfind('#')); }

std::string member_of(const std::string& source) {
  const auto mark = source.rfind('#');
  return mark == std::string::npos ? "" : as_word(source.substr(mark + 1));
}

std::string folder_of(const std::string& source) {
  std::error_code ignored;
  const fs::path whole = fs::absolute(file_of(source), ignored).lexically_normal();
  return as_word(whole.parent_path().filename().string());
}

// "SET=FILE" or "FILE".
ScoreFile parse(const std::string& given) {
  const auto sign = given.find('=');
  std::error_code ignored;
  if (sign == std::string::npos || given.find('/') < sign || fs::exists(file_of(given), ignored)) {
    return {"", given};
  }
  const ScoreFile parsed{as_word(given.substr(0, sign)), given.substr(sign + 1)};
  if (parsed.set.empty() || parsed.source.empty()) {
    fail("'", given, "': expected SET=FILE, a name for the set and the file of its scores");
  }
  return parsed;
}

// Whether nothing lies there but a bank of what score files bring.
bool holds_only_scores(const fs::path& folder) {
  const bank::FeatureBank bank = bank::FeatureBank::open(folder);
  std::set<std::string> known = {"bank.json"};
  for (const std::string& split : bank.splits()) {
    known.insert(split.substr(0, split.find('/')));
    for (const std::string& array : bank.arrays(split)) {
      if (array == "labels" || array == evaluation::predictions_array) continue;
      if (!array.starts_with(evaluation::imported_array(""))) return false;
    }
  }
  const auto strange = [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return !name.starts_with('.') && !known.contains(name);
  };
  return !bank.head() && std::ranges::none_of(fs::directory_iterator(folder), strange);
}

using NameOf = std::string (*)(const std::string& source);

bool tells_apart(const std::vector<ScoreFile*>& files, NameOf name_of) {
  std::set<std::string> names;
  for (const ScoreFile* file : files) names.insert(name_of(file->source));
  return names.size() == files.size() && !names.contains("");
}

}  // namespace

std::vector<ScoreFile> name_sets(const std::vector<std::string>& given) {
  std::vector<ScoreFile> files;
  for (const std::string& one : given) files.push_back(parse(one));
  std::map<std::string, std::vector<ScoreFile*>> by_name;
  for (ScoreFile& file : files) {
    if (file.set.empty()) by_name[name_of_file(file.source)].push_back(&file);
  }
  for (const auto& [name, same] : by_name) {
    NameOf name_of = name_of_file;
    for (const NameOf other : {member_of, folder_of}) {
      if (!tells_apart(same, name_of) && tells_apart(same, other)) name_of = other;
    }
    for (ScoreFile* file : same) file->set = name_of(file->source);
  }
  std::map<std::string, std::string> taken;
  for (const ScoreFile& file : files) {
    const auto [other, is_new] = taken.emplace(file.set, file.source);
    if (is_new) continue;
    fail(other->second, " and ", file.source, " would both be the set ", file.set,
         ": names of sets come from names of files; give others as SET=FILE, as in near=svhn=",
         file.source);
  }
  return files;
}

evaluation::Roles add_score_files(bank::FeatureBank& bank, const ScoreFiles& files,
                                  const std::string& name, const std::string& higher) {
  std::vector<std::string> all = {files.id};
  all.insert(all.end(), files.near.begin(), files.near.end());
  all.insert(all.end(), files.far.begin(), files.far.end());
  const std::vector<ScoreFile> named = name_sets(all);
  const bool id_is_named = parse(files.id).source != files.id;

  evaluation::Roles roles;
  const auto add = [&](const std::string& set, const ForeignScores& scores,
                       const std::string& source) {
    const std::string split = split_of_set(set);
    add_scores(bank, split, name, scores, source);
    return split;
  };
  const ScoreFile& id = named.front();
  for (const ForeignScores& one : read_scores(id.source, higher)) {
    if (one.role.empty() || one.role == "id") {
      const bool of_file = one.role.empty() || id_is_named;
      roles.id = add(of_file ? id.set : "id", one, id.source);
    }
    if (one.role == "shifted") roles.shifted.push_back(add(one.set, one, id.source));
    if (one.role == "near") roles.near.push_back(add(one.set, one, id.source));
    if (one.role == "far") roles.far.push_back(add(one.set, one, id.source));
  }
  for (std::size_t i = 1; i < named.size(); ++i) {
    const auto sets = read_scores(named[i].source, higher);
    if (sets.size() != 1 || !sets[0].role.empty()) {
      fail(named[i].source,
           ": expected the scores of one OOD set; a pickle of OpenOOD goes to id=");
    }
    auto& splits = i <= files.near.size() ? roles.near : roles.far;
    splits.push_back(add(named[i].set, sets[0], named[i].source));
  }
  return roles;
}

bank::FeatureBank bank_of_score_files(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder, ignored) && !fs::is_empty(folder, ignored)) {
    bool ours = false;
    try {
      ours = holds_only_scores(folder);
    } catch (const Error&) {
    }
    if (!ours) {
      fail(folder.string(),
           ": the scores go there, but something else is in it; choose another out=, ",
           "or move it away");
    }
    fs::remove_all(folder);
  }
  return bank::FeatureBank::open_or_create(folder);
}

std::string split_of_set(const std::string& set) { return as_word(set) + "/test"; }

std::string name_of_file(const std::string& source) {
  return as_word(fs::path(file_of(source)).stem().string());
}

}  // namespace nescio::cli
