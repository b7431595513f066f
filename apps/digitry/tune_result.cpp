#include "apps/digitry/tune_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "apps/digitry/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/report/study_page.h"

namespace digitry::app {
namespace {

namespace fs = std::filesystem;

std::int64_t count(const std::vector<Trial>& trials, TrialState state) {
  return std::ranges::count(trials, state, &Trial::state);
}

constexpr int kTicks = 5;

StudyValue page_value(const SearchedValue& searched) {
  StudyValue value{.name = searched.path,
                   .ticks = {},
                   .is_choice = searched.kind == SearchedValue::Kind::kChoice};
  for (const OptionValue& choice : searched.choices) value.ticks.push_back(value_text(choice));
  if (!value.is_choice)
    for (int i = 0; i < kTicks; ++i)
      value.ticks.push_back(value_text(value_at(searched, i * 0.999999 / (kTicks - 1))));
  return value;
}

}  // namespace

fs::path study_path(const fs::path& folder) { return folder / "study.sqlite"; }

void print_search_result(Study& study, const Trial& best, const fs::path& folder, bool as_json) {
  const StudySettings& settings = study.settings();
  const std::vector<Trial> trials = study.trials();
  if (as_json) {
    nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < settings.space.values.size(); ++i)
      std::visit([&](const auto& value) { parameters[settings.space.values[i].path] = value; },
                 value_at(settings.space.values[i], best.point[i]));
    const nlohmann::ordered_json result{{"best",
                                         {{"trial", best.id},
                                          {"val_accuracy", best.score},
                                          {"fresh_val_accuracies", best.fresh_scores},
                                          {"val_loss", best.loss},
                                          {"parameters", parameters}}},
                                        {"trials", trials.size()},
                                        {"finished", count(trials, TrialState::kFinished)},
                                        {"stopped", count(trials, TrialState::kStopped)},
                                        {"failed", count(trials, TrialState::kFailed)},
                                        {"recipe", (folder / "best.toml").string()}};
    fmt::print("{}\n", result.dump(1));
    return;
  }
  fmt::print("{:<20}{:.2f} % (trial {} of {}; {} finished, {} stopped early, {} failed)\n",
             "best validation", 100 * best.score, best.id, trials.size(),
             count(trials, TrialState::kFinished), count(trials, TrialState::kStopped),
             count(trials, TrialState::kFailed));
  if (!best.fresh_scores.empty())
    fmt::print("{:<20}{:.2f} % (mean of {}; by this it was chosen)\n", "with fresh seeds",
               100 * best.judged_score(), best.fresh_scores.size());
  for (std::size_t i = 0; i < settings.space.values.size(); ++i)
    fmt::print("  {:<32}{}\n", settings.space.values[i].path,
               value_text(value_at(settings.space.values[i], best.point[i])));
  fmt::print("{:<20}{}\n", "recipe", (folder / "best.toml").string());
  fmt::print("{:<20}{}\n", "page", (folder / "tune.html").string());
  fmt::print("{:<20}{}\n", "trials", study_path(folder).string());
}

void write_study_page(Study& study, const std::optional<Trial>& best, const std::string& recipe,
                      const fs::path& folder) {
  const StudySettings& settings = study.settings();
  StudyContent content{
      .title = fmt::format("Tuning {} on {}", settings.recipe.name, settings.recipe.data),
      .recipe = recipe,
      .values = {},
      .trials = {},
      .best = best ? best->id : 0,
      .num_fresh_seeds = best ? std::ssize(best->fresh_scores) : 0};
  for (const SearchedValue& searched : settings.space.values)
    content.values.push_back(page_value(searched));
  for (const Trial& trial : study.trials()) {
    StudyTrial row{.id = trial.id,
                   .state = to_string(trial.state),
                   .score = trial.score,
                   .fresh_score = {},
                   .epochs = trial.epochs,
                   .seconds = trial.seconds,
                   .coordinates = trial.point,
                   .values = {}};
    if (!trial.fresh_scores.empty()) row.fresh_score = trial.judged_score();
    for (std::size_t i = 0; i < trial.point.size(); ++i)
      row.values.push_back(value_text(value_at(settings.space.values[i], trial.point[i])));
    content.trials.push_back(std::move(row));
  }
  try {
    write_file_atomically(folder / "tune.html", render_study_html(content));
  } catch (const Error& error) {
    warn(fmt::format("no page: {}", error.what()));
  }
}

}  // namespace digitry::app
