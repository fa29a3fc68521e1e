// The demo goes all the way, twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "io/test_folder.h"
#include "program.h"

namespace nescio {
namespace {

using testing::HasSubstr;

TEST(Demo, EndsWithAReportAndDoesNothingTwice) {
  if (nescio_program({"--version"}).out.find("no libtorch") != std::string::npos) {
    GTEST_SKIP() << "no libtorch";
  }
  const io::TestFolder folder;
  const std::string out = (folder / "demo").string();
  const std::vector<std::string> command = {"demo", "out=" + out, "steps=1",
                                            "detectors=energy,knn"};
  const Outcome first = nescio_program(command);
  ASSERT_EQ(first.code, 0) << first.log;
  EXPECT_THAT(first.log, HasSubstr("nescio train model=resnet8"));
  EXPECT_THAT(first.log, HasSubstr("nescio benchmark " + out + "/protocol.yaml"));
  EXPECT_THAT(first.out, HasSubstr("near: mean of plain_shapes/test (1000 rows)"));
  const std::string page = io::read_text(folder / "demo/run/report.html");
  EXPECT_THAT(page, HasSubstr("nescio benchmark"));

  const std::string results = io::read_text(folder / "demo/run/results.csv");
  const Outcome second = nescio_program(command);
  ASSERT_EQ(second.code, 0) << second.log;
  EXPECT_THAT(second.log, HasSubstr("shapes/test from the same inputs already"));
  EXPECT_EQ(io::read_text(folder / "demo/run/results.csv"), results);
}

}  // namespace
}  // namespace nescio
