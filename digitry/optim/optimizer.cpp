#include "digitry/optim/optimizer.h"

#include <algorithm>

#include "digitry/base/attribute_fields.h"
#include "digitry/base/error.h"
#include "digitry/kernels/optimizer_updates.h"

namespace digitry {
namespace {

constexpr double kLargestRate = 1e3;
constexpr double kLargestDecay = 100;
// A float closer to 1 is rounded to 1; then the bias corrections of Adam are 0.
constexpr double kLargestBeta = 0.999999;
constexpr const char* kAdamW = "adamw";
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

}  // namespace

template <typename Field>
static void fields(Adam& options, const Field& field) {
  field("learning_rate", options.learning_rate, 0, kLargestRate);
  field("beta1", options.beta1, 0, kLargestBeta);
  field("beta2", options.beta2, 0, kLargestBeta);
  field("epsilon", options.epsilon, 1e-20, 1);
  field("weight_decay", options.weight_decay, 0, kLargestDecay);
}

template <typename Field>
static void fields(Sgd& options, const Field& field) {
  field("learning_rate", options.learning_rate, 0, kLargestRate);
  field("momentum", options.momentum, 0, 0.99999);
  field("nesterov", options.nesterov);
  field("weight_decay", options.weight_decay, 0, kLargestDecay);
}

template <typename Field>
static void fields(Lion& options, const Field& field) {
  field("learning_rate", options.learning_rate, 0, kLargestRate);
  field("beta1", options.beta1, 0, kLargestBeta);
  field("beta2", options.beta2, 0, kLargestBeta);
  field("weight_decay", options.weight_decay, 0, kLargestDecay);
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options,
                                          const ValueCounts& counts) {
  if (const auto* sgd = std::get_if<Sgd>(&options))
    return std::make_unique<SgdOptimizer>(*sgd, counts);
  if (const auto* lion = std::get_if<Lion>(&options))
    return std::make_unique<LionOptimizer>(*lion, counts);
  return std::make_unique<AdamOptimizer>(std::get<Adam>(options), counts);
}

double& learning_rate(OptimizerOptions& options) {
  return std::visit([](auto& held) -> double& { return held.learning_rate; }, options);
}

OptimizerOptions read_optimizer(const Attributes& options, const std::string& where) {
  AttributeReader reader(options, where);
  std::vector<std::string> types = OptionTypes<OptimizerOptions>::names();
  types.insert(types.begin() + 1, kAdamW);
  const std::string type = reader.text("type", types, Adam::kType);
  OptimizerOptions read = OptionTypes<OptimizerOptions>::make(type);
  if (type == kAdamW) read = Adam{.weight_decay = kAdamWDecay};
  std::visit([&](auto& held) { fields(held, ReadFields{reader}); }, read);
  if (const auto* sgd = std::get_if<Sgd>(&read);
      sgd != nullptr && sgd->nesterov && sgd->momentum == 0)
    throw Error(ErrorCode::kBadData, "{}: 'nesterov': expected a momentum above 0, got 0", where);
  reader.finish();
  return read;
}

Attributes to_attributes(const OptimizerOptions& options, bool all) {
  Attributes attributes = all_attributes(options);
  if (all) return attributes;
  const Attributes defaults = all_attributes(
      std::visit([](auto held) { return OptimizerOptions(decltype(held){}); }, options));
  std::erase_if(attributes, [&](const auto& pair) {
    return pair.first != "type" && pair.first != "learning_rate" &&
           defaults.at(pair.first) == pair.second;
  });
  return attributes;
}

double average_decay(double decay, std::int64_t num_updates) {
  const auto n = static_cast<double>(num_updates);
  return std::min(decay, (1 + n) / (10 + n));
}

void update_weight_average(double decay, std::int64_t num_updates, std::span<const float> values,
                           std::span<float> average) {
  kernels::average_update(average_decay(decay, num_updates), values, average);
}

}  // namespace digitry
