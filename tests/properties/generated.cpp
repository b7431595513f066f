#include "tests/properties/generated.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

#include "digitry/augment/augment.h"
#include "digitry/base/error.h"
#include "digitry/base/limits.h"
#include "digitry/nn/layers.h"
#include "digitry/nn/plan/session.h"
#include "digitry/optim/optimizer.h"
#include "digitry/optim/schedule.h"
#include "tests/support/networks.h"

namespace digitry::test {
namespace {

// A value of an image between layers; a network of these is planned in milliseconds.
constexpr std::int64_t kMostValues = 1500;

Attributes drawn_activation(Draw& draw, LayerChoice choice) {
  if (choice == LayerChoice::kSmoothPerImage)
    return draw.one_of<Attributes>({Tanh{}, Gelu{}, Silu{}});
  return draw.one_of<Attributes>(
      {Relu{}, Relu{}, Relu{}, LeakyRelu{.negative_slope = 0.25F}, Tanh{}, Gelu{}, Silu{}});
}

Attributes drawn_convolution(Draw& draw, const Shape& input) {
  const std::int64_t kernel_size = draw.integer(1, 5);
  const std::int64_t groups = draw.chance(0.3) ? input[0] : 1;
  return Conv2d{.out_channels = groups * draw.integer(1, groups == 1 ? 20 : 2),
                .kernel_size = kernel_size,
                .stride = draw.integer(1, 3),
                .padding = draw.integer(0, kernel_size - 1),
                .groups = groups,
                .bias = draw.chance(0.7)};
}

Attributes drawn_pooling(Draw& draw, LayerChoice choice) {
  const std::int64_t kernel_size = draw.integer(1, 4);
  const std::int64_t stride = draw.integer(1, 4);
  const std::int64_t padding = draw.integer(0, kernel_size / 2);
  if (choice == LayerChoice::kAll && draw.chance(0.6))
    return MaxPool2d{.kernel_size = kernel_size, .stride = stride, .padding = padding};
  return AvgPool2d{.kernel_size = kernel_size, .stride = stride, .padding = padding};
}

// Any layer; many fit no input of this shape.
Attributes drawn_layer(Draw& draw, const Shape& input, LayerChoice choice) {
  const bool all = choice == LayerChoice::kAll;
  switch (draw.integer(0, 9)) {
    case 0:
    case 1:
      if (input.rank() == 3) return drawn_convolution(draw, input);
      return Dense{.out_features = draw.integer(1, 40), .bias = draw.chance(0.7)};
    case 2:
    case 3:
      return drawn_activation(draw, choice);
    case 4:
      return drawn_pooling(draw, choice);
    case 5:
      if (all) return BatchNorm{.momentum = 0.25, .epsilon = 0.001};
      return drawn_activation(draw, choice);
    case 6:
      if (all && draw.chance(0.5)) return SpatialDropout{.rate = 0.25F};
      if (all) return Dropout{.rate = 0.5F};
      return Crop2d{.border = 1};
    case 7:
      return Add{.layers_back = draw.integer(1, 4)};
    case 8:
      return Crop2d{.border = 1};
    default:
      return draw.chance(0.2) ? Attributes(Flatten{}) : Attributes(Dense{.out_features = 12});
  }
}

// Adds the layer to the network unless it does not fit or makes it large.
bool add_if_it_fits(Network& network, Shape& shape, const Attributes& options) {
  try {
    Shape output = make_layer(options, 1, "drawn")->output_shape(shape);
    if (output.num_elements() > kMostValues) return false;
    network.add(options);
    shape = std::move(output);
    return true;
  } catch (const Error&) {
    return false;
  }
}

OptimizerOptions drawn_optimizer(Draw& draw) {
  const double rate = draw.number(0, 1);
  const double decay = draw.chance(0.5) ? draw.number(0, 100) : 0;
  switch (draw.integer(0, 2)) {
    case 0: {
      Sgd sgd{.learning_rate = rate, .weight_decay = decay};
      if (draw.chance(0.5)) sgd.momentum = draw.number(0.1, 0.9);
      sgd.nesterov = draw.chance(0.5);
      return sgd;
    }
    case 1: {
      Lion lion{.learning_rate = rate, .weight_decay = decay};
      if (draw.chance(0.5)) lion.beta2 = draw.number(0, 0.999);
      return lion;
    }
    default: {
      Adam adam{.learning_rate = rate, .weight_decay = decay};
      if (draw.chance(0.5)) adam.beta2 = draw.number(0, 0.999);
      if (draw.chance(0.5)) adam.epsilon = draw.number(1e-20, 1);
      return adam;
    }
  }
}

ScheduleOptions drawn_schedule(Draw& draw) {
  Warmup warmup;
  if (draw.chance(0.3)) warmup.steps = draw.integer(0, 1000);
  if (warmup.steps == 0 && draw.chance(0.3)) warmup.epochs = draw.number(0, 10);
  switch (draw.integer(0, 4)) {
    case 0:
      return OneCycle{.warmup = draw.number(0, 0.99), .end_divisor = draw.number(1, 1e12)};
    case 1:
      return Exponential{.gamma = draw.number(1e-9, 1), .warmup = warmup};
    case 2:
      return StepDecay{.every_epochs = draw.integer(1, 100), .warmup = warmup};
    case 3:
      return Cosine{.min_factor = draw.number(0, 1), .warmup = warmup};
    default:
      return Constant{.warmup = warmup};
  }
}

TestTimeAugmentation drawn_views(Draw& draw) {
  TestTimeAugmentation views;
  if (draw.chance(0.5)) views.translation = draw.number(0, 1000);
  if (draw.chance(0.5)) views.rotation = draw.number(0, 180);
  if (draw.chance(0.5)) views.zoom = draw.number(0, 0.9);
  views.flip = draw.chance(0.5);
  return views;
}

float drawn_temperature(Draw& draw) { return static_cast<float>(draw.number(0.01, 1000)); }

Tensor drawn_tensor(Draw& draw, const Shape& shape) {
  Tensor tensor(shape, DType::kF32);
  for (float& value : tensor.as<float>()) value = static_cast<float>(draw.number(-2, 2));
  return tensor;
}

}  // namespace

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), 1);
  return all;
}

