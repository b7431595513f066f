#include "digitry/optim/optimizer.h"

#include <algorithm>

#include "digitry/base/error.h"
#include "digitry/kernels/optimizer_updates.h"

namespace digitry {
namespace {

constexpr double kLargestRate = 1e3;
constexpr double kLargestDecay = 100;
// A float closer to 1 is rounded to 1; then the bias corrections of Adam are 0.
constexpr double kLargestBeta = 0.999999;
constexpr double kAdamWDecay = 0.01;

Tensor zeros(std::size_t size) { return {{static_cast<std::int64_t>(size)}, DType::kF32}; }

kernels::WeightDecay decay_of(double weight_decay, const ValueCounts& counts) {
  return {.rate = static_cast<float>(weight_decay),
          .count = static_cast<std::int64_t>(counts.decayed)};
}

class AdamOptimizer : public Optimizer {
 public:
  AdamOptimizer(const Adam& options, const ValueCounts& counts)
      : options_(options), counts_(counts), first_(zeros(counts.all)), second_(zeros(counts.all)) {}

  std::string type() const override { return "adam"; }
  Attributes attributes() const override {
    return {{"learning_rate", options_.learning_rate},
            {"beta1", options_.beta1},
            {"beta2", options_.beta2},
            {"epsilon", options_.epsilon},
            {"weight_decay", options_.weight_decay}};
  }
  double learning_rate() const override { return options_.learning_rate; }

  void step(std::span<const float> gradients, std::span<float> values,
            const StepFactors& factors) override {
    const kernels::AdamStep update{
        .learning_rate = static_cast<float>(options_.learning_rate * factors.learning_rate),
        .beta1 = static_cast<float>(options_.beta1),
        .beta2 = static_cast<float>(options_.beta2),
        .epsilon = static_cast<float>(options_.epsilon),
        .decay = decay_of(options_.weight_decay, counts_),
        .gradient_factor = static_cast<float>(factors.gradient),
        .step = ++num_steps_};
    kernels::adam_update(update, gradients, first_.as<float>(), second_.as<float>(), values);
  }

  std::vector<std::pair<std::string, std::span<float>>> state() override {
    return {{"first_moment", first_.as<float>()}, {"second_moment", second_.as<float>()}};
  }

 private:
  Adam options_;
  ValueCounts counts_;
  Tensor first_;
  Tensor second_;
};

class SgdOptimizer : public Optimizer {
 public:
  SgdOptimizer(const Sgd& options, const ValueCounts& counts)
      : options_(options),
        counts_(counts),
        velocity_(options.momentum == 0 ? Tensor() : zeros(counts.all)) {}

  std::string type() const override { return "sgd"; }
  Attributes attributes() const override {
    return {{"learning_rate", options_.learning_rate},
            {"momentum", options_.momentum},
            {"nesterov", options_.nesterov},
            {"weight_decay", options_.weight_decay}};
  }
  double learning_rate() const override { return options_.learning_rate; }

  void step(std::span<const float> gradients, std::span<float> values,
            const StepFactors& factors) override {
    ++num_steps_;
    const kernels::SgdStep update{
        .learning_rate = static_cast<float>(options_.learning_rate * factors.learning_rate),
        .momentum = static_cast<float>(options_.momentum),
        .nesterov = options_.nesterov,
        .decay = decay_of(options_.weight_decay, counts_),
        .gradient_factor = static_cast<float>(factors.gradient)};
    kernels::sgd_update(update, gradients,
                        velocity_.empty() ? std::span<float>() : velocity_.as<float>(), values);
  }

  std::vector<std::pair<std::string, std::span<float>>> state() override {
    if (velocity_.empty()) return {};
    return {{"velocity", velocity_.as<float>()}};
  }

 private:
  Sgd options_;
  ValueCounts counts_;
  Tensor velocity_;
};

class LionOptimizer : public Optimizer {
 public:
  LionOptimizer(const Lion& options, const ValueCounts& counts)
      : options_(options), counts_(counts), momentum_(zeros(counts.all)) {}

  std::string type() const override { return "lion"; }
  Attributes attributes() const override {
    return {{"learning_rate", options_.learning_rate},
            {"beta1", options_.beta1},
            {"beta2", options_.beta2},
            {"weight_decay", options_.weight_decay}};
  }
  double learning_rate() const override { return options_.learning_rate; }

