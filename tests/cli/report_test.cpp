// Reports of runs whose names are hostile: whatever they hold, other programs can read the files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bank/feature_bank.h"
#include "io/csv.h"
#include "io/json_file.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::vector<std::string> hostile = {"a\xff", "b\xef\xbf\xbf", "c\r\x1b[2J", "d<&\"'>|`"};

/// A bank whose ID rows are pictures of classes with these names.
class HostileNames : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& name : hostile) {
      fs::create_directories(folder_ / "pictures" / name);
      for (int i = 0; i < 10; ++i) {
        fs::copy_file(fs::path(NESCIO_TEST_PICTURES) / "rgb.png",
                      folder_ / "pictures" / name / text(i, "\xfe.png"));
      }
    }
    write_head(folder_.path(), {});
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder_ / "bank");
    write(bank, "in/test", false, "folder:");
    write(bank, "near/test", true, "files:");
  }

  // What evaluate says about it, into a folder that is called as badly as the classes.
  Outcome evaluate(std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"evaluate", "bank=" + (folder_ / "bank").string(), "id=in/test", "near=near/test",
                 "detectors=msp", "bootstrap=0", "out=" + run().string()});
    return nescio_program(more);
  }
  fs::path run() const { return folder_ / "run\xff\r<"; }

  io::TestFolder folder_;

 private:
  void write(bank::FeatureBank& bank, const std::string& split, bool ood,
             const std::string& type) const {
    const Rows rows = draw_rows({}, 40, ood, 1);
    bank::SplitWriter writer(bank, split, 40,
                             {{"logits", DType::float32, {4}}, {"labels", DType::int64, {}}},
                             {{"data", type + (folder_ / "pictures").string()}});
    writer.write("logits", Array({40, 4}, rows.logits));
    writer.write("labels", Array({40}, rows.labels));
    writer.commit(40);
    writer.finish();
  }
};

TEST_F(HostileNames, FurtherMetricsStandInTablesAndFiles) {
  const Outcome done = evaluate({"metrics=autc,detection_error"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.out, HasSubstr("autc"));
  for (const char* file : {"results.csv", "results.md", "results.json", "report.html"}) {
    const std::string content = io::read_text(run() / file);
    EXPECT_THAT(content, HasSubstr("detection_error")) << file;
    EXPECT_THAT(content, testing::Not(HasSubstr("oscr"))) << file;
  }
  const Outcome refused = evaluate({"metrics=autx"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.log, HasSubstr("unknown metric 'autx'"));
}

TEST_F(HostileNames, MakeNoFileThatCannotBeRead) {
  const Outcome done = evaluate();
  ASSERT_EQ(done.code, 0) << done.log;
  for (const std::string& said : {done.out, done.log}) {
    EXPECT_NO_THROW(nlohmann::json(said).dump()) << "no UTF-8";
    for (const char c : said)
      EXPECT_TRUE(static_cast<unsigned char>(c) >= ' ' || c == '\n') << int{c};
  }
  EXPECT_THAT(done.log, HasSubstr("run\\xff\\r</report.html"));
  EXPECT_THAT(io::read_json(run() / "results.json").at("command").get<std::string>(),
              HasSubstr("run\\xff\\r<"));
  EXPECT_NO_THROW(io::parse_csv(io::read_text(run() / "results.csv"), ""));
  EXPECT_THAT(io::read_text(run() / "results.md"), HasSubstr("run\\xff\\r<"));

  const std::string page = io::read_text(run() / "report.html");
  for (const char* name : {"a\\xff", "b\\uffff", "c\\r\\x1b[2J", "d&lt;&amp;&quot;&#39;&gt;|`"}) {
    EXPECT_NE(page.find(name), std::string::npos) << name;
  }
  const auto answer = nlohmann::json::parse(evaluate({"--json"}).out);
  EXPECT_TRUE(answer.contains("rows"));
}

// docs/file_formats.md promises it; a parser that is not ours must agree.
TEST_F(HostileNames, ReportIsXml) {
  if (std::string(NESCIO_PYTHON).empty()) GTEST_SKIP() << "no Python";
  ASSERT_EQ(evaluate().code, 0);
  fs::copy_file(run() / "report.html", folder_ / "report.html");
  folder_.file("parse.py",
               "import sys, xml.dom.minidom\n"
               "page = xml.dom.minidom.parse(sys.argv[1])\n"
               "assert page.doctype.name == 'html', page.doctype.name\n"
               "assert page.documentElement.tagName == 'html'\n");
  const std::string command = std::string(NESCIO_PYTHON) + " '" + (folder_ / "parse.py").string() +
                              "' '" + (folder_ / "report.html").string() + "' 2>'" +
                              (folder_ / "said").string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << io::read_text(folder_ / "said");
}

}  // namespace
}  // namespace nescio