std::string described(std::uint64_t seed, const std::string& value) {
  return fmt::format("seed {}: {}", seed, value);
}

std::int64_t Draw::integer(std::int64_t low, std::int64_t high) {
  return low + random_.next_below(static_cast<std::uint32_t>(high - low + 1));
}

double Draw::number(double low, double high) {
  if (chance(0.25)) return chance(0.5) ? low : high;
  // More digits than a float has.
  const double fraction = (random_.next_float() + random_.next_float() * 0x1p-24) / (1 + 0x1p-24);
  return std::clamp(low + (high - low) * fraction, low, high);
}

std::string Draw::bytes(std::int64_t most) {
  std::string drawn(static_cast<std::size_t>(integer(0, most)), '\0');
  for (char& byte : drawn) byte = static_cast<char>(integer(0, 255));
  return drawn;
}

std::string Draw::text(std::int64_t most) {
  std::string drawn;
  for (std::int64_t left = integer(0, most); left > 0; --left) {
    if (chance(0.6))
      drawn += static_cast<char>(integer(0x20, 0x7E));
    else
      drawn += one_of<std::string>({"\"", "\\", "'", "\n", "\t", "\r", "\x01", "\x1F", "\x7F", "#",
                                    "\"\"\"", "\\u0041", "\xC3\xA4", "\xE2\x80\xA8",
                                    "\xF0\x9F\x98\x80", "=", "[x]"});
  }
  return drawn;
}

std::vector<Attributes> generated_layers(Draw& draw, const Shape& image, std::int64_t num_classes,
                                         LayerChoice choice) {
  Network network(image);
  Shape shape = image;
  const std::int64_t wanted = draw.integer(0, 8);
  for (int tries = 0; tries < 60 && std::ssize(network.layers()) < wanted; ++tries)
    add_if_it_fits(network, shape, drawn_layer(draw, shape, choice));
  if (shape.rank() == 3) {
    const bool mean = draw.chance(0.4);
    add_if_it_fits(network, shape, mean ? Attributes(GlobalAvgPool2d{}) : Attributes(Flatten{}));
  }
  network.add(Dense{.out_features = num_classes});
  return network.layer_attributes();
}

