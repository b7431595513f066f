#include "digitry/tuning/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <tuple>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/tuning/database.h"
#include "digitry/tuning/study_tables.h"
#include "digitry/tuning/worker.h"

namespace digitry {
namespace {

using Json = nlohmann::json;
using Access = Database::Access;

constexpr std::pair<TrialState, const char*> kStates[] = {{TrialState::kWaiting, "waiting"},
                                                          {TrialState::kRunning, "running"},
                                                          {TrialState::kFinished, "finished"},
                                                          {TrialState::kStopped, "stopped"},
                                                          {TrialState::kFailed, "failed"}};

TrialState state_of(const std::string& text) {
  for (const auto& [state, name] : kStates)
    if (text == name) return state;
  throw Error(ErrorCode::kBadData, "study: unknown state '{}'", text);
}

// A token that no other process has.
std::string new_claim() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string parameters_json(const SearchSpace& space, const SearchPoint& point) {
  Json parameters = Json::object();
  for (std::size_t i = 0; i < space.values.size(); ++i)
    std::visit([&](const auto& value) { parameters[space.values[i].path] = value; },
               value_at(space.values[i], point[i]));
  return parameters.dump(-1, ' ', false, Json::error_handler_t::replace);
}

SearchPoint point_of(const std::string& text, std::size_t num_values) {
  const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  SearchPoint point;
  if (list.is_array())
    for (const Json& coordinate : list)
      point.push_back(coordinate.is_number() ? coordinate.get<double>() : -1);
  const bool sound = point.size() == num_values &&
                     std::ranges::all_of(point, [](double x) { return x >= 0 && x < 1; });
  if (!sound)
    throw Error(ErrorCode::kBadData, "study: '{}' is not a point of the search space", text);
  return point;
}

Trial read_trial(const SqlRow& row, const SearchSpace& space) {
  return {.id = row.integer(0),
          .state = state_of(row.text(1)),
          .point = point_of(row.text(2), space.values.size()),
          .epochs = row.integer(3),
          .score = row.real(4),
          .loss = row.real(5),
          .seconds = row.real(6),
          .message = row.text(7),
          .host = host_of(row.text(8)),
          .begun = row.real(9),
          .ended_at = row.real(10),
          .fresh_scores = {}};
}

// The number of epochs may be searched, too: a finished trial counts as the longest, however short
// it was, and a failed one as 0 epochs.
TrialResult result_of(const Trial& trial) {
  std::int64_t epochs = trial.epochs;
  if (trial.state == TrialState::kFinished) epochs = std::numeric_limits<std::int64_t>::max();
  if (trial.state == TrialState::kFailed) epochs = 0;
  return {.point = trial.point, .epochs = epochs, .score = trial.score};
}

std::int64_t read_num_trials(Database& database, const std::string& lock) {
  const auto rows = database.query("SELECT value FROM study WHERE key = 'num_trials'" + lock);
  return rows.empty() ? 0 : std::strtoll(rows[0].text(0).c_str(), nullptr, 10);
}

StudySettings read_settings(Database& database) {
  migrate_study_tables(database);
  std::map<std::string, std::string> values;
  database.transaction(Database::Access::kRead, [&] {
    for (const SqlRow& row : database.query("SELECT key, value FROM study"))
      values[row.text(0)] = row.text(1);
  });
  StudySettings settings;
  settings.recipe = parse_recipe(values["recipe"], database.name() + ": recipe");
  settings.space = parse_search_space(values["space"], database.name() + ": space");
  settings.sampler = values["sampler"];
  settings.seed = std::strtoull(values["seed"].c_str(), nullptr, 10);
  settings.stops_trials = values["stops_trials"] == "true";
  settings.num_trials = std::strtoll(values["num_trials"].c_str(), nullptr, 10);
  settings.data_sha256 = values["data_sha256"];
  return settings;
}

// In a transaction.
void insert_settings(Database& database, const StudySettings& settings) {
  const std::pair<const char*, std::string> values[] = {
      {"recipe", to_toml(settings.recipe)},
      {"space", to_toml(settings.space)},
      {"sampler", settings.sampler},
      {"seed", std::to_string(settings.seed)},
      {"stops_trials", settings.stops_trials ? "true" : "false"},
      {"num_trials", std::to_string(settings.num_trials)},
      {"data_sha256", settings.data_sha256}};
  for (const auto& [key, value] : values)
    database.query("INSERT INTO study VALUES ($1, $2)", {std::string(key), value});
}

// Whether it made the study; false if there is one.
bool create_if_missing(const std::string& location, const StudySettings& settings) {
  const std::unique_ptr<Database> database = open_database(location, /*create=*/true);
  bool created = false;
  database->transaction(Access::kWrite, [&] {
    database->lock_tables();
    created = !database->has_table("study");
    if (!created) return;
    make_study_tables(*database);
    insert_settings(*database, settings);
  });
  return created;
}

}  // namespace

std::string to_string(TrialState state) {
  for (const auto& [each, name] : kStates)
    if (each == state) return name;
  return {};
}

double Trial::final_score() const {
  if (fresh_scores.empty()) return score;
  return std::accumulate(fresh_scores.begin(), fresh_scores.end(), 0.0) /
         static_cast<double>(fresh_scores.size());
}

void Study::create(const std::string& location, const StudySettings& settings) {
  const bool is_file = !is_server_url(location);
  if ((is_file && path_exists(location)) || !create_if_missing(location, settings))
    throw Error(ErrorCode::kInvalidArgument, "{} exists already; continue it with --resume{}",
                without_password(location),
                is_file ? "" : ", or name another study: postgresql://...?study=NAME");
}

Study Study::join(const std::string& location, const StudySettings& settings) {
  create_if_missing(location, settings);
  const StudySettings found = Study(location).settings();
  if (found.recipe != settings.recipe || to_toml(found.space) != to_toml(settings.space) ||
      found.sampler != settings.sampler || found.seed != settings.seed ||
      found.stops_trials != settings.stops_trials)
    throw Error(ErrorCode::kInvalidArgument,
                "{}: this study has another recipe, space, sampler, seed or early stopping; pass "
                "those to continue it, or another study",
                without_password(location));
  return Study(location);
}

Study::Study(const std::string& location)
    : location_(location),
      database_(open_database(location, /*create=*/false)),
      settings_(read_settings(*database_)),
      sampler_(make_sampler(settings_.sampler, settings_.space)) {}

Study::~Study() = default;

const std::string& Study::name() const { return database_->name(); }

void Study::set_num_trials(std::int64_t num_trials) {
  database_->transaction(Access::kWrite, [&] {
    database_->query("UPDATE study SET value = $1 WHERE key = 'num_trials'",
                     {std::to_string(num_trials)});
  });
  settings_.num_trials = num_trials;
}

std::optional<Trial> Study::take_waiting(const std::string& claim) {
  const auto rows = database_->query(take_trial_sql(*database_));
  if (rows.empty()) return std::nullopt;
  Trial trial = read_trial(rows[0], settings_.space);
  database_->query("DELETE FROM epochs WHERE trial = $1", {trial.id});
  database_->query(
      fmt::format("UPDATE trials SET state = 'running', worker = $1, claim = $2, heartbeat = {0}, "
                  "begun = {0}, epochs = 0, val_accuracy = 0, val_loss = 0, seconds = 0, "
                  "message = '' WHERE id = $3",
                  database_->now()),
      {this_worker(), claim, trial.id});
  trial.state = TrialState::kRunning;
  trial.epochs = 0;
  trial.score = trial.loss = trial.seconds = 0;
  trial.message.clear();
  trial.host = this_host();
  return trial;
}

std::optional<Trial> Study::add_trial(const std::string& claim) {
  // Locked: one process at a time adds a trial. Another one may have changed the number.
  settings_.num_trials = read_num_trials(*database_, database_->for_update());
  const std::vector<Trial> all = read_trials();
  if (std::ssize(all) >= settings_.num_trials) return std::nullopt;
  std::vector<TrialResult> results;
  for (const Trial& trial : all)
    if (trial.ended()) results.push_back(result_of(trial));
  Trial trial;
  trial.id = std::ssize(all) + 1;
  trial.host = this_host();
  RandomStream random(settings_.seed, RandomPurpose::kTuning, static_cast<std::uint32_t>(trial.id));
  trial.point = sampler_->next(results, random);
  database_->query(
      fmt::format("INSERT INTO trials (id, state, point, parameters, worker, claim, heartbeat, "
                  "begun) VALUES ($1, 'running', $2, $3, $4, $5, {0}, {0})",
                  database_->now()),
      {trial.id, Json(trial.point).dump(), parameters_json(settings_.space, trial.point),
       this_worker(), claim});
  return trial;
}

std::optional<Trial> Study::begin_trial() {
  const std::string claim = new_claim();
  std::optional<Trial> begun;
  database_->transaction(Access::kWrite, [&] {
    // Begun before, if the connection was lost just after the transaction had taken effect.
    const auto rows = database_->query(
        fmt::format("SELECT {} FROM trials WHERE state = 'running' AND claim = $1", kTrialColumns),
        {claim});
    begun.reset();
    if (!rows.empty()) begun = read_trial(rows[0], settings_.space);
    reclaim_lost();
    if (!begun) begun = take_waiting(claim);
    if (!begun) begun = add_trial(claim);
  });
  if (begun) claims_[begun->id] = claim;
  return begun;
}

std::int64_t Study::num_open() {
  std::int64_t count = 0;
  database_->transaction(Access::kRead, [&] {
    count = database_->query("SELECT count(*) FROM trials WHERE state IN ('waiting', 'running')")[0]
                .integer(0);
  });
  return count;
}

std::string Study::claim_of(std::int64_t trial) const {
  const auto claim = claims_.find(trial);
  return claim == claims_.end() ? "" : claim->second;
}

bool Study::record_epoch(std::int64_t trial, std::int64_t epoch, double score, double loss,
                         double seconds) {
  const std::string claim = claim_of(trial);
  bool recorded = false;
  if (!claim.empty())
    database_->transaction(Access::kWrite, [&] {
      recorded =
          !database_
               ->query(record_trial_sql(*database_), {trial, epoch, seconds, score, loss, claim})
               .empty();
      if (recorded) database_->query(record_epoch_sql(), {trial, epoch, score, loss, seconds});
    });
  return recorded;
}

std::vector<double> Study::other_scores(std::int64_t trial, std::int64_t epoch) {
  std::vector<double> scores;
  database_->transaction(Access::kRead, [&] {
    scores.clear();
    for (const SqlRow& row : database_->query(other_scores_sql(), {trial, epoch}))
      scores.push_back(row.real(0));
  });
  return scores;
}

bool Study::end_trial(std::int64_t trial, TrialState state, const std::string& message) {
  const std::string claim = claim_of(trial);
  bool recorded = false;
  if (!claim.empty())
    database_->transaction(Access::kWrite, [&] {
      recorded = !database_
                      ->query(fmt::format("UPDATE trials SET state = $2, message = $3, ended = {} "
                                          "WHERE id = $1 AND claim = $4 RETURNING id",
                                          state == TrialState::kWaiting ? "0" : database_->now()),
                              {trial, to_string(state), message, claim})
                      .empty();
    });
  claims_.erase(trial);
  return recorded;
}

std::vector<Trial> Study::read_trials() {
  std::vector<Trial> all;
  for (const SqlRow& row :
       database_->query(fmt::format("SELECT {} FROM trials ORDER BY id", kTrialColumns)))
    all.push_back(read_trial(row, settings_.space));
  for (const SqlRow& row :
       database_->query("SELECT trial, val_accuracy FROM fresh_seeds ORDER BY trial, number")) {
    const auto trial = std::ranges::find(all, row.integer(0), &Trial::id);
    if (trial != all.end()) trial->fresh_scores.push_back(row.real(1));
  }
  return all;
}

std::vector<Trial> Study::trials() {
  std::vector<Trial> all;
  database_->transaction(Access::kRead, [&] { all = read_trials(); });
  return all;
}

std::vector<TrialEpoch> Study::epochs() {
  std::vector<TrialEpoch> all;
  database_->transaction(Access::kRead, [&] {
    all.clear();
    for (const SqlRow& row : database_->query(
             "SELECT trial, epoch, val_accuracy, val_loss, seconds FROM epochs ORDER BY 1, 2"))
      all.push_back({.trial = row.integer(0),
                     .epoch = row.integer(1),
                     .score = row.real(2),
                     .loss = row.real(3),
                     .seconds = row.real(4)});
  });
  return all;
}

std::vector<Trial> Study::ranking() {
  std::vector<Trial> finished = trials();
  std::erase_if(finished, [](const Trial& trial) { return trial.state != TrialState::kFinished; });
  const auto rank = [](const Trial& trial) {
    return std::tuple(-std::ssize(trial.fresh_scores), -trial.final_score(), trial.loss);
  };
  std::ranges::stable_sort(finished, {}, rank);
  return finished;
}

std::optional<Trial> Study::best() {
  const std::vector<Trial> ranked = ranking();
  return ranked.empty() ? std::nullopt : std::optional(ranked.front());
}

void Study::record_fresh_score(std::int64_t trial, std::int64_t number, double score) {
  database_->transaction(Access::kWrite, [&] {
    database_->query("INSERT INTO fresh_seeds VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                     {trial, number, score});
  });
}

std::int64_t Study::reclaim_lost() {
  std::int64_t lost = 0;
  for (const SqlRow& row : database_->query(running_trials_sql(*database_)))
    if (row.integer(3) != 0 || is_gone(row.text(1)))
      lost +=
          std::ssize(database_->query("UPDATE trials SET state = 'waiting', claim = '' WHERE "
                                      "id = $1 AND claim = $2 AND state = 'running' "
                                      "RETURNING id",
                                      {row.integer(0), row.text(2)}));
  return lost;
}

std::int64_t Study::reclaim_lost_trials() {
  std::int64_t lost = 0;
  database_->transaction(Access::kWrite, [&] { lost = reclaim_lost(); });
  return lost;
}

Recipe recipe_of(const StudySettings& settings, const Trial& trial) {
  return recipe_at(settings.recipe, settings.space, trial.point);
}

}  // namespace digitry
