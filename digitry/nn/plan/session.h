#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "digitry/nn/network.h"
#include "digitry/nn/parameter.h"
#include "digitry/nn/plan/plan.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

/// How pixels become network input: input = pixel · scale + offset, with pixels in 0..255.
struct Preprocessing {
  float pixel_scale = 1.0F / 255.0F;
  float pixel_offset = 0.0F;
  bool operator==(const Preprocessing&) const = default;
};

/// Runs a network over images.
class Predictor {
 public:
  /// Takes a copy of the parameters. At most `batch_size` images are computed at a time, or fewer
  /// if the layers' values would take much memory. Throws what Plan's constructor throws.
  Predictor(const Network& network, Preprocessing preprocessing, std::int64_t batch_size = 500,
            Precision precision = Precision::kFloat32);
  /// Not movable: the plan holds pointers into the arena.
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  /// Copies the current parameters of the network.
  void update(const Network& network) { arena_.load(network.parameters()); }

  /// Logits, float32 [N, num_classes], of images uint8 or float32 [N, C, H, W]; pixels are 0 to 255
  /// in both.
  /// Throws Error{kShapeMismatch} if the images are not of the network's input shape.
  Tensor logits(const Tensor& images);

  /// The same for the images with these indices, in this order.
  Tensor logits(const Tensor& images, std::span<const std::int32_t> image_indices);

 private:
  Shape input_shape_;
  std::int64_t num_classes_;
  Preprocessing preprocessing_;
  ParameterArena arena_{/*with_gradients=*/false};
  Plan plan_;
};

/// Writes images[image_indices[i]], uint8 or float32, as network input to row i of `to`.
/// Expects indices in range, and room for all rows in `to`.
void gather_batch(const Tensor& images, std::span<const std::int32_t> image_indices,
                  const Preprocessing& preprocessing, std::span<float> to);

/// The layers of `network` before its last layer with weights, as a separate network with copies of
/// their parameters. Its output, flattened to [F], is the input of that last layer. Empty if none
/// of these layers has parameters: the image itself is then the input.
std::optional<Network> feature_network(const Network& network);

/// Number of values per image that the last layer with weights reads.
std::int64_t num_features(const Network& network);

/// Computes the features of images: the input of a network's last layer with weights. Images that
/// look alike to the network have features that are near each other.
class FeatureExtractor {
 public:
  /// Takes a copy of the parameters. At most `batch_size` images are computed at a time. Throws
  /// what Predictor's constructor throws.
  FeatureExtractor(const Network& network, Preprocessing preprocessing,
                   std::int64_t batch_size = 500);

  std::int64_t num_features() const { return num_features_; }
  /// For one image.
  std::int64_t multiply_adds() const { return multiply_adds_; }

  /// Features, float32 [N, num_features], of the images with these indices; `images` is uint8 or
  /// float32 [·, C, H, W].
  /// Throws Error{kShapeMismatch} if the images are not of the network's input shape.
  Tensor features(const Tensor& images, std::span<const std::int32_t> image_indices);

 private:
  Shape input_shape_;
  Preprocessing preprocessing_;
  std::int64_t num_features_ = 0;
  std::int64_t multiply_adds_ = 0;
  std::optional<Predictor> predictor_;  // Empty if the features are the image itself.
};

}  // namespace digitry