Architecture generated_architecture(Draw& draw, LayerChoice choice) {
  Architecture drawn{.image = {draw.integer(1, 3), draw.integer(3, 12), draw.integer(3, 12)},
                     .num_classes = draw.integer(2, 12),
                     .layers = {}};
  drawn.layers = generated_layers(draw, drawn.image, drawn.num_classes, choice);
  return drawn;
}

std::string to_text(const Architecture& architecture) {
  std::string text = fmt::format("images {}, {} classes\n", architecture.image.to_string(),
                                 architecture.num_classes);
  for (const Attributes& layer : architecture.layers) {
    for (const auto& [key, value] : layer) text += fmt::format(" {} = {}", key, to_string(value));
    text += '\n';
  }
  return text;
}

Recipe generated_recipe(Draw& draw) {
  Recipe recipe;
  recipe.name = "r" + draw.text(8);
  std::erase_if(recipe.name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 32; });
  recipe.description = draw.text(40);
  const std::int64_t num_classes = draw.integer(2, 12);
  recipe.layers = generated_layers(draw, {1, 12, 12}, num_classes);
  if (draw.chance(0.5)) recipe.layers.back()["out_features"] = std::string("classes");
  recipe.epochs = draw.integer(1, kMaxEpochs);
  recipe.batch_size = draw.integer(1, kMaxBatchSize);
  recipe.validation = draw.number(0, 0.9);
  recipe.patience = draw.integer(0, 100);
  recipe.seed = draw.seed();
  if (draw.chance(0.5)) recipe.split_seed = draw.seed();
  recipe.members = draw.integer(1, 1000);
  recipe.precision = draw.one_of<std::string>({"auto", "f32", "bf16"});
  recipe.data = draw.text(20);
  recipe.ema_decay = draw.number(0, 0.999999);
  recipe.label_smoothing = draw.number(0, 0.999);
  recipe.gradient_clip = draw.number(0, 1e9);
  recipe.optimizer = drawn_optimizer(draw);
  recipe.schedule = drawn_schedule(draw);
  for (const AugmentRule& rule : augment_rules())
    if (draw.chance(0.3)) recipe.augmentation.*rule.member = draw.number(rule.low, rule.high);
  if (draw.chance(0.5)) recipe.tta = drawn_views(draw);
  return recipe;
}

Model generated_model(Draw& draw) {
  const Architecture first = generated_architecture(draw);
  Model model;
  const std::int64_t num_members = draw.integer(1, 3);
  if (draw.chance(0.5)) model.tta = drawn_views(draw);
  for (std::int64_t i = 0; i < num_members; ++i) {
    Network network =
        random_network(first.image, first.num_classes,
                       generated_layers(draw, first.image, first.num_classes), draw.seed());
    Member member{.network = std::move(network)};
    // A single network has the temperature of the model.
    if (num_members > 1 || model.tta != TestTimeAugmentation())
      member.temperature = drawn_temperature(draw);
    if (draw.chance(0.5))
      member.prototypes = drawn_tensor(draw, {draw.integer(1, 5), num_features(member.network)});
    model.members.push_back(std::move(member));
  }
  model.preprocessing = {.pixel_scale = static_cast<float>(draw.number(-1, 1)),
                         .pixel_offset = static_cast<float>(draw.number(-1, 1))};
  for (std::int64_t i = 0; i < first.num_classes; ++i)
    model.class_names.push_back(draw.text(6) + std::to_string(i));
  for (std::int64_t i = draw.integer(0, 5); i > 0; --i)
    model.provenance[draw.text(10)] = draw.text(40);
  model.temperature = drawn_temperature(draw);
  model.rejection_threshold = static_cast<float>(draw.number(0, 1));
  return model;
}

}  // namespace digitry::test
