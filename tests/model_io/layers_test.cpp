#include <gtest/gtest.h>

#include <algorithm>

#include "digitry/model_io/model.h"
#include "digitry/model_io/safetensors.h"
#include "tests/support/near.h"
#include "tests/support/networks.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/values.h"

// A network with every layer, trained for a while and saved: options, weights and running
// statistics are read back exactly.

namespace digitry {
namespace {

Network every_layer() {
  using test::layer;
  Attributes leaky = layer("leaky_relu");
  leaky["negative_slope"] = 0.2;
  Attributes without_bias = test::dense(12);
  without_bias["bias"] = false;
  Network network({1, 10, 10}, 3,
                  {test::crop2d(1),
                   test::conv2d({.out_channels = 8, .padding = 1, .bias = false}),
                   test::batch_norm(),
                   test::relu(),
                   test::conv2d({.out_channels = 8, .padding = 1, .groups = 4}),
                   layer("silu"),
                   test::add(2),
                   test::max_pool2d(),
                   test::spatial_dropout(0.2),
                   test::conv2d({.out_channels = 6}),
                   layer("gelu"),
                   test::avg_pool2d({.kernel_size = 2, .stride = 1}),
                   leaky,
                   test::dropout(0.1),
                   layer("global_avg_pool2d"),
                   test::flatten(),
                   without_bias,
                   test::batch_norm({.momentum = 0.3, .epsilon = 1e-3}),
                   layer("tanh"),
                   test::dense(3)});
  network.initialize(5);
  return network;
}

// The arena after a few steps, with updated running statistics.
std::vector<Parameter> used(const Network& network) {
  ParameterArena arena(/*with_gradients=*/true);
  Plan plan(network, 6, PlanMode::kTraining, arena);
  arena.load(network.parameters());
  for (std::uint32_t step = 0; step < 3; ++step) {
    std::ranges::copy(test::random_values(std::ssize(plan.input()), step), plan.input().begin());
    plan.forward({.seed = 1, .step = step});
  }
  return arena.store(arena.values());
}

void expect_same(std::span<const Parameter> got, std::span<const Parameter> want) {
  ASSERT_EQ(got.size(), want.size());
  for (const Parameter& parameter : want) {
    const auto found = std::ranges::find(got, parameter.name, &Parameter::name);
    ASSERT_NE(found, got.end()) << parameter.name;
    EXPECT_EQ(found->value.shape(), parameter.value.shape()) << parameter.name;
    EXPECT_TRUE(test::same_bits(found->value.as<float>(), parameter.value.as<float>()))
        << parameter.name;
  }
}

TEST(ModelOfEveryLayer, ComesBackAndComputesTheSameBits) {
  Model model{.members = one_member(every_layer()),
              .preprocessing = {},
              .tta = {},
              .class_names = {"a", "b", "c"},
              .provenance = {}};
  Network& network = model.members.front().network;
  const auto before = used(network);
  network.set_parameters(used(network));
  const test::TemporaryFolder folder;
  save_model(model, folder / "model");
  const Model read = load_model(folder / "model");
  const Network& again = read.members.front().network;
  EXPECT_EQ(again.layer_attributes(), network.layer_attributes());
  expect_same(again.parameters(), before);
  EXPECT_TRUE(
      test::same_bits(test::logits_of(read).as<float>(), test::logits_of(model).as<float>()));

  const auto mean = std::ranges::find(before, "2.running_mean", &Parameter::name);
  ASSERT_NE(mean, before.end());
  EXPECT_TRUE(std::ranges::any_of(mean->value.as<float>(), [](float value) { return value != 0; }));
}

TEST(CheckpointOfEveryLayer, ComesBackAndGoesOnWithTheSameBits) {
  Network network = every_layer();
  const test::TemporaryFolder folder;
  Checkpoint saved;
  saved.groups["parameters"] = used(network);
  save_checkpoint(saved, folder / "checkpoint");
  Checkpoint read = load_checkpoint(folder / "checkpoint");
  expect_same(read.groups.at("parameters"), saved.groups.at("parameters"));

  Network again = every_layer();
  again.set_parameters(std::move(read.groups.at("parameters")));
  network.set_parameters(std::move(saved.groups.at("parameters")));
  expect_same(used(again), used(network));
}

}  // namespace
}  // namespace digitry
