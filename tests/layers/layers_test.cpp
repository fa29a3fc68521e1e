#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "source_rules.h"

namespace nescio::layers {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Edges our_edges() { return read_edges(fs::path(NESCIO_LAYERS) / "edges.txt"); }

TEST(Tree, IncludesFollowTheEdges) {
  std::set<std::string> used;
  EXPECT_THAT(check_includes(NESCIO_SRC, our_edges(), used), IsEmpty());
}

TEST(Tree, LinksFollowTheEdges) {
  EXPECT_THAT(check_links(NESCIO_LINK_GRAPH, our_edges()), IsEmpty());
}

TEST(Tree, EveryEdgeIsUsed) {
  std::set<std::string> used;
  check_includes(NESCIO_SRC, our_edges(), used);
  EXPECT_THAT(check_unused(our_edges(), used), IsEmpty());
}

TEST(Tree, FilesAreShortAndWellNamed) {
  EXPECT_THAT(check_files(NESCIO_SRC, our_edges()), IsEmpty());
}

/// A tree with the folders low <- high, and nets below the line.
class SmallTree : public ::testing::Test {
 protected:
  SmallTree() {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    write("edges.txt", "low:\nhigh: low\n----\nnets: low\n");
    write("src/low/a.h", "// A header.\n#pragma once\n#include <vector>\n");
    write("src/high/b.cpp", "#include \"low/a.h\"\n");
    write("src/nets/n.cpp", "#include <torch/torch.h>\n#include \"low/a.h\"\n");
  }
  ~SmallTree() override { fs::remove_all(root_); }

  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  Edges edges() const { return read_edges(root_ / "edges.txt"); }
  std::vector<std::string> includes() {
    used_.clear();
    return check_includes(root_ / "src", edges(), used_);
  }
  std::vector<std::string> links() const { return check_links(root_ / "graph", edges()); }

  fs::path root_;
  std::set<std::string> used_;
};

TEST_F(SmallTree, IsCleanAsItIs) {
  EXPECT_THAT(includes(), IsEmpty());
  EXPECT_THAT(used_, UnorderedElementsAre("high -> low", "nets -> low"));
  EXPECT_THAT(check_unused(edges(), used_), IsEmpty());
  EXPECT_THAT(check_files(root_ / "src", edges()), IsEmpty());
}

TEST_F(SmallTree, IncludeUpwardsIsFoundWithItsLine) {
  write("src/low/a.cpp", "// Two lines down.\n\n#include \"high/b.h\"\n");
  write("src/high/b.h", "// A header.\n#pragma once\n");
  EXPECT_THAT(includes(), ElementsAre(HasSubstr("low/a.cpp:3: low must not see high")));
}

TEST_F(SmallTree, TestsMaySeeWhatIsAbove) {
  write("edges.txt", "low:\nmiddle:\nhigh: low\n----\nnets: low\n");
  write("src/middle/m.h", "// A header.\n#pragma once\n");
  write("src/high/b_test.cpp", "#include \"middle/m.h\"\n");
  write("src/low/a_test.cpp", "#include \"middle/m.h\"\n");
  EXPECT_THAT(includes(), ElementsAre(HasSubstr("low/a_test.cpp:1: low must not see middle")));
  EXPECT_FALSE(used_.contains("high -> middle"));
}

TEST_F(SmallTree, IncludeOfAMissingFileIsFound) {
  write("src/high/b.cpp", "#include \"low/gone.h\"\n");
  EXPECT_THAT(includes(), ElementsAre(EndsWith("b.cpp:1: there is no low/gone.h")));
}

TEST_F(SmallTree, TorchAboveTheLineIsFound) {
  for (const char* header : {"torch/torch.h", "ATen/core/Tensor.h", "c10/util/Exception.h"}) {
    write("src/high/b.cpp", std::string("#include <") + header + ">\n");
    EXPECT_THAT(includes(), ElementsAre(HasSubstr("without libtorch")));
  }
  write("graph", "low nescio_low Libtorch::Libtorch\nnets nescio_nets Libtorch::Libtorch\n");
  EXPECT_THAT(links(), ElementsAre(HasSubstr("graph:1: low must build without libtorch")));
}

TEST_F(SmallTree, LinkUpwardsIsFound) {
  write("graph", "high nescio_high nescio_low\nlow nescio_low nescio_high\n");
  EXPECT_THAT(links(), ElementsAre(HasSubstr("graph:2: nescio_low must not link nescio_high")));
}

TEST_F(SmallTree, UnusedEdgeIsFound) {
  write("src/high/b.cpp", "int x;\n");
  includes();
  EXPECT_THAT(check_unused(edges(), used_), ElementsAre(HasSubstr("nothing uses high -> low")));
}

TEST_F(SmallTree, LongVagueAndUnguardedFilesAreFound) {
  write("src/low/long.cpp", std::string(501, '\n'));
  write("src/low/string_utils.cpp", "\n");
  write("src/low/helpers/x.cpp", "\n");
  write("src/low/bare.h", "#include <vector>\n");
  write("src/new/x.cpp", "\n");
  EXPECT_THAT(check_files(root_ / "src", edges()),
              UnorderedElementsAre(HasSubstr("long.cpp:501"), HasSubstr("string_utils.cpp:1"),
                                   HasSubstr("helpers/x.cpp:1"), HasSubstr("bare.h:1: a header"),
                                   HasSubstr("bare.h:1: #pragma"), HasSubstr("new: edges.txt")));
}

TEST_F(SmallTree, EdgesFileMustBeInOrder) {
  write("edges.txt", "high: low\nlow:\n");
  EXPECT_THROW(edges(), Error);
  write("edges.txt", "low:\nlow:\n");
  EXPECT_THROW(edges(), Error);
  write("edges.txt", "low\n");
  EXPECT_THROW(edges(), Error);
}

}  // namespace
}  // namespace nescio::layers
