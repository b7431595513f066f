// A layer that Digitry does not have: its forward and backward pass, the check of its gradient by
// finite differences, and a network that is trained with it.
//
//   write_a_layer [EPOCHS [DATA]]

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "digitry/digitry.h"

using namespace digitry;

namespace {

// Parametric ReLU: y = x if x > 0, else slope[c] · x, with a learned slope for each channel c.
// Source: He et al. 2015, "Delving deep into rectifiers", eq. 1.
class PRelu : public CustomLayer {
 public:
  std::string type() const override { return "prelu"; }

  Shape output_shape(const Shape& input) const override {
    if (input.rank() != 3)
      throw Error(ErrorCode::kShapeMismatch, "prelu: expected [channels, height, width], got {}",
                  input.to_string());
    return input;
  }

  // All slopes begin at 0, as a plain ReLU.
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "slope", .shape = {input[0]}, .initializer = Initializer::kZero}};
  }

  void forward(const CustomForward& pass) const override {
    for (std::size_t i = 0; i < pass.input.size(); ++i) {
      const float x = pass.input[i];
      const float slope = pass.parameters[0][channel(pass.input_shape, i)];
      pass.output[i] = x > 0 ? x : slope * x;
    }
  }

  // dL/dx = dL/dy if x > 0, else slope[c] · dL/dy;  dL/dslope[c] = sum of x · dL/dy over x ≤ 0.
  void backward(const CustomBackward& pass) const override {
    for (std::size_t i = 0; i < pass.input.size(); ++i) {
      const float x = pass.input[i];
      const float dy = pass.output_gradient[i];
      const std::size_t c = channel(pass.input_shape, i);
      if (x <= 0) pass.parameter_gradients[0][c] += x * dy;
      // If this layer is the first one, nobody needs the gradient by its input.
      if (!pass.input_gradient.empty())
        pass.input_gradient[i] = x > 0 ? dy : pass.parameters[0][c] * dy;
    }
  }

 private:
  // Values lie row-major: [image, channel, row, column].
  static std::size_t channel(const Shape& image, std::size_t i) {
    return i / static_cast<std::size_t>(image[1] * image[2]) % static_cast<std::size_t>(image[0]);
  }
};

// The largest difference between the gradients of backward() and (L(v + h) − L(v − h)) / 2h, for
// every input and slope v, with the loss L = Σ weight · y. PReLU is made of straight lines, so that
// the two agree up to rounding, if no step crosses the kink at 0.
double largest_gradient_error(const CustomLayer& layer, const Shape& image, std::int64_t batch) {
  RandomStream random(1, RandomPurpose::kTest);
  const auto count = static_cast<std::size_t>(batch * image.num_elements());
  const auto channels = static_cast<std::size_t>(image[0]);
  std::vector<float> x(count), y(count), weight(count), x_gradient(count, 0);
  std::vector<float> slope(channels), slope_gradient(channels, 0);
  for (float& v : x) v = std::copysign(0.5F + random.next_float(), random.next_normal());
  for (float& v : weight) v = random.next_normal();
  for (float& v : slope) v = random.next_float();
  const std::span<const float> values[] = {slope};
  const std::span<float> gradients[] = {slope_gradient};
  layer.backward({batch, image, values, x, y, weight, x_gradient, gradients});

  const auto loss = [&] {
    layer.forward({batch, image, values, x, y});
    return std::inner_product(y.begin(), y.end(), weight.begin(), 0.0);
  };
  double worst = 0;
  const auto compare = [&](std::vector<float>& moved, const std::vector<float>& gradient) {
    constexpr float kStep = 0.125F;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const float before = std::exchange(moved[i], moved[i] + kStep);
      const double above = loss();
      moved[i] = before - kStep;
      worst = std::max(worst, std::abs((above - loss()) / (2 * kStep) - gradient[i]));
      moved[i] = before;
    }
  };
  compare(x, x_gradient);
  compare(slope, slope_gradient);
  return worst;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::int64_t epochs = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 3;
  const std::string data = argc > 2 ? argv[2] : "mnist";

  const double error = largest_gradient_error(PRelu(), {3, 4, 5}, /*batch=*/2);
  std::printf("gradient check: largest difference %.1e\n", error);
  if (error > 1e-4) throw Error(ErrorCode::kInvalidArgument, "the gradient of prelu is wrong");

  // Recipes and model files of this program know the layer by its name from now on.
  register_layer("prelu", [](AttributeReader&) { return std::make_unique<PRelu>(); });

  const Dataset train = load_dataset(data, Split::kTrain);
  Network network(train.image_shape());
  network.add(Conv2d{.out_channels = 8, .kernel_size = 5, .stride = 2})
      .add(PRelu{})
      .add(Flatten{})
      .add(Dense{.out_features = train.num_classes()});
  const Model model = fit(network, train, {.name = "prelu", .epochs = epochs});
  std::cout << summary_text(evaluate(model, load_dataset(data, Split::kTest)));
  std::cout << "learned slopes:";
  for (const float slope : model.members[0].network.parameters()[2].value.as<float>())
    std::cout << ' ' << slope;
  std::cout << '\n';
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
