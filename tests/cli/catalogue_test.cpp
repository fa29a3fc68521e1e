// help, --version, list, describe, and names that are not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

using testing::HasSubstr;

TEST(Catalogue, NoArgumentsHelp) {
  const Outcome bare = nescio_program({});
  EXPECT_EQ(bare.code, 0);
  EXPECT_EQ(bare.log, "");
  EXPECT_EQ(bare.out, nescio_program({"--help"}).out);
  for (const char* verb : {"import", "extract", "train", "fit", "score", "evaluate", "benchmark",
                           "inspect", "list", "describe"}) {
    EXPECT_THAT(bare.out, HasSubstr(std::string("\n  ") + verb + " "));
  }
}

TEST(Catalogue, EveryVerbHelps) {
  for (const char* verb : {"import", "extract", "train", "fit", "score", "evaluate", "benchmark",
                           "inspect", "list", "describe"}) {
    const Outcome help = nescio_program({verb, "--help"});
    EXPECT_EQ(help.code, 0) << verb;
    EXPECT_EQ(help.log, "");
    EXPECT_THAT(help.out, HasSubstr(std::string("Usage: nescio ") + verb));
    EXPECT_THAT(help.out, HasSubstr("threads="));
  }
  const auto verbs = nlohmann::json::parse(nescio_program({"list", "verbs", "--json"}).out);
  EXPECT_GE(verbs.size(), 20u);
  for (const auto& verb : verbs) {
    const std::string name = verb.at("name");
    EXPECT_EQ(nescio_program({"help", name}).out, nescio_program({name, "--help"}).out);
  }
  const Outcome fit = nescio_program({"fit", "-h"});
  EXPECT_THAT(fit.out, HasSubstr("Usage: nescio fit SPEC bank=BANK out=OUT [train=...]"));
  EXPECT_THAT(fit.out, HasSubstr("(required)"));
}

TEST(Catalogue, PartThatRunsNetworksIsTheRestOfItsVerbs) {
  for (const char* verb : {"extract", "train"}) {
    const Outcome help = nescio_program({verb, "--help"});
    EXPECT_EQ(help.code, 0) << help.log;
    const bool there = help.out.find("Not in this build") == std::string::npos;
    EXPECT_EQ(help.out.find("device=") != std::string::npos, there) << help.out;
    // What its code throws is caught by the program as what it is.
    const Outcome wrong = nescio_program({verb, "modle=x"});
    expect_refusal(wrong, there ? 2 : 1, {there ? "model" : "no libtorch"});
  }
}

TEST(Catalogue, ProgramCanBeMovedWithThePartThatRunsNetworks) {
  const io::TestFolder folder;
  const std::filesystem::path program = NESCIO_PROGRAM;
  const auto networks = program.parent_path() / "libnescio_networks.so";
  if (!std::filesystem::exists(networks)) GTEST_SKIP() << "no libtorch";
  std::filesystem::create_directory(folder / "bin");
  std::filesystem::copy(program, folder / "bin/nescio");
  std::filesystem::create_symlink(folder / "bin/nescio", folder / "linked");
  const std::string linked = (folder / "linked").string();
  EXPECT_NE(std::system((linked + " list models >/dev/null 2>&1").c_str()), 0);
  std::filesystem::copy(networks, folder / "bin");
  EXPECT_EQ(std::system((linked + " list models >/dev/null").c_str()), 0);
  folder.file("bin/libnescio_networks.so", "damaged");
  EXPECT_NE(
      std::system((linked + " list models >/dev/null 2>" + (folder / "log").string()).c_str()), 0);
  EXPECT_THAT(io::read_text(folder / "log"),
              HasSubstr("libnescio_networks.so, which runs networks, cannot be loaded"));
  EXPECT_EQ(std::system((linked + " list detectors >/dev/null").c_str()), 0);
}

TEST(Catalogue, VersionNamesTheParts) {
  const Outcome version = nescio_program({"--version"});
  EXPECT_EQ(version.code, 0);
  for (const char* part : {"nescio ", "compiler ", "SIMD ", "oneDNN ", "BLAS ", "libtorch "}) {
    EXPECT_THAT(version.out, HasSubstr(part));
  }
  const auto json = nlohmann::json::parse(nescio_program({"--version", "--json"}).out);
  EXPECT_TRUE(json.contains("libtorch"));
}

TEST(Catalogue, DescribesEverythingOfOneName) {
  const Outcome both = nescio_program({"describe", "odin"});
  EXPECT_THAT(both.out, HasSubstr("odin (detector)"));
  EXPECT_THAT(both.out, HasSubstr("the array 'odin(epsilon=0.0014,T=1000)'"));
  if (nescio_program({"--version"}).out.find("no libtorch") != std::string::npos) return;
  EXPECT_THAT(both.out, HasSubstr("odin (probe)"));
  EXPECT_THAT(both.out, HasSubstr("epsilon = 0.0014"));
  EXPECT_THAT(nescio_program({"list", "probes"}).out, HasSubstr("odin"));
  const Outcome oe = nescio_program({"describe", "oe"});  // a name that method= takes
  EXPECT_THAT(oe.out, HasSubstr("outlier_exposure (training method)"));
  EXPECT_THAT(oe.out, HasSubstr("term, added to a loss"));
}

