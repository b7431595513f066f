#include <gtest/gtest.h>

#include "digitry/base/file.h"
#include "digitry/model_io/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/models.h"
#include "tests/support/near.h"
#include "tests/support/temporary_folder.h"

namespace digitry {
namespace {

using test::expect_error;
using test::TemporaryFolder;

std::vector<Parameter> copy(const Network& network) {
  std::vector<Parameter> copies;
  for (const Parameter& parameter : network.parameters())
    copies.push_back({parameter.name, parameter.value.clone()});
  return copies;
}

TEST(Checkpoint, ComesBackWithEverything) {
  const TemporaryFolder folder;
  Checkpoint saved;
  saved.progress = {{"step", "17"}, {"recipe", "a = \"b\"\n"}, {"history", "epoch,loss\n1,0.5\n"}};
  saved.groups["parameters"] = copy(test::small_model().members.front().network);
  saved.groups["optimizer.first_moment"] =
      copy(test::random_network({4}, 3, {test::dense(3)}, /*seed=*/5));
  save_checkpoint(saved, folder / "c");
  const Checkpoint read = load_checkpoint(folder / "c");
  EXPECT_EQ(read.progress, saved.progress);
  ASSERT_EQ(read.groups.size(), 2u);
  for (const auto& [name, parameters] : saved.groups) {
    const auto& again = read.groups.at(name);
    ASSERT_EQ(again.size(), parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      EXPECT_EQ(again[i].name, parameters[i].name);
      EXPECT_EQ(again[i].value.shape(), parameters[i].value.shape());
      EXPECT_TRUE(test::same_bits(again[i].value.as<float>(), parameters[i].value.as<float>()));
    }
  }
}

TEST(Checkpoint, IsNoModelAndAModelIsNoCheckpoint) {
  const TemporaryFolder folder;
  save_model(test::small_model(), folder / "model");
  expect_error(ErrorCode::kBadData, {"model", "'digitry.checkpoint'"},
               [&] { load_checkpoint(folder / "model"); });
  save_checkpoint({}, folder / "checkpoint");
  expect_error(ErrorCode::kBadData, {"checkpoint", "'digitry.format'"},
               [&] { load_model(folder / "checkpoint"); });
}

TEST(Checkpoint, RefusesOtherVersionsAndNames) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "new", to_safetensors({{"digitry.checkpoint", "2"}}, {}));
  expect_error(ErrorCode::kBadData, {"checkpoint format: found 2, expected 1"},
               [&] { load_checkpoint(folder / "new"); });
  const Tensor tensor({1}, DType::kF32);
  write_file_atomically(folder / "odd",
                        to_safetensors({{"digitry.checkpoint", "1"}}, {{"weight", &tensor}}));
  expect_error(ErrorCode::kBadData, {"'weight'", "<group>/<parameter>"},
               [&] { load_checkpoint(folder / "odd"); });
  expect_error(ErrorCode::kBadData, {"absent"}, [&] { load_checkpoint(folder / "absent"); });
}

}  // namespace
}  // namespace digitry
