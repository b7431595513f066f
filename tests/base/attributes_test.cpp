#include "digitry/base/attributes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/errors.h"

namespace digitry {
namespace {

using test::expect_error;

const Attributes kOptions{{"whole", std::int64_t{7}},
                          {"real", 0.25},
                          {"truth", true},
                          {"word", std::string("b")},
                          {"nan", std::nan("")}};

TEST(AttributeReader, ReadsEachType) {
  AttributeReader reader(kOptions, "here");
  EXPECT_EQ(reader.integer("whole", 0, 7), 7);
  EXPECT_EQ(reader.number("real", 0.25, 1), 0.25);
  EXPECT_EQ(reader.number("whole", 0, 10), 7.0) << "an integer is accepted as a number";
  EXPECT_TRUE(reader.boolean("truth"));
  EXPECT_EQ(reader.text("word", {"a", "b"}), "b");
  EXPECT_EQ(reader.text("word", {}), "b");
  EXPECT_EQ(*reader.find_text("word"), "b");
  EXPECT_EQ(reader.find_text("whole"), nullptr);
  EXPECT_EQ(reader.find_text("absent"), nullptr);
  EXPECT_TRUE(reader.has("real"));
  EXPECT_FALSE(reader.has("absent"));
}

TEST(AttributeReader, FallsBackWhereAKeyIsMissing) {
  AttributeReader reader(kOptions, "here");
  EXPECT_EQ(reader.integer("a", 0, 1, 5), 5);
  EXPECT_EQ(reader.number("b", 0, 1, 5.5), 5.5);
  EXPECT_EQ(reader.boolean("c", true), true);
  EXPECT_EQ(reader.text("d", {}, "x"), "x");
}

TEST(AttributeReader, NamesTheKeyTheRuleAndWhatItGot) {
  AttributeReader reader(kOptions, "layers[2] (dense)");
  const auto refuse = [](const std::vector<std::string>& parts, const auto& action) {
    expect_error(ErrorCode::kBadData, parts, action);
  };
  refuse({"layers[2] (dense): 'absent' is missing"}, [&] { reader.integer("absent", 0, 1); });
  refuse({"layers[2] (dense): 'whole': expected an integer from 0 to 6, got 7"},
         [&] { reader.integer("whole", 0, 6); });
  refuse({"expected an integer of at least 8"},
         [&] { reader.integer("whole", 8, std::numeric_limits<std::int64_t>::max()); });
  refuse({"'real': expected an integer", "got 0.25"}, [&] { reader.integer("real", 0, 6); });
  refuse({"'real': expected a number from 0.5 to 1, got 0.25"},
         [&] { reader.number("real", 0.5, 1); });
  refuse({"'nan'"}, [&] { reader.number("nan", -1e300, 1e300); });
  refuse({"'word': expected a number", "\"b\""}, [&] { reader.number("word", 0, 1); });
  refuse({"'whole': expected true or false, got 7"}, [&] { reader.boolean("whole"); });
  refuse({"'word': expected one of x, y, got \"b\""}, [&] { reader.text("word", {"x", "y"}); });
  refuse({"'truth': expected a text, got true"}, [&] { reader.text("truth", {}); });
}

TEST(AttributeReader, FinishRefusesWhatNobodyAskedFor) {
  const Attributes options{{"rate", 0.5}, {"rat", 0.5}};
  AttributeReader reader(options, "here");
  reader.number("rate", 0, 1);
  expect_error(ErrorCode::kBadData, {"here: unknown key 'rat'", "expected one of: rate"},
               [&] { reader.finish(); });
  reader.number("rat", 0, 1);
  reader.finish();
}

TEST(AttributeValue, IsWrittenAsItWouldBeReadBack) {
  EXPECT_EQ(to_string(AttributeValue{std::int64_t{2}}), "2");
  EXPECT_EQ(to_string(AttributeValue{2.0}), "2.0");
  EXPECT_EQ(to_string(AttributeValue{0.1}), "0.1");
  EXPECT_EQ(to_string(AttributeValue{1e20}), "1e+20");
  EXPECT_EQ(to_string(AttributeValue{false}), "false");
  EXPECT_EQ(to_string(AttributeValue{std::string("adam")}), "\"adam\"");
}

}  // namespace
}  // namespace digitry
