#include "report/table.h"

#include <gtest/gtest.h>

#include "io/csv.h"

namespace nescio::report {
namespace {

const TextTable table{.columns = {{"detector"}, {"auroc", true}},
                      .rows = {{"knn(k=5,T=1)", "97.3"}, {"a|b", ""}, {"sé", "100.00"}}};

TEST(TextTable, AlignsForATerminal) {
  EXPECT_EQ(to_text(table),
            "detector       auroc\n"
            "knn(k=5,T=1)    97.3\n"
            "a|b\n"
            "sé            100.00\n");
}

TEST(TextTable, EscapesMarkdown) {
  EXPECT_EQ(to_markdown(table),
            "| detector | auroc |\n"
            "| --- | ---: |\n"
            "| knn(k=5,T=1) | 97.3 |\n"
            "| a\\|b |  |\n"
            "| sé | 100.00 |\n");
}

TEST(TextTable, ShowsWhatCannotBeSeen) {
  const TextTable hostile{.columns = {{"a\r"}, {"n", true}},
                          .rows = {{"\xff`<b>\n|", "1"}, {"x", "2"}}};
  EXPECT_EQ(to_text(hostile), "a\\r          n\n\\xff`<b>\\n|  1\nx            2\n");
  EXPECT_EQ(to_markdown(hostile),
            "| a\\r | n |\n| --- | ---: |\n| \\xff\\`&lt;b>\\n\\| | 1 |\n| x | 2 |\n");
  EXPECT_EQ(to_csv(hostile), "a\\r,n\n\\xff`<b>\\n|,1\nx,2\n");
}

TEST(TextTable, QuotesCsv) {
  const auto rows = io::parse_csv(to_csv(table), "table");
  EXPECT_EQ(rows.at(1), table.rows.at(0));
  EXPECT_EQ(rows.at(2), table.rows.at(1));
  EXPECT_NE(to_csv(table).find("\"knn(k=5,T=1)\",97.3\n"), std::string::npos);
}

}  // namespace
}  // namespace nescio::report
