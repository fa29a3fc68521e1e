#include "report/table.h"

#include <gtest/gtest.h>

#include "io/csv.h"

namespace nescio {
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

TEST(TextTable, QuotesCsv) {
  const auto rows = parse_csv(to_csv(table), "table");
  EXPECT_EQ(rows.at(1), table.rows.at(0));
  EXPECT_EQ(rows.at(2), table.rows.at(1));
  EXPECT_NE(to_csv(table).find("\"knn(k=5,T=1)\",97.3\n"), std::string::npos);
}

}  // namespace
}  // namespace nescio
