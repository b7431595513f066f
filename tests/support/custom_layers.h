#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/nn/custom_layer.h"

namespace digitry::test {

/// A layer of the tests' own: y[n,c,...] = factor · scale[c] · x² + shift[c], for images of any
/// rank.
class ScaledSquare : public CustomLayer {
 public:
  explicit ScaledSquare(float factor = 1, std::int64_t most_channels = 1000)
      : factor_(factor), most_channels_(most_channels) {}

  std::string type() const override { return "scaled_square"; }
  Attributes attributes() const override {
    return {{"factor", static_cast<double>(factor_)}, {"most_channels", most_channels_}};
  }
  Shape output_shape(const Shape& input) const override {
    if (input[0] > most_channels_)
      throw Error(ErrorCode::kShapeMismatch, "scaled_square: expected at most {} channels, got {}",
                  most_channels_, input.to_string());
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "scale", .shape = {input[0]}, .initializer = Initializer::kOne},
            {.name = "shift", .shape = {input[0]}, .initializer = Initializer::kZero}};
  }
  std::int64_t multiply_adds(const Shape& input) const override { return 2 * input.num_elements(); }

  void forward(const CustomForward& pass) const override {
    for (std::size_t i = 0; i < pass.input.size(); ++i) {
      const std::size_t c = channel(pass.input_shape, i);
      pass.output[i] =
          factor_ * pass.parameters[0][c] * pass.input[i] * pass.input[i] + pass.parameters[1][c];
    }
  }
  void backward(const CustomBackward& pass) const override {
    for (std::size_t i = 0; i < pass.input.size(); ++i) {
      const std::size_t c = channel(pass.input_shape, i);
      const float x = pass.input[i];
      const float dy = pass.output_gradient[i];
      if (!pass.input_gradient.empty())
        pass.input_gradient[i] += 2 * factor_ * pass.parameters[0][c] * x * dy;
      pass.parameter_gradients[0][c] += factor_ * x * x * dy;
      pass.parameter_gradients[1][c] += dy;
    }
  }

 private:
  static std::size_t channel(const Shape& image, std::size_t i) {
    const auto channels = static_cast<std::size_t>(image[0]);
    return i / (static_cast<std::size_t>(image.num_elements()) / channels) % channels;
  }

  float factor_;
  std::int64_t most_channels_;
};

/// Makes the layer known to this process; may be called again.
inline void register_test_layers() {
  static const bool registered = [] {
    register_layer("scaled_square", [](AttributeReader& options) {
      const auto factor = static_cast<float>(options.number("factor", 0, 100, 1));
      return std::make_unique<ScaledSquare>(factor,
                                            options.integer("most_channels", 1, 1000, 1000));
    });
    return true;
  }();
  static_cast<void>(registered);
}

}  // namespace digitry::test
