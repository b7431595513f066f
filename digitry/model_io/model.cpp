#include "digitry/model_io/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/nn/plan/session.h"

namespace digitry {
namespace {

Error no_networks() {
  return {ErrorCode::kInvalidArgument,
          "model: expected at least one network, found none; the model is empty or was moved from"};
}

}  // namespace

bool Model::rejects(double in_distribution_score) const {
  return in_distribution_score <= 0 ||
         in_distribution_score < static_cast<double>(rejection_threshold);
}

std::int64_t Model::num_parameters() const {
  std::int64_t sum = 0;
  for (const Member& member : members) sum += member.network.num_parameters();
  return sum;
}

const Shape& Model::input_shape() const {
  if (members.empty()) throw no_networks();
  return members.front().network.input_shape();
}

void check_usable(const Model& model) {
  const auto fail = [](std::size_t member, const std::string& problem) {
    throw Error(ErrorCode::kInvalidArgument, "model: network {}: {}", member, problem);
  };
  if (model.members.empty()) throw no_networks();
  const Network& first = model.members.front().network;
  for (std::size_t i = 0; i < model.members.size(); ++i) {
    const Network& network = model.members[i].network;
    if (network.layers().empty())
      fail(i,
           "expected at least one layer, found none; add layers, and do not use a network that was "
           "moved from");
    if (network.parameters().empty())
      fail(i, "its parameters have no values yet; call fit, set_parameters or initialize first");
    if (network.input_shape() != first.input_shape())
      fail(i, fmt::format("expected input shape {} as in network 0, got {}",
                          first.input_shape().to_string(), network.input_shape().to_string()));
    if (network.num_classes() != first.num_classes())
      fail(i, fmt::format("expected {} classes as in network 0, got {}", first.num_classes(),
                          network.num_classes()));
  }
  if (std::ssize(model.class_names) != first.num_classes())
    throw Error(ErrorCode::kInvalidArgument,
                "model: expected {} class names, one per class, got {}", first.num_classes(),
                model.class_names.size());
}

Model copy_of(const Model& model) {
  check_usable(model);
  Model copy{.members = {},
             .preprocessing = model.preprocessing,
             .tta = model.tta,
             .class_names = model.class_names,
             .provenance = model.provenance,
             .temperature = model.temperature,
             .rejection_threshold = model.rejection_threshold};
  for (const Member& member : model.members)
    copy.members.push_back({.network = member.network.clone(),
                            .temperature = member.temperature,
                            .prototypes = member.prototypes.clone()});
  return copy;
}

std::vector<Member> one_member(Network network) {
  std::vector<Member> members;
  members.push_back({.network = std::move(network)});
  return members;
}

namespace {

// Prepares a model to be combined with others. A single network without views takes over the
// temperature of its model. With views it already has its own, and that of the model applies to
// their mean.
void clear_calibration(Model& model) {
  if (model.members.size() == 1 && model.tta == TestTimeAugmentation())
    model.members.front().temperature = model.temperature;
  model.temperature = 1;
}

float mean_rejection_threshold(const std::vector<Model>& models) {
  float sum = 0;
  for (const Model& model : models) sum += model.rejection_threshold;
  return sum / static_cast<float>(models.size());
}

void check_fits(const Model& model, const std::string& name, const Model& first,
                const std::string& first_name) {
  if (model.members.size() > 1)
    throw Error(ErrorCode::kInvalidArgument,
                "{}: expected a model of one network, got one of {}; combine the models that it "
                "was made of",
                name, model.members.size());
  if (model.input_shape() != first.input_shape())
    throw Error(ErrorCode::kInvalidArgument, "{}: expected input shape {} as in {}, got {}", name,
                first.input_shape().to_string(), first_name, model.input_shape().to_string());
  if (model.class_names != first.class_names)
    throw Error(ErrorCode::kInvalidArgument, "{}: expected the same class names as {}, got others",
                name, first_name);
  if (model.preprocessing != first.preprocessing)
    throw Error(ErrorCode::kInvalidArgument,
                "{}: expected the same scaling of pixels as {}, got another", name, first_name);
}

void check_same_views(const std::vector<Model>& models, const std::vector<std::string>& names) {
  for (std::size_t i = 1; i < models.size(); ++i)
    if (models[i].tta != models.front().tta)
      throw Error(ErrorCode::kInvalidArgument,
                  "{}: expected the same test-time augmentation as {}, got another; choose one for "
                  "the combined model",
                  names[i], names.front());
}

}  // namespace

Model combine(std::vector<Model> models, const std::vector<std::string>& names,
              const std::optional<TestTimeAugmentation>& views) {
  if (models.empty())
    throw Error(ErrorCode::kInvalidArgument, "combine: expected models, got none");
  if (names.size() != models.size())
    throw Error(ErrorCode::kInvalidArgument, "combine: expected {} names, one per model, got {}",
                models.size(), names.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    try {
      check_usable(models[i]);
    } catch (const Error& error) {
      throw Error(error.code(), "{}: {}", names[i], error.what());
    }
  }
  for (std::size_t i = 0; models.size() > 1 && i < models.size(); ++i)
    check_fits(models[i], names[i], models.front(), names.front());
  if (!views) check_same_views(models, names);
  for (Model& model : models) clear_calibration(model);
  const float rejection_threshold = mean_rejection_threshold(models);
  Model combined = std::move(models.front());
  combined.rejection_threshold = rejection_threshold;
  for (Model& model : std::span(models).subspan(1)) {
    combined.members.push_back(std::move(model.members.front()));
    std::erase_if(combined.provenance, [&](const auto& entry) {
      const auto other = model.provenance.find(entry.first);
      return other == model.provenance.end() || other->second != entry.second;
    });
  }
  combined.tta = views.value_or(combined.tta);
  return combined;
}

}  // namespace digitry
