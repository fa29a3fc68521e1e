#include "io/text_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/test_folder.h"

namespace nescio::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view text) {
  return error_of([&] { parse_text_arrays(text, "f.csv"); });
}

TEST(TextArray, LinesOfNumbers) {
  for (const char* text :
       {"1 2\n3 4\n", "1,2\n3,4", "1;2\r\n3;4\r\n", " 1\t 2\n\n# said\n3 +4.0 \n",
        "\xef\xbb\xbf\"1\", 2\n3,4\n", "# a b\n1e0 2\n3 4", "1\t2\n3\t4\n", "\t1\t\t2\n\t3\t4\n",
        "1 2\t\n3 4\t\n", "1,2,\n3,4,\n", "1; 2;\n3; 4;\n", "1,2\r3,4\r", "\"1\n\",\"2\"\n3,4\n"}) {
    const auto arrays = parse_text_arrays(text, "f");
    ASSERT_EQ(arrays.size(), 1u) << text;
    const Array& array = arrays.at("");
    EXPECT_EQ(array.shape(), (Shape{2, 2})) << text;
    EXPECT_THAT(array.as<double>(), ElementsAre(1, 2, 3, 4)) << text;
  }
}

TEST(TextArray, AColumnKeepsAllDigits) {
  const auto arrays = parse_text_arrays("1000000.0000123\n-inf\nnan\n4.9e-324\n", "f");
  EXPECT_EQ(arrays.at("").shape(), Shape{4});
  const auto values = arrays.at("").as<double>();
  EXPECT_EQ(values[0], 1000000.0000123);
  EXPECT_EQ(values[1], -INFINITY);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[3], 4.9e-324);
}

TEST(TextArray, AHeadingNamesColumns) {
  const auto arrays =
      parse_text_arrays(",picture,score,\"a, b\"\n0,x.png,1.5,7\n1,\"y, z\",2.5,\n", "f");
  ASSERT_EQ(arrays.size(), 3u);  // that of pictures holds no numbers
  EXPECT_THAT(arrays.at("1").as<double>(), ElementsAre(0, 1));
  EXPECT_THAT(arrays.at("score").as<double>(), ElementsAre(1.5, 2.5));
  EXPECT_EQ(arrays.at("a, b").as<double>()[0], 7);
  EXPECT_TRUE(std::isnan(arrays.at("a, b").as<double>()[1]));
}

