#include "digitry/tuning/study_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

namespace digitry {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson json_of(const AttributeValue& value) {
  return std::visit([](const auto& each) { return OrderedJson(each); }, value);
}

OrderedJson distribution_json(const SearchedValue& value) {
  if (value.kind == SearchedValue::Kind::kChoice) {
    OrderedJson choices = OrderedJson::array();
    for (const AttributeValue& choice : value.choices) choices.push_back(json_of(choice));
    return {{"type", "choice"}, {"choices", choices}};
  }
  const bool is_integer = value.kind == SearchedValue::Kind::kInteger;
  const auto end = [&](double x) {
    return is_integer ? OrderedJson(static_cast<std::int64_t>(x)) : OrderedJson(x);
  };
  return {{"type", is_integer ? "integer" : "number"},
          {"low", end(value.low)},
          {"high", end(value.high)},
          {"log", value.log}};
}

OrderedJson trial_json(const Trial& trial, const SearchSpace& space, OrderedJson history) {
  OrderedJson parameters = OrderedJson::object();
  for (std::size_t i = 0; i < space.values.size(); ++i)
    parameters[space.values[i].path] = json_of(value_at(space.values[i], trial.point[i]));
  return {{"id", trial.id},
          {"state", to_string(trial.state)},
          {"parameters", std::move(parameters)},
          {"val_accuracy", trial.score},
          {"val_loss", trial.loss},
          {"fresh_val_accuracies", trial.fresh_scores},
          {"epochs", trial.epochs},
          {"seconds", trial.seconds},
          {"begun", trial.begun},
          {"ended", trial.ended_at},
          {"host", trial.host},
          {"message", trial.message},
          {"history", std::move(history)}};
}

}  // namespace

std::string study_json(Study& study) {
  const StudySettings& settings = study.settings();
  std::map<std::int64_t, OrderedJson> histories;
  for (const TrialEpoch& epoch : study.epochs())
    histories[epoch.trial].push_back({{"epoch", epoch.epoch},
                                      {"val_accuracy", epoch.score},
                                      {"val_loss", epoch.loss},
                                      {"seconds", epoch.seconds}});
  OrderedJson space = OrderedJson::object();
  for (const SearchedValue& value : settings.space.values)
    space[value.path] = distribution_json(value);
  OrderedJson trials = OrderedJson::array();
  for (const Trial& trial : study.trials()) {
    OrderedJson& history = histories[trial.id];
    if (history.is_null()) history = OrderedJson::array();
    trials.push_back(trial_json(trial, settings.space, std::move(history)));
  }
  const OrderedJson json = {{"format", "digitry-study-1"},
                            {"name", settings.recipe.name},
                            {"data", settings.recipe.data},
                            {"data_sha256", settings.data_sha256},
                            {"recipe", to_toml(settings.recipe)},
                            {"metric", "val_accuracy"},
                            {"direction", "maximize"},
                            {"sampler", settings.sampler},
                            {"seed", settings.seed},
                            {"stops_trials", settings.stops_trials},
                            {"num_trials", settings.num_trials},
                            {"space", std::move(space)},
                            {"trials", std::move(trials)}};
  return json.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace digitry
