#include "apps/digitry/commands/serve_models.h"

#include <gmock/gmock.h>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/temporary_folder.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using ::testing::ElementsAre;

class FindModels : public testing::Test {
 protected:
  void make_file(const std::string& name) const {
    make_folder((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, "");
  }
  // "NAME=FILE", the file from the test's folder on.
  std::vector<std::string> found(std::vector<std::string> arguments) const {
    for (std::string& argument : arguments) {
      const std::size_t equals = argument.find('=') + 1;
      argument.insert(equals, folder_.path().string() + "/");
    }
    std::vector<std::string> names;
    for (const serving::ModelSource& source : find_models(arguments))
      names.push_back(source.name + "=" + fs::relative(source.path, folder_.path()).string());
    return names;
  }

  const test::TemporaryFolder folder_;
};

TEST_F(FindModels, NamesFilesAndRunsByTheirPath) {
  make_file("digits.v1.safetensors");
  make_file("runs/mlp-001/model.safetensors");
  EXPECT_THAT(
      found({"digits.v1.safetensors", "runs/mlp-001", "runs/mlp-001/"}),
      ElementsAre("digits.v1=digits.v1.safetensors", "mlp-001=runs/mlp-001/model.safetensors",
                  "mlp-001=runs/mlp-001/model.safetensors"));
}

TEST_F(FindModels, NamesThemAsTold) {
  make_file("a b/model.safetensors");
  make_file("c=d.safetensors");
  EXPECT_THAT(found({"x=a b", "y=a b/model.safetensors"}),
              ElementsAre("x=a b/model.safetensors", "y=a b/model.safetensors"));
  EXPECT_THAT(found({"z=c=d.safetensors"}), ElementsAre("z=c=d.safetensors"));
  const std::string path = folder_ / "a b";
  expect_error(ErrorCode::kInvalidArgument, {"\"a b\"", "digits=" + path},
               [&] { find_models({path}); });
}

TEST(FindShippedModels, ByTheirNames) {
  const auto found = find_models({"tiny", "digits=cnn-best"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "tiny");
  EXPECT_EQ(found[0].shipped, "tiny");
  EXPECT_EQ(found[1].name, "digits");
  EXPECT_EQ(found[1].shipped, "cnn-best");
}

TEST_F(FindModels, TakesAllThatAreInAFolder) {
  make_file("models/two.safetensors");
  make_file("models/one/model.safetensors");
  make_file("models/notes.txt");
  make_file("models/other/notes.txt");
  EXPECT_THAT(found({"models"}),
              ElementsAre("one=models/one/model.safetensors", "two=models/two.safetensors"));
  const std::string empty = folder_ / "models/other";
  expect_error(ErrorCode::kBadData, {empty}, [&] { find_models({empty}); });
}

}  // namespace
}  // namespace digitry::app
