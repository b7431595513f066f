#include "digitry/optim/optimizer.h"

#include "digitry/base/error.h"
#include "digitry/kernels/optimizer_updates.h"

namespace digitry {
namespace {

constexpr double kLargestRate = 1e3;

Tensor zeros(std::size_t size) { return {{static_cast<std::int64_t>(size)}, DType::kF32}; }

class Adam : public Optimizer {
 public:
  Adam(const AdamOptions& options, std::size_t size)
      : options_(options), first_(zeros(size)), second_(zeros(size)) {}

  std::string type() const override { return "adam"; }
  Options options() const override {
    return {{"learning_rate", options_.learning_rate},
            {"beta1", options_.beta1},
            {"beta2", options_.beta2},
            {"epsilon", options_.epsilon}};
  }
  double learning_rate() const override { return options_.learning_rate; }

  void step(std::span<const float> gradients, std::span<float> values,
            double rate_factor) override {
    const kernels::AdamStep update{
        .learning_rate = static_cast<float>(options_.learning_rate * rate_factor),
        .beta1 = static_cast<float>(options_.beta1),
        .beta2 = static_cast<float>(options_.beta2),
        .epsilon = static_cast<float>(options_.epsilon),
        .step = ++num_steps_};
    kernels::adam_update(update, gradients, first_.as<float>(), second_.as<float>(), values);
  }

  std::vector<std::pair<std::string, std::span<float>>> state() override {
    return {{"first_moment", first_.as<float>()}, {"second_moment", second_.as<float>()}};
  }

 private:
  AdamOptions options_;
  Tensor first_;
  Tensor second_;
};

class Sgd : public Optimizer {
 public:
  Sgd(const SgdOptions& options, std::size_t size)
      : options_(options), velocity_(options.momentum == 0 ? Tensor() : zeros(size)) {}

  std::string type() const override { return "sgd"; }
  Options options() const override {
    return {{"learning_rate", options_.learning_rate}, {"momentum", options_.momentum}};
  }
  double learning_rate() const override { return options_.learning_rate; }

  void step(std::span<const float> gradients, std::span<float> values,
            double rate_factor) override {
    ++num_steps_;
    const kernels::SgdStep update{
        .learning_rate = static_cast<float>(options_.learning_rate * rate_factor),
        .momentum = static_cast<float>(options_.momentum)};
    kernels::sgd_update(update, gradients,
                        velocity_.empty() ? std::span<float>() : velocity_.as<float>(), values);
  }

  std::vector<std::pair<std::string, std::span<float>>> state() override {
    if (velocity_.empty()) return {};
    return {{"velocity", velocity_.as<float>()}};
  }

 private:
  SgdOptions options_;
  Tensor velocity_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(const AdamOptions& options, std::size_t size) {
  return std::make_unique<Adam>(options, size);
}

std::unique_ptr<Optimizer> make_sgd(const SgdOptions& options, std::size_t size) {
  return std::make_unique<Sgd>(options, size);
}

std::unique_ptr<Optimizer> make_optimizer(const Options& options_with_type, std::size_t size) {
  OptionReader reader(options_with_type, "[optimizer]");
  const std::string type = reader.text("type", {"adam", "sgd"}, "adam");
  if (type == "adam") {
    AdamOptions options;
    options.learning_rate = reader.number("learning_rate", 0, kLargestRate, options.learning_rate);
    options.beta1 = reader.number("beta1", 0, 0.999999, options.beta1);
    options.beta2 = reader.number("beta2", 0, 0.99999999, options.beta2);
    options.epsilon = reader.number("epsilon", 1e-20, 1, options.epsilon);
    reader.finish();
    return make_adam(options, size);
  }
  SgdOptions options;
  options.learning_rate = reader.number("learning_rate", 0, kLargestRate, options.learning_rate);
  options.momentum = reader.number("momentum", 0, 0.99999, options.momentum);
  reader.finish();
  return make_sgd(options, size);
}

}  // namespace digitry
