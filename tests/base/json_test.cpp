#include "digitry/base/json.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace digitry {
namespace {

using test::expect_error;

TEST(Json, OptionsSurviveTheWayThere) {
  const Attributes options{{"whole", std::int64_t{-3}},
                           {"real", 0.1},
                           {"round", 2.0},
                           {"truth", false},
                           {"word", std::string("a\"b")}};
  const std::string text = dump(attributes_to_json(options));
  EXPECT_EQ(text, R"({"real":0.1,"round":2.0,"truth":false,"whole":-3,"word":"a\"b"})");
  EXPECT_EQ(attributes_from_json(parse_json_object(text, "here"), "here"), options);
}

TEST(Json, RefusesWhatOptionsCannotBe) {
  for (const char* text : {R"({"a":[]})", R"({"a":{}})", R"({"a":null})"})
    expect_error(ErrorCode::kBadData, {"here", "'a'", "expected a number"},
                 [&] { attributes_from_json(parse_json_object(text, "here"), "here"); });
  expect_error(ErrorCode::kBadData, {"here: expected an object"},
               [] { attributes_from_json(nlohmann::ordered_json::array(), "here"); });
}

TEST(Json, RefusesWhatIsNotAnObject) {
  for (const char* text : {"", "[]", "1", "\"a\"", "null", "{", "{}x", "{'a':1}", "{\"a\":1e999}"})
    expect_error(ErrorCode::kBadData, {"here: "}, [&] { parse_json_object(text, "here"); });
}

TEST(Json, KeepsTheOrderOfTheText) {
  EXPECT_EQ(dump(parse_json_object(R"({ "z": 1, "a": [1, 2] })", "here")), R"({"z":1,"a":[1,2]})");
}

}  // namespace
}  // namespace digitry