  void step(std::span<const float> gradients, std::span<float> values,
            const StepFactors& factors) override {
    ++num_steps_;
    const kernels::LionStep update{
        .learning_rate = static_cast<float>(options_.learning_rate * factors.learning_rate),
        .beta1 = static_cast<float>(options_.beta1),
        .beta2 = static_cast<float>(options_.beta2),
        .decay = decay_of(options_.weight_decay, counts_),
        .gradient_factor = static_cast<float>(factors.gradient)};
    kernels::lion_update(update, gradients, momentum_.as<float>(), values);
  }

  std::vector<std::pair<std::string, std::span<float>>> state() override {
    return {{"momentum", momentum_.as<float>()}};
  }

 private:
  Lion options_;
  ValueCounts counts_;
  Tensor momentum_;
};

Adam read_adam(AttributeReader& reader, Adam options) {
  options.learning_rate = reader.number("learning_rate", 0, kLargestRate, options.learning_rate);
  options.beta1 = reader.number("beta1", 0, kLargestBeta, options.beta1);
  options.beta2 = reader.number("beta2", 0, kLargestBeta, options.beta2);
  options.epsilon = reader.number("epsilon", 1e-20, 1, options.epsilon);
  options.weight_decay = reader.number("weight_decay", 0, kLargestDecay, options.weight_decay);
  return options;
}

Sgd read_sgd(AttributeReader& reader, Sgd options) {
  options.learning_rate = reader.number("learning_rate", 0, kLargestRate, options.learning_rate);
  options.momentum = reader.number("momentum", 0, 0.99999, options.momentum);
  options.nesterov = reader.boolean("nesterov", options.nesterov);
  options.weight_decay = reader.number("weight_decay", 0, kLargestDecay, options.weight_decay);
  if (options.nesterov && options.momentum == 0)
    throw Error(ErrorCode::kBadData, "{}: 'nesterov': expected a momentum above 0, got 0",
                reader.where());
  return options;
}

Lion read_lion(AttributeReader& reader, Lion options) {
  options.learning_rate = reader.number("learning_rate", 0, kLargestRate, options.learning_rate);
  options.beta1 = reader.number("beta1", 0, kLargestBeta, options.beta1);
  options.beta2 = reader.number("beta2", 0, kLargestBeta, options.beta2);
  options.weight_decay = reader.number("weight_decay", 0, kLargestDecay, options.weight_decay);
  return options;
}

// The options with `type`, as in a recipe.
Attributes recipe_options(const Optimizer& made) {
  Attributes options = made.attributes();
  options["type"] = made.type();
  return options;
}

}  // namespace

std::unique_ptr<Optimizer> make_adam(const Adam& options, const ValueCounts& counts) {
  return std::make_unique<AdamOptimizer>(options, counts);
}

std::unique_ptr<Optimizer> make_sgd(const Sgd& options, const ValueCounts& counts) {
  return std::make_unique<SgdOptimizer>(options, counts);
}

std::unique_ptr<Optimizer> make_lion(const Lion& options, const ValueCounts& counts) {
  return std::make_unique<LionOptimizer>(options, counts);
}

std::unique_ptr<Optimizer> make_optimizer(const Attributes& options_with_type,
                                          const ValueCounts& counts) {
  AttributeReader reader(options_with_type, "[optimizer]");
  const std::string type = reader.text("type", {"adam", "adamw", "sgd", "lion"}, "adam");
  std::unique_ptr<Optimizer> optimizer;
  if (type == "sgd")
    optimizer = make_sgd(read_sgd(reader, {}), counts);
  else if (type == "lion")
    optimizer = make_lion(read_lion(reader, {}), counts);
  else
    optimizer =
        make_adam(read_adam(reader, {.weight_decay = type == "adamw" ? kAdamWDecay : 0.0}), counts);
  reader.finish();
  return optimizer;
}

Adam::operator Attributes() const { return recipe_options(AdamOptimizer(*this, {})); }
Sgd::operator Attributes() const { return recipe_options(SgdOptimizer(*this, {})); }
Lion::operator Attributes() const { return recipe_options(LionOptimizer(*this, {})); }

double average_decay(double decay, std::int64_t num_updates) {
  const auto n = static_cast<double>(num_updates);
  return std::min(decay, (1 + n) / (10 + n));
}

void update_weight_average(double decay, std::int64_t num_updates, std::span<const float> values,
                           std::span<float> average) {
  kernels::average_update(average_decay(decay, num_updates), values, average);
}

}  // namespace digitry
