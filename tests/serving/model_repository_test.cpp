#include "digitry/serving/inference/model_repository.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/log.h"
#include "tests/serving/served.h"
#include "tests/support/errors.h"

namespace digitry::serving::test {
namespace {

namespace fs = std::filesystem;
using digitry::test::expect_error;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ModelRepositoryTest : public testing::Test {
 protected:
  void SetUp() override {
    set_log_sink([this](LogLevel level, std::string_view message) {
      log_.push_back((level == LogLevel::kWarning ? "warning: " : "") + std::string(message));
    });
  }
  void TearDown() override { set_log_sink({}); }

  // What a server does every second.
  void look_twice() {
    served_.models().reload_changed();
    served_.models().reload_changed();
  }
  std::shared_ptr<const ServedModel> current() { return served_.models().find("small")->current(); }
  Model renamed_model() const {
    Model model = digitry::test::small_model();
    model.class_names = {"a", "b", "c"};
    return model;
  }

  Served served_;
  std::vector<std::string> log_;
};

TEST_F(ModelRepositoryTest, NamesCanStandInAPath) {
  for (const char* name : {"a", "mlp-001", "v1.2_x", "-"}) EXPECT_TRUE(is_model_name(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string("..a"), std::string("a/b"), std::string("a b"),
        std::string("ä"), std::string(65, 'a'), std::string("a\0b", 3)})
    EXPECT_FALSE(is_model_name(name)) << name;
}

TEST_F(ModelRepositoryTest, RefusesNamesThatAreNoneOrTwice) {
  const auto load = [&](const std::vector<std::pair<std::string, fs::path>>& named) {
    std::vector<ModelSource> sources;
    for (const auto& [name, path] : named)
      sources.push_back({.name = name, .path = path, .shipped = {}});
    ModelRepository(sources, {}, served_.metrics());
  };
  const fs::path file = served_.file();
  expect_error(ErrorCode::kInvalidArgument, {"a/b"}, [&] { load({{"a/b", file}}); });
  expect_error(ErrorCode::kInvalidArgument, {"duplicate model name \"a\""}, [&] {
    load({{"a", file}, {"b", file}, {"a", file}});
  });
  expect_error(ErrorCode::kBadData, {"missing.safetensors"}, [&] {
    load({{"a", "missing.safetensors"}});
  });
  EXPECT_EQ(served_.models().find("smal"), nullptr);
}

TEST_F(ModelRepositoryTest, TakesUpAFileThatChangedOnceItHasSettled) {
  const auto before = current();
  look_twice();
  EXPECT_EQ(current(), before);
  save_model(renamed_model(), served_.file());
  served_.models().reload_changed();
  EXPECT_EQ(current(), before) << "it may still be written to";
  served_.models().reload_changed();
  EXPECT_THAT(current()->model().class_names, ElementsAre("a", "b", "c"));
  EXPECT_THAT(log_, ElementsAre(HasSubstr("model small: reloaded")));
  EXPECT_THAT(before->model().class_names, ElementsAre("zero", "one \"1\"", "zwei \xC3\xA4"))
      << "requests under way keep theirs";
}

TEST_F(ModelRepositoryTest, ABrokenFileIsToldOnceAndTheOldModelGoesOn) {
  const auto before = current();
  write_file_atomically(served_.file(), "rubbish");
  look_twice();
  look_twice();
  EXPECT_EQ(current(), before);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_THAT(log_[0], HasSubstr("warning: model small: reload failed"));
  EXPECT_THAT(log_[0], HasSubstr(served_.file().string()));
  EXPECT_EQ(served_.infer(request_for(small_images(1))).status, 200);
  EXPECT_THAT(served_.metrics().text(),
              HasSubstr("digitry_model_reloads_total{model=\"small\",result=\"failed\"} 1"));

  save_model(renamed_model(), served_.file());
  look_twice();
  EXPECT_THAT(current()->model().class_names, ElementsAre("a", "b", "c"));
}

TEST_F(ModelRepositoryTest, AFileThatIsGoneLeavesTheModel) {
  const auto before = current();
  fs::remove(served_.file());
  look_twice();
  EXPECT_EQ(current(), before);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("warning: model small")));
  save_model(renamed_model(), served_.file());
  look_twice();
  EXPECT_NE(current(), before);
}

TEST_F(ModelRepositoryTest, AModelOfAnotherShapeIsTakenUpToo) {
  Model wider{.members = one_member(digitry::test::random_network(
                  {1, 5, 5}, 2, {digitry::test::flatten(), digitry::test::dense(2)})),
              .preprocessing = {},
              .tta = {},
              .class_names = {"x", "y"},
              .provenance = {},
              .temperature = 1};
  save_model(wider, served_.file());
  look_twice();
  const Response metadata = served_.get("/v2/models/small");
  EXPECT_EQ(json::parse(metadata.body)["inputs"][0]["shape"], json({-1, 1, 5, 5}));
  EXPECT_THAT(error_of(served_.infer(request_for(small_images(1)))), HasSubstr("[N,25]"));
}

}  // namespace
}  // namespace digitry::serving::test
