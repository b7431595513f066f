#include "digitry/data/csv.h"

#include <fmt/format.h>

#include "tests/data/test_files.h"

namespace digitry {
namespace {

using namespace digitry::test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

CsvImages csv(const std::string& text) { return read_csv(*make_memory_stream(text, "t.csv")); }
std::vector<std::int32_t> csv_labels(const std::string& text) {
  return read_csv_labels(*make_memory_stream(text, "t.csv"));
}

TEST(Csv, ReadsKaggleTrainingFile) {
  const std::string text = "label,pixel0,pixel1,pixel2,pixel3\n7,0,1,2,255\n0,9,8,7,6\n";
  const CsvImages content = csv(text);
  EXPECT_EQ(content.images.shape(), (Shape{2, 1, 2, 2}));
  EXPECT_THAT(values(content.images), ElementsAre(0, 1, 2, 255, 9, 8, 7, 6));
  EXPECT_THAT(content.labels, ElementsAre(7, 0));
  EXPECT_EQ(csv_labels(text), content.labels);
}

TEST(Csv, ReadsKaggleTestFile) {
  const CsvImages content = csv("pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n");
  EXPECT_THAT(values(content.images), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(content.labels, IsEmpty());
  EXPECT_THAT(csv_labels("pixel0\n1\n"), IsEmpty());
}

TEST(Csv, ReadsRowsWithoutHeading) {
  EXPECT_THAT(csv("3,1,2,3,4").labels, ElementsAre(3));
  EXPECT_THAT(csv("1,2,3,4\n5,6,7,8").labels, IsEmpty());
}

TEST(Csv, TakesRowsWithoutAnId) {
  const std::string text = ",label,1x1\n,3,0\n,4,10\n";
  EXPECT_THAT(csv(text).labels, ElementsAre(3, 4));
  EXPECT_THAT(csv_labels(text), ElementsAre(3, 4));
}

TEST(Csv, LabelsAloneWantWholeRowsToo) {
  for (const std::string row : {"999", "9,9", "1,2,3,4"})
    expect_error(ErrorCode::kBadData, {"line 2: expected 3 columns"},
                 [&] { csv_labels("id,label,pixel0\n" + row + "\n"); });
}

TEST(Csv, TakesLineEndsMarksQuotesAndBlankLinesAsTheyCome) {
  const CsvImages content = csv("\xef\xbb\xbf\"label\",\"pixel0\"\r\n4,5\r\n\r\n6,7\r\n\r\n");
  EXPECT_THAT(content.labels, ElementsAre(4, 6));
  EXPECT_THAT(values(content.images), ElementsAre(5, 7));
}

TEST(Csv, TakesIdAndLabelLast) {
  const std::string with_id = "id,label,p0,p1,p2,p3\nx7,3,1,2,3,4\n";
  EXPECT_THAT(csv(with_id).labels, ElementsAre(3));
  EXPECT_THAT(csv_labels(with_id), ElementsAre(3));
  EXPECT_THAT(values(csv(with_id).images), ElementsAre(1, 2, 3, 4));
  const std::string last = "pixel1,pixel2,pixel3,pixel4,class\n1,2,3,4,9\n";
  EXPECT_THAT(csv(last).labels, ElementsAre(9));
  EXPECT_THAT(csv_labels(last), ElementsAre(9));
}

TEST(Csv, TakesSizesFromNames) {
  const CsvImages content = csv("label,1x1,1x2,1x3,2x1,2x2,2x3\n1,1,2,3,4,5,6\n");
  EXPECT_EQ(content.images.shape(), (Shape{1, 1, 2, 3}));
}

TEST(Csv, TakesSizesFromNamesWhereverTheLabelIs) {
  const CsvImages last = csv("1x1,1x2,1x3,2x1,2x2,2x3,label\n1,2,3,4,5,6,9\n");
  EXPECT_EQ(last.images.shape(), (Shape{1, 1, 2, 3}));
  EXPECT_THAT(last.labels, ElementsAre(9));
  const CsvImages none = csv("1x1,1x2,1x3,2x1,2x2,2x3\n1,2,3,4,5,6\n");
  EXPECT_EQ(none.images.shape(), (Shape{1, 1, 2, 3}));
  EXPECT_THAT(none.labels, IsEmpty());
}

TEST(Csv, TakesAnIndexWithoutAName) {
  const CsvImages content = csv(",label,p0\n0,7,5\n1,8,6\n");
  EXPECT_THAT(content.labels, ElementsAre(7, 8));
  EXPECT_THAT(values(content.images), ElementsAre(5, 6));
}

TEST(Csv, ARowThatBeginsWithNoNameIsNoHeading) {
  for (const char* first : {"-1", "+1", "'1'", "- 1", "1e9", "?"})
    expect_error(ErrorCode::kBadData, {"line 1, column 1", first},
                 [&] { csv(std::string(first) + ",2,3,4\n5,6,7,8\n"); });
  expect_error(ErrorCode::kBadData, {"line 1", "an empty one"}, [] { csv(",2,3,4\n5,6,7,8\n"); });
}

TEST(Csv, SaysLineAndColumn) {
  const auto bad = ErrorCode::kBadData;
  const std::string heading = "label,p0,p1,p2,p3\n";
  expect_error(bad, {"t.csv: line 3, column 4", "[0, 255]", "\"256\""},
               [&] { csv(heading + "1,0,0,0,0\n1,0,0,256,0\n"); });
  for (const char* value : {"", "-1", "x", "99999999999999999999", "0x1", "nan", "inf"})
    expect_error(bad, {"line 2, column 3", fmt::format("\"{}\"", value)},
                 [&] { csv(fmt::format("{}1,0,{},0,0000\n", heading, value)); });
  expect_error(bad, {"line 2, column 1", "[0, 999]", "\"1000\""},
               [&] { csv(heading + "1000,0,0,0,0\n"); });
  expect_error(bad, {"line 2, column 1", "\"-3\""}, [&] { csv_labels(heading + "-3,0,0,0,0\n"); });
  expect_error(bad, {"line 2: expected 5 columns, found 4"}, [&] { csv(heading + "100,0,0,0\n"); });
  expect_error(bad, {"line 2: expected 5 columns, found more"},
               [&] { csv(heading + "1,0,0,0,0,0\n"); });
  expect_error(bad, {"line 2: expected 5 columns, found 1"}, [&] { csv(heading + "1\n"); });
}

TEST(Csv, TakesOtherSeparatorsQuotesAndSpaces) {
  for (const std::string text :
       {"1;1;2;3;4\n0;5;6;7;8\n", "1\t1\t2\t3\t4\n0\t5\t6\t7\t8\n", "1 1 2 3 4\n0  5 6 7 8 \n",
        "1, 1, 2, 3 ,4\n0 ,5, 6,7,8\n", "\"1\",\"1\",\"2\",\"3\",\"4\"\n\"0\",5,\"6\" ,7,8\n",
        "1,1.0,2.0,3.0,4.0\n0,5.0,6,7,8\n"}) {
    const CsvImages content = csv(text);
    EXPECT_THAT(content.labels, ElementsAre(1, 0)) << text;
    EXPECT_THAT(values(content.images), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8)) << text;
    EXPECT_EQ(csv_labels(text), content.labels) << text;
  }
}

TEST(Csv, ScalesFractions) {
  EXPECT_THAT(values(csv("0.0,0.5,1.0,0.25\n").images), ElementsAre(0, 128, 255, 64));
  EXPECT_THAT(values(csv("0.0,1.0,1.0,0.0\n").images), ElementsAre(0, 255, 255, 0));
  EXPECT_THAT(values(csv("0.4,1.6,254.5,1\n").images), ElementsAre(0, 2, 255, 1));
  EXPECT_THAT(values(csv("0,1,1,0\n").images), ElementsAre(0, 1, 1, 0));
}

TEST(Csv, PutsPixelsWhereTheirNamesSay) {
  EXPECT_THAT(values(csv("label,pixel2,pixel0,pixel3,pixel1\n7,2,0,3,1\n").images),
              ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(values(csv("2x1,1x2,1x1,2x2,class\n3,2,1,4,9\n").images), ElementsAre(1, 2, 3, 4));
}

// The label is where values vary as labels do; the corners of images are often empty.
TEST(Csv, FindsTheLabelWithoutAHeading) {
  const auto last_is_label = [](const std::string& text) {
    const CsvImages content = csv(text);
    EXPECT_EQ(csv_labels(text), content.labels);
    return content.labels[0] == 9;
  };
  EXPECT_TRUE(last_is_label("0,1,2,3,9\n0,1,2,3,1\n"));                // The first is constant.
  EXPECT_FALSE(last_is_label("8,1,2,3,0\n9,1,2,3,0\n"));               // The last is.
  EXPECT_TRUE(last_is_label("0.5,1,2,3,9\n0.7,1,2,3,1\n"));            // The first is no label.
  EXPECT_FALSE(last_is_label("0,1,2,3,9\n1,1,2,3,200\n2,1,1,1,7\n"));  // 0, 1, 2 are classes.
  expect_error(ErrorCode::kBadData,
               {"t.csv", "first column (2 values from 0 to 1)", "last (2 values from 0 to 1)",
                "label,pixel0"},
               [] { csv("0,1,2,3,1\n1,1,2,3,0\n"); });
}

// The columns that pandas numbers: a heading without a name for the label, or with one.
TEST(Csv, TakesNumbersAsAHeading) {
  const auto row = [](int first, const std::string& last) {
    std::string text = std::to_string(first);
    for (int i = 1; i < 324; ++i) text += "," + std::to_string(i % 200);
    return text + "," + last + "\n";
  };
  std::string numbers = "0";
  for (int i = 1; i < 324; ++i) numbers += "," + std::to_string(i);
  const std::string rows = row(8, "1") + row(8, "0") + row(8, "2");
  for (const std::string& heading : {numbers + ",324\n", numbers + ",class\n"}) {
    const CsvImages content = csv(heading + rows);
    EXPECT_EQ(content.images.shape(), (Shape{3, 1, 18, 18}));
    EXPECT_THAT(content.labels, ElementsAre(1, 0, 2));
    EXPECT_EQ(csv_labels(heading + rows), content.labels);
    EXPECT_EQ(values(content.images)[0], 8);
  }
  EXPECT_THAT(csv("Unnamed: 0,label,pixel0\n0,3,9\n").labels, ElementsAre(3));
}

TEST(Csv, FindsFilesByTheWordsInTheirNames) {
  const TemporaryFolder root;
  write_file(root / "mnist_train.csv", "");
  write_file(root / "MNIST-Test.csv.gz", "");
  write_file(root / "sample_submission.csv", "");
  EXPECT_EQ(find_csv_file(root.path(), Split::kTrain), root / "mnist_train.csv");
  EXPECT_EQ(find_csv_file(root.path(), Split::kTest), root / "MNIST-Test.csv.gz");
  EXPECT_FALSE(find_csv_file(root.path(), Split::kValidation));
  write_file(root / "train2-data.csv", "");
  write_file(root / "other_train.csv", "");
  expect_error(ErrorCode::kBadData, {"mnist_train.csv", "other_train.csv"},
               [&] { find_csv_file(root.path(), Split::kTrain); });
  write_file(root / "train.csv", "");
  EXPECT_EQ(find_csv_file(root.path(), Split::kTrain), root / "train.csv");
}

TEST(Csv, RefusesHeadingsItDoesNotUnderstand) {
  const auto bad = ErrorCode::kBadData;
  expect_error(bad, {"empty file"}, [] { csv(""); });
  expect_error(bad, {"empty file"}, [] { csv("\n\n"); });
  expect_error(bad, {"at least one row"}, [] { csv("label,pixel0\n"); });
  expect_error(bad, {"found 3 columns"}, [] { csv("1,2,3\n"); });
  expect_error(bad, {"square number of pixel columns", "found 3"},
               [] { csv("label,a,b,c\n1,1,1,1\n"); });
  expect_error(bad, {"a label column named label or class, found 5"},
               [] { csv("goal,a,b,c,d\n1,1,1,1,1\n"); });
  expect_error(bad, {"column 3", "one label column"}, [] { csv("a,b,label,c,d\n1,1,1,1,1\n"); });
  expect_error(bad, {"column 5", "one label column"},
               [] { csv("label,b,c,d,label\n1,1,1,1,1\n"); });
}

// A heading with many columns over many short rows must not allocate columns × rows bytes.
TEST(Csv, AllocatesInProportionToTheFile) {
  const std::string text = std::string(999'999, ',') + "\n" + [] {
    std::string rows;
    for (int i = 0; i < 1'000'000; ++i) rows += "1\n";
    return rows;
  }();
  expect_error(ErrorCode::kBadData, {"line 2", "found 1"}, [&] { csv("a" + text); });
}

TEST(Csv, TellsTextFromBinary) {
  EXPECT_TRUE(looks_like_csv("label,pixel0\r\n"));
  EXPECT_FALSE(looks_like_csv(std::string_view("PK\3\4", 4)));
  EXPECT_FALSE(looks_like_csv(""));
}

}  // namespace
}  // namespace digitry
