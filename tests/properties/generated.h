#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "digitry/base/attributes.h"
#include "digitry/base/random.h"
#include "digitry/model_io/model.h"
#include "digitry/nn/network.h"
#include "digitry/training/recipe.h"

// Values drawn at random, for tests of rules that hold for all of them. The same seed draws the
// same value on every machine; a failure reports the seed and the value:
//
//   for (const std::uint64_t seed : seeds(100)) {
//     Draw draw(seed);
//     const Recipe recipe = generated_recipe(draw);
//     SCOPED_TRACE(described(seed, to_toml(recipe)));

namespace digitry::test {

/// 1 to `count`.
std::vector<std::uint64_t> seeds(std::uint64_t count);

/// "seed 17: " and the drawn value.
std::string described(std::uint64_t seed, const std::string& value);

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed, RandomPurpose::kTest) {}

  /// Uniform in [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high);
  bool chance(double probability) { return random_.next_float() < probability; }
  /// In [low, high]: with probability 1/4 one of the bounds, else uniform.
  double number(double low, double high);
  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[integer(0, static_cast<std::int64_t>(values.size()) - 1)];
  }
  /// Any bytes.
  std::string bytes(std::int64_t most);
  /// Valid UTF-8, with what codecs have to escape: quotes, backslashes, control characters.
  std::string text(std::int64_t most);
  std::uint64_t seed() { return static_cast<std::uint64_t>(integer(0, 1 << 30)); }

 private:
  RandomStream random_;
};

enum class LayerChoice {
  kAll,
  /// Excludes layers that combine the images of a batch or are random (batch normalisation,
  /// dropout), and layers with a discontinuous gradient, where rounding matters (ReLU, maxima).
  kSmoothPerImage,
};

struct Architecture {
  Shape image;
  std::int64_t num_classes = 1;
  std::vector<Attributes> layers;
};

/// At most eight layers that fit together, with a head; small enough to plan thousands of times.
Architecture generated_architecture(Draw& draw, LayerChoice choice = LayerChoice::kAll);
/// The same for given images and classes.
std::vector<Attributes> generated_layers(Draw& draw, const Shape& image, std::int64_t num_classes,
                                         LayerChoice choice = LayerChoice::kAll);

/// One line per layer.
std::string to_text(const Architecture& architecture);

/// With every setting that a recipe file can have.
Recipe generated_recipe(Draw& draw);

/// One to three networks, some with prototypes, test-time augmentation, and texts of any kind.
Model generated_model(Draw& draw);

}  // namespace digitry::test
