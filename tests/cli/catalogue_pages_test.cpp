// The pages of docs/catalogue/ are what the program writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;

void expect_page(const std::string& catalogue) {
  const io::TestFolder folder;
  const std::string written = folder / "page.md";
  const Outcome outcome = nescio_program({"list", catalogue, "page=" + written});
  ASSERT_EQ(outcome.code, 0) << outcome.log;
  EXPECT_THAT(outcome.log, testing::HasSubstr("the page is " + written));
  const fs::path committed = fs::path(NESCIO_SOURCE) / "docs/catalogue" / (catalogue + ".md");
  const bool same = fs::exists(committed) && io::read_text(committed) == io::read_text(written);
  EXPECT_TRUE(same) << committed
                    << " is not what the program says of itself; this writes it anew:\n"
                       "  cmake --build build --target catalogue";
}

TEST(CataloguePages, DetectorsAreAsTheProgramDescribesThem) { expect_page("detectors"); }

TEST(CataloguePages, MethodsAreAsTheProgramDescribesThem) {
  if (nescio_program({"list", "methods"}).code != 0) GTEST_SKIP() << "no libtorch";
  expect_page("methods");
}

TEST(CataloguePages, AreWrittenWholeOrNotAtAll) {
  const io::TestFolder folder;
  const std::string page = folder.file("page.md", "as it was");
  expect_refusal(nescio_program_on_full_disk(1, {"list", "detectors", "page=" + page}), 1,
                 {"page.md"});
  EXPECT_EQ(io::read_text(page), "as it was");
}

}  // namespace
}  // namespace nescio