TEST(TextArray, ColumnsSideBySide) {
  const char* table = ",z_cat,label,z_dog,picture,\"a, b\"\n,1,0,2,x.png,5\n,3,1,4,y.png,6\n";
  const auto columns = [&](const char* wanted) {
    return parse_text_columns(table, "f.csv", wanted);
  };
  EXPECT_EQ(columns("z_*").shape(), (Shape{2, 2}));
  EXPECT_THAT(columns("z_*").as<double>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(columns("z_dog, z_cat").as<double>(), ElementsAre(2, 1, 4, 3));
  EXPECT_THAT(columns("label,*_*t").as<double>(), ElementsAre(0, 1, 1, 3));
  EXPECT_EQ(columns("*bel").shape(), (Shape{2, 1}));
  EXPECT_EQ(columns("a, b").shape(), Shape{2});
  EXPECT_EQ(parse_text_columns("p,q\n1,2\n", "f", "*").shape(), (Shape{1, 2}));

  const auto said = [&](const char* wanted) { return error_of([&] { columns(wanted); }); };
  EXPECT_EQ(said("*"), "f.csv: the column 'picture' has 'x.png', which is no number");
  EXPECT_EQ(said("picture"), "f.csv: the column 'picture' has 'x.png', which is no number");
  EXPECT_THAT(said("1"), HasSubstr("there is no column '1'"));
  EXPECT_EQ(error_of([] { parse_text_columns("a,b,a\n1,2,3\n", "f", "a"); }),
            "f: two columns are called 'a'");
  EXPECT_EQ(error_of([] { parse_text_columns("a,b,a\n1,2,3\n", "f", "b,a"); }),
            "f: two columns are called 'a'");
  EXPECT_EQ(said("z_*,z_dog"), "f.csv: the column 'z_dog' is asked for twice");
  EXPECT_THAT(said("z_cat,z_dig"), HasSubstr("there is no column 'z_dig'. Did you mean 'z_dog'?"));
  EXPECT_THAT(error_of([] { parse_text_columns("1,2\n3,4\n", "f", "a,b"); }),
              HasSubstr("no line names the columns; leave '#a,b' out"));
}

TEST(TextArray, TabsSeparateFieldsWithBlanks) {
  const char* table = "\tpicture file\tnote\tlabel\n0\tmy cat.jpg\t\t1\n1\t3 dogs.jpg\told\t0\n";
  const auto columns = [&](const char* wanted) { return parse_text_columns(table, "f", wanted); };
  EXPECT_THAT(columns("label").as<double>(), ElementsAre(1, 0));
  EXPECT_THAT(error_of([&] { columns("picture file"); }), HasSubstr("has 'my cat.jpg'"));
}

TEST(TextArray, QuotesAsInRfc4180) {
  const auto labels = [](const char* table) {
    return parse_text_columns(table, "f", "label").to_int64();
  };
  EXPECT_THAT(
      labels("\"a; x\",label\n\"two\nlines, \"\"so\"\"\",1\n5\" disk.jpg,0\n").as<std::int64_t>(),
      ElementsAre(1, 0));
  EXPECT_EQ(error_of([&] { labels("a,label\n\"two\nlines\",1\n3\n"); }),
            "f: line 4: expected 2 fields, as before, found 1");
}

TEST(TextArray, RefusesWithTheLine) {
  EXPECT_EQ(refusal("1 2\n\n3\n"), "f.csv: line 3: expected 2 fields, as before, found 1");
  // The list of pictures that a heading would be taken from, and lose its first row.
  EXPECT_EQ(refusal("a.png 1\nb.png 2\n"), "f.csv: line 1: expected numbers, found 'a.png'");
  EXPECT_EQ(refusal("1,5;2\n"),
            "f.csv: line 1: expected numbers, found '1,5' with a decimal comma; write a point");
  EXPECT_EQ(refusal("1\n1e999\n"), "f.csv: line 2: expected numbers, found '1e999'");
  EXPECT_EQ(refusal("a,\"b\n1,2\n"), "f.csv: line 1: a quote does not close");
  EXPECT_THAT(refusal("a,a\n1,2\n"), HasSubstr("two columns are called 'a'"));
  EXPECT_EQ(refusal("a;b\n0,5;y\n"), "f.csv: line 2: no column holds numbers alone; 'a' has '0,5'");
  // Meant as numbers, so no names of columns, which would lose the first row.
  EXPECT_EQ(refusal("0,5;1,5\n2,5;3,5\n"),
            "f.csv: line 1: expected numbers, found '0,5' with a decimal comma; write a point");
  EXPECT_EQ(refusal("-1e999\n2\n"), "f.csv: line 1: expected numbers, found '-1e999'");
  for (const char* text : {"", "# nothing\n", "a,b\n"}) {
    EXPECT_THAT(refusal(text), HasSubstr("holds no numbers"));
  }
}

TEST(TextArray, CountsOfPandasAreNoNumbers) {
  // pandas.DataFrame(x).to_csv with its defaults, index=False, header=False, and of a Series.
  EXPECT_EQ(refusal(",0,1\n0,0.5,0.25\n1,2.5,1\n"),
            "f.csv: line 2: stands below a line that counts the columns, as pandas writes it; "
            "save with header=False");
  EXPECT_THAT(refusal("0,1\n0.5,0.25\n"), HasSubstr("header=False"));
  EXPECT_THAT(refusal(",0\n0,0.5\n"), HasSubstr("header=False"));
  EXPECT_EQ(refusal("0,0.5,2\n1,2.5,1\n"),
            "f.csv: line 2: as before, the first field counts the lines, as pandas writes it; "
            "save with index=False");
  const auto all_of = [](const char* table) {
    return error_of([&] { parse_text_columns(table, "f", "*"); });
  };
  EXPECT_EQ(all_of(",a,b\n0,1.5,2\n1,2.5,3\n"),
            "f: '*' takes the first column too, which counts the lines, as pandas writes it; name "
            "those that are meant, or save with index=False");
  EXPECT_THAT(all_of("Unnamed: 0,a\n0,1.5\n1,2.5\n"), HasSubstr("index=False"));
  EXPECT_EQ(all_of("step,a\n0,1.5\n1,2.5\n"), "");
  // Nothing is measured here, and there the counts go on otherwise.
  EXPECT_TRUE(refusal("0,1,2\n1,2,3\n").empty());
  EXPECT_TRUE(refusal("0 1 2 3\n").empty());
  EXPECT_TRUE(refusal("0,0.5\n1,2.5\n3,1.5\n").empty());
  EXPECT_TRUE(refusal("0.0,1.0\n0.5,0.25\n").empty());
  EXPECT_TRUE(refusal("0\n1\n2.5\n").empty());
  EXPECT_TRUE(refusal("0 0.5 -1.5\n").empty());  // one row, such as a bias
}

TEST(TextArray, AnEmptyColumnWithoutANameIsNone) {
  const auto arrays = parse_text_arrays("score,\n1.5,\n2.5,\n", "f");
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_THAT(arrays.at("score").as<double>(), ElementsAre(1.5, 2.5));
}

}  // namespace
}  // namespace nescio::io
