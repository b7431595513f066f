// The programs of examples/, run as their users run them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/app/digitry.h"
#include "tests/support/temporary_folder.h"

namespace digitry::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string example(const std::string& name) { return DIGITRY_EXAMPLES "/" + name; }

TEST(Examples, GoFromTheDataToTheMistakes) {
  const TemporaryFolder folder;
  const CommandResult result = run_command(
      {example("mnist_digit_classification"), folder.path().string(), small_mnist().string()},
      {.environment = {{"OMP_NUM_THREADS", "1"}}});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3000 training images [1,28,28], 1000 test images"));
  EXPECT_THAT(result.out, HasSubstr("label 5, one-hot: 0 0 0 0 0 1 0 0 0 0"));
  EXPECT_THAT(result.out, HasSubstr("epoch 5: loss"));
  EXPECT_THAT(result.out, HasSubstr("test accuracy"));
  EXPECT_THAT(result.out, HasSubstr("confusion matrix"));
  for (const char* name : {"samples.png", "curves.png", "confusion.png", "mistakes.png"})
    EXPECT_GT(fs::file_size(folder.path() / name), 1000U) << name;
  EXPECT_EQ(digitry({"evaluate", folder / "mlp.safetensors", "--data", small_mnist().string()})
                .exit_status,
            0);
}

TEST(Examples, SayWhatIsWrongWithTheirFolders) {
  const std::string program = example("mnist_digit_classification");
  const CommandResult unwritable =
      run_command({program, "/no/such/folder", small_mnist().string()});
  EXPECT_EQ(unwritable.exit_status, 1);
  EXPECT_THAT(unwritable.err, HasSubstr("/no/such/folder/samples.png"));
  EXPECT_THAT(unwritable.out, Not(HasSubstr("written")));
  const CommandResult no_data = run_command({program, "/tmp", "no such data"});
  EXPECT_EQ(no_data.exit_status, 1);
  EXPECT_THAT(no_data.err, HasSubstr("no such data"));
}

TEST(Examples, ClassifyAnImage) {
  const fs::path images = small_mnist() / "t10k-images-idx3-ubyte";
  const CommandResult result = run_command({example("classify_image"), images.string()});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("7  9")) << result.out.substr(0, 100);
  EXPECT_EQ(run_command({example("classify_image")}).exit_status, 2);
  const CommandResult missing = run_command({example("classify_image"), "no such file"});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("no such file"));
}

}  // namespace
}  // namespace digitry::test
