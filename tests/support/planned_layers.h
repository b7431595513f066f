#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "digitry/nn/plan/plan.h"
#include "digitry/nn/plan/plan_builder.h"

namespace digitry::test {

/// Layers planned as in a Plan, but with any output shape and with the gradient with respect to the
/// input. The names of parameters start at "1.", because layer 0 records that gradient.
class PlannedLayers {
 public:
  /// Loads random parameters, the same for the same layers, into the arena.
  PlannedLayers(const std::vector<Attributes>& layers, const Shape& image, std::int64_t batch_size,
                PlanMode mode, ParameterArena& arena, Precision precision = Precision::kFloat32,
                Communicator* batch_ranks = nullptr);

  /// The output, row-major.
  std::vector<float> forward(std::span<const float> x, const StepContext& context = {});
  /// The gradient with respect to x. Those with respect to the parameters are in the arena.
  std::vector<float> backward(std::span<const float> grad_y, const StepContext& context = {});

  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::int64_t output_size() const;
  const std::vector<Operation>& forward_operations() const { return plan_.forward_operations; }
  const std::vector<Operation>& backward_operations() const { return plan_.backward_operations; }

 private:
  std::vector<float> input_gradient_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Parameter> parameters_;
  PlanData plan_;
};

/// The values of the parameter or gradient `name`; throws std::out_of_range if there is none.
std::span<const float> values_of(const std::vector<Parameter>& parameters, const std::string& name);

/// Values that `precision` represents exactly.
std::vector<float> rounded(std::vector<float> values, Precision precision);

/// Whether this processor computes in `precision`; other tests are skipped.
bool has_precision(Precision precision);

}  // namespace digitry::test