TEST(Catalogue, ListsAndDescribesEverything) {
  for (const char* catalogue :
       {"detectors", "datasets", "augmentations", "metrics", "executors", "verbs"}) {
    const auto entries = nlohmann::json::parse(nescio_program({"list", catalogue, "--json"}).out);
    ASSERT_FALSE(entries.empty()) << catalogue;
    std::map<std::string, std::string>
        types;  // a fact has the same for all, be there one or several
    for (const auto& entry : entries) {
      for (const auto& [fact, value] : entry.items()) {
        const std::string type = types.emplace(fact, value.type_name()).first->second;
        EXPECT_EQ(type, value.type_name())
            << catalogue << ": " << fact << " of " << entry.at("name");
      }
    }
    const std::string table = nescio_program({"list", catalogue}).out;
    for (const auto& entry : entries) {
      const std::string name = entry.at("name");
      EXPECT_THAT(table, HasSubstr(name));
      EXPECT_FALSE(entry.at("summary").get<std::string>().empty()) << name;
    }
    const std::string first = entries.front().at("name");
    EXPECT_THAT(nescio_program({"describe", first}).out,
                HasSubstr(entries.front().at("summary").get<std::string>()));
  }
}

TEST(Catalogue, DescribesParametersOfADetector) {
  const Outcome knn = nescio_program({"describe", "knn"});
  EXPECT_EQ(knn.code, 0);
  EXPECT_THAT(knn.out, HasSubstr("k = 50"));
  EXPECT_THAT(knn.out, HasSubstr("whole number; >= 1"));
  EXPECT_THAT(knn.out, HasSubstr("arXiv:2204.06507"));
  EXPECT_THAT(knn.out, HasSubstr("cost\n  2 N D operations a row"));
  const std::string mahalanobis = nescio_program({"describe", "mahalanobis"}).out;
  EXPECT_THAT(mahalanobis, HasSubstr("arXiv:1807.03888\n  normalize=true,means=one: Sehwag"));
  const auto json = nlohmann::json::parse(nescio_program({"describe", "knn", "--json"}).out);
  EXPECT_EQ(json.at(0).at("kind"), "detector");
  EXPECT_EQ(json.at(0).at("parameters").at(0).at("name"), "k");
  EXPECT_EQ(json.at(0).at("parameters").at(0).at("default"), "50");
}

TEST(Catalogue, DescribesANetwork) {
  const Outcome net = nescio_program({"describe", "squeezenet1_0"});
  if (nescio_program({"list", "models"}).code != 0) GTEST_SKIP() << "no libtorch";
  EXPECT_EQ(net.code, 0) << net.log;
  EXPECT_THAT(net.out, HasSubstr("short side 256 (bilinear), 224 x 224 of the centre, rgb"));
  EXPECT_THAT(net.out, HasSubstr("Caffe's names"));
  EXPECT_THAT(net.out, HasSubstr("resized to 227 x 227 (bilinear), bgr"));
  EXPECT_THAT(net.out, HasSubstr("detectors that need the head are skipped"));
  EXPECT_THAT(net.out, HasSubstr("short_side = auto"));
}

TEST(Catalogue, DescribesWhatASpecIsMadeOf) {
  const Outcome both = nescio_program({"describe", "react(q=[0.9,0.95])+energy"});
  EXPECT_EQ(both.code, 0) << both.log;
  EXPECT_THAT(both.out, HasSubstr("react (shaper)"));
  EXPECT_THAT(both.out, HasSubstr("energy (detector)"));
}

TEST(Catalogue, DescribesAVerbThatIsNamedLikeOne) {
  const Outcome score = nescio_program({"describe", "score"});
  EXPECT_EQ(score.code, 0) << score.log;
  EXPECT_THAT(score.out, HasSubstr("score (verb)"));
}

TEST(Catalogue, UnknownNamesAreAnsweredWithTheNearest) {
  expect_refusal(nescio_program({"evalaute"}), 2, {"'evalaute'", "Did you mean 'evaluate'?"});
  expect_refusal(nescio_program({"list", "detector"}), 2, {"Did you mean 'detectors'?"});
  expect_refusal(nescio_program({"list"}), 2, {"missing catalogue=", "one of detectors, models"});
  const Outcome near = nescio_program({"describe", "kn"});
  expect_refusal(near, 2, {"'kn'", "Did you mean 'knn'? `nescio list` knows those of detectors,"});
  EXPECT_LT(near.log.size(), 200u);
  expect_refusal(nescio_program({"describe", "knn(k=5)+enrgy"}), 2, {"'knn(k=5)+enrgy'"});
  expect_refusal(nescio_program({"describe", "mds"}), 2, {"mahalanobis"});
  expect_refusal(nescio_program({"fit", "knn", "banc=x", "out=y"}), 2,
                 {"'banc'", "Did you mean 'bank'?"});
  expect_refusal(nescio_program({"fit", "knn", "--bank", "x"}), 2, {"key=value", "--bank"});
  expect_refusal(nescio_program({"fit", "knn", "bank=x", "--json"}), 2, {"--json"});
}

TEST(Catalogue, MissingTwiceAndMalformedOptions) {
  expect_refusal(nescio_program({"fit", "knn"}), 2, {"missing", "bank=", "out="});
  expect_refusal(nescio_program({"score"}), 2, {"missing", "detector="});
  expect_refusal(nescio_program({"list", "detectors", "seed=1", "seed=2"}), 2, {"seed", "twice"});
  expect_refusal(nescio_program({"list", "detectors", "threads=0"}), 2,
                 {"threads", "in [1, 4096]"});
  expect_refusal(nescio_program({"list", "detectors", "threads=x"}), 2, {"whole number"});
  expect_refusal(nescio_program({"list", "detectors", "more"}), 2, {"key=value", "'more'"});
}

TEST(Catalogue, FullStandardOutput) {
  const Outcome outcome = nescio_program_into("/dev/full", {"list", "verbs"});
  expect_refusal(outcome, 1, {"output"});
}

}  // namespace
}  // namespace nescio
