// The completion scripts, asked by real shells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

/// What a shell prints that runs `lines`.
std::string say(const std::string& shell, const std::string& lines) {
  const io::TestFolder folder;
  const std::string script = folder.file("script", lines).string();
  FILE* pipe = ::popen((shell + " " + script + " 2>&1").c_str(), "r");
  std::string said;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) said += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << said;
  return said;
}

std::vector<std::string> lines_of(const std::string& said) {
  std::vector<std::string> lines;
  for (const std::string& line : split_top_level(said, '\n')) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string script_for(const std::string& shell) {
  static std::map<std::string, std::string> made;  // starting the program takes most of the time
  if (!made.contains(shell)) made[shell] = nescio_program({"completion", shell}).out;
  return made[shell];
}

/// What bash would put behind the last break (= or :) of the line; `breaks` are its other breaks.
std::vector<std::string> in_bash(const std::string& line, const std::string& breaks = "=:") {
  return lines_of(say("bash --norc", script_for("bash") + "\nCOMP_LINE='" + line +
                                         "' COMP_POINT=${#COMP_LINE} COMP_WORDBREAKS=' " + breaks +
                                         "'\n_nescio\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"));
}

TEST(Completion, VerbsAndKeysInBash) {
  EXPECT_THAT(in_bash("nescio eval"), ElementsAre("evaluate"));
  EXPECT_THAT(in_bash("nescio "), Contains("fit"));
  EXPECT_THAT(in_bash("nescio evaluate boo"), ElementsAre("bootstrap="));
  EXPECT_THAT(in_bash("nescio evaluate bank=x de"), ElementsAre("device=", "detectors="));
  EXPECT_THAT(in_bash("nescio evaluate --j"), ElementsAre("--json"));
  EXPECT_THAT(in_bash("nescio nothing "), IsEmpty());
}

TEST(Completion, ValuesInBash) {
  EXPECT_THAT(in_bash("nescio list mod"), ElementsAre("models"));
  EXPECT_THAT(in_bash("nescio list catalogue=mod"), ElementsAre("models"));
  EXPECT_THAT(in_bash("nescio evaluate executor="), ElementsAre("cpu", "reference", "torch"));
  EXPECT_THAT(in_bash("nescio evaluate scores=t"), ElementsAre("true"));
  EXPECT_THAT(in_bash("nescio evaluate threads="), IsEmpty());
  EXPECT_THAT(in_bash("nescio fit ener"), ElementsAre("energy"));
  EXPECT_THAT(in_bash("nescio fit react+ener"), ElementsAre("react+energy"));
  EXPECT_THAT(in_bash("nescio evaluate detectors=knn,ener"), ElementsAre("knn,energy"));
  EXPECT_THAT(in_bash("nescio describe auro"), ElementsAre("auroc"));
}

TEST(Completion, PathsInBash) {
  const io::TestFolder folder;
  folder.file("weights.pth", "");
  const std::string part = (folder / "wei").string();
  const std::string whole = (folder / "weights.pth").string();
  EXPECT_THAT(in_bash("nescio evaluate bank=" + part), ElementsAre(whole));
  if (nescio_program({"list", "models"}).code != 0) GTEST_SKIP() << "no libtorch";
  EXPECT_THAT(in_bash("nescio extract model=resnet5"), ElementsAre("resnet50:", "resnet56:"));
  EXPECT_THAT(in_bash("nescio extract model=resnet50:" + part), ElementsAre(whole));
  EXPECT_THAT(in_bash("nescio extract model=resnet50:" + part, "="),
              ElementsAre("resnet50:" + whole));
  EXPECT_THAT(in_bash("nescio extract model=resnet50:" + part, ""),
              ElementsAre("model=resnet50:" + whole));
  EXPECT_THAT(in_bash("nescio extract data=cif"), ElementsAre("cifar10:", "cifar100:"));
}

/// zsh's completion system wants a terminal; here it is played, as its manual describes it.
std::vector<std::string> in_zsh(const std::string& line, const std::string& word) {
  const std::string stage = R"sh(
compdef() { : }
compset() {
  local match
  if [[ $2 == 1 ]]; then match=${PREFIX%%${3#\*}*}${3#\*}; else match=${(M)PREFIX##${~2}}; fi
  [[ -n $match && $PREFIX == $match* ]] || return 1
  IPREFIX+=$match PREFIX=${PREFIX#$match}
}
compadd() {
  local word
  for word; do [[ $word == $PREFIX* && $word != -[-S] && -n $word ]] && print -r -- $word; done
  true
}
_files() { print -r -- "files $PREFIX" }
)sh";
  return lines_of(say("zsh -f", stage + script_for("zsh") + "\nwords=(" + line + " '" + word +
                                    "') CURRENT=$#words IPREFIX= PREFIX='" + word +
                                    "'\n_nescio\ntrue\n"));
}

TEST(Completion, Zsh) {
  if (std::system("zsh -c true >/dev/null 2>&1") != 0) GTEST_SKIP() << "zsh is not installed";
  EXPECT_THAT(in_zsh("nescio", "eval"), ElementsAre("evaluate"));
  EXPECT_THAT(in_zsh("nescio evaluate", "boo"), ElementsAre("bootstrap="));
  EXPECT_THAT(in_zsh("nescio list", "mod"), ElementsAre("models"));
  EXPECT_THAT(in_zsh("nescio evaluate", "detectors=knn,ener"), ElementsAre("energy"));
  EXPECT_THAT(in_zsh("nescio evaluate", "bank=x"), ElementsAre("files x"));
  if (nescio_program({"list", "models"}).code != 0) GTEST_SKIP() << "no libtorch";
  EXPECT_THAT(in_zsh("nescio extract", "model=resnet5"), ElementsAre("resnet50:", "resnet56:"));
  EXPECT_THAT(in_zsh("nescio extract", "model=resnet50:x"), ElementsAre("files x"));
}

}  // namespace
}  // namespace nescio
