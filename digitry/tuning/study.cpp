#include "digitry/tuning/study.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "2";
constexpr std::uint64_t kMaxStatBytes = 1 << 16;

constexpr const char* kTables = R"(
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE trials (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'finished', 'stopped', 'failed')),
  point TEXT NOT NULL,
  parameters TEXT NOT NULL,
  epochs INTEGER NOT NULL DEFAULT 0,
  val_accuracy REAL NOT NULL DEFAULT 0,
  val_loss REAL NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0,
  message TEXT NOT NULL DEFAULT '',
  worker TEXT NOT NULL DEFAULT '');
CREATE TABLE epochs (
  trial INTEGER NOT NULL REFERENCES trials (id),
  epoch INTEGER NOT NULL,
  val_accuracy REAL NOT NULL,
  val_loss REAL NOT NULL,
  seconds REAL NOT NULL,
  PRIMARY KEY (trial, epoch)) WITHOUT ROWID;
CREATE TABLE fresh_seeds (
  trial INTEGER NOT NULL REFERENCES trials (id),
  number INTEGER NOT NULL,
  val_accuracy REAL NOT NULL,
  PRIMARY KEY (trial, number)) WITHOUT ROWID;
)";

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

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

// Start time of a process in clock ticks since boot. Together with the process id, which is reused,
// it identifies a process. Empty if there is no such process.
std::string start_of(const std::string& pid) {
  const std::string path = "/proc/" + pid + "/stat";
  std::string stat;
  try {
    stat = read_file(path, kMaxStatBytes);
  } catch (const Error&) {
    return {};
  }
  // The name, in parentheses, may contain anything. Field 22 is the 20th after it.
  std::size_t at = stat.rfind(')');
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return {};
  return stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

// The identity of a worker: "host pid start".
std::string host_of(const std::string& worker) { return worker.substr(0, worker.find(' ')); }

std::string this_worker() {
  const std::string pid = std::to_string(getpid());
  return fmt::format("{} {} {}", host_name(), pid, start_of(pid));
}

bool is_lost(const std::string& worker) {
  const std::size_t first = worker.find(' ');
  const std::size_t second = worker.find(' ', first + 1);
  if (second == std::string::npos) return true;
  // The state of other machines is unknown.
  if (host_of(worker) != host_name()) return false;
  return start_of(worker.substr(first + 1, second - first - 1)) != worker.substr(second + 1);
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

constexpr const char* kTrialColumns =
    "SELECT id, state, point, epochs, val_accuracy, val_loss, seconds, message FROM trials ";

Trial read_trial(const Database::Statement& row, const SearchSpace& space) {
  return {.id = row.integer(0),
          .state = state_of(row.text(1)),
          .point = point_of(row.text(2), space.values.size()),
          .epochs = row.integer(3),
          .score = row.real(4),
          .loss = row.real(5),
          .seconds = row.real(6),
          .message = row.text(7),
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

std::int64_t read_num_trials(Database& database) {
  Database::Statement row(database, "SELECT value FROM study WHERE key = 'num_trials'");
  return row.step() ? std::strtoll(row.text(0).c_str(), nullptr, 10) : 0;
}

StudySettings read_settings(Database& database, const std::string& path) {
  std::map<std::string, std::string> values;
  try {
    Database::Statement rows(database, "SELECT key, value FROM study");
    while (rows.step()) values[rows.text(0)] = rows.text(1);
  } catch (const Error&) {
    throw Error(ErrorCode::kBadData, "{}: expected a study made by digitry tune", path);
  }
  if (values["format"] != kFormat)
    throw Error(ErrorCode::kBadData, "{}: expected study format {}, found '{}'", path, kFormat,
                values["format"]);
  StudySettings settings;
  settings.recipe = parse_recipe(values["recipe"], path + ": recipe");
  settings.space = parse_search_space(values["space"], path + ": space");
  settings.sampler = values["sampler"];
  settings.seed = std::strtoull(values["seed"].c_str(), nullptr, 10);
  settings.stops_trials = values["stops_trials"] == "true";
  settings.num_trials = read_num_trials(database);
  settings.data_sha256 = values["data_sha256"];
  return settings;
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

void Study::create(const std::filesystem::path& path, const StudySettings& settings) {
  if (path_exists(path))
    throw Error(ErrorCode::kInvalidArgument, "{} exists already; continue it with --resume",
                path.string());
  Database database(path);
  Database::Transaction transaction(database);
  database.execute(kTables);
  const std::pair<const char*, std::string> values[] = {
      {"format", kFormat},
      {"recipe", to_toml(settings.recipe)},
      {"space", to_toml(settings.space)},
      {"sampler", settings.sampler},
      {"seed", std::to_string(settings.seed)},
      {"stops_trials", settings.stops_trials ? "true" : "false"},
      {"num_trials", std::to_string(settings.num_trials)},
      {"data_sha256", settings.data_sha256}};
  for (const auto& [key, value] : values)
    Database::Statement(database, "INSERT INTO study VALUES (?1, ?2)")
        .bind(std::string(key))
        .bind(value)
        .step();
  transaction.commit();
}

Study::Study(const std::filesystem::path& path)
    : database_([&] {
        // Opening a missing file would create it.
        if (!path_exists(path))
          throw Error(ErrorCode::kBadData, "{}: study not found", path.string());
        return path;
      }()),
      settings_(read_settings(database_, path.string())),
      sampler_(make_sampler(settings_.sampler, settings_.space)) {}

void Study::set_num_trials(std::int64_t num_trials) {
  Database::Statement(database_, "UPDATE study SET value = ?1 WHERE key = 'num_trials'")
      .bind(std::to_string(num_trials))
      .step();
  settings_.num_trials = num_trials;
}

Trial Study::claim(Trial trial) {
  Database::Statement(database_,
                      "UPDATE trials SET state = 'running', worker = ?1, epochs = 0, "
                      "val_accuracy = 0, val_loss = 0, seconds = 0 WHERE id = ?2")
      .bind(this_worker())
      .bind(trial.id)
      .step();
  Database::Statement(database_, "DELETE FROM epochs WHERE trial = ?1").bind(trial.id).step();
  trial.state = TrialState::kRunning;
  trial.epochs = 0;
  trial.score = trial.loss = trial.seconds = 0;
  return trial;
}

std::optional<Trial> Study::begin_trial() {
  Database::Transaction transaction(database_);
  const std::vector<Trial> all = trials();
  const auto waiting = std::ranges::find(all, TrialState::kWaiting, &Trial::state);
  if (waiting != all.end()) {
    Trial trial = claim(*waiting);
    transaction.commit();
    return trial;
  }
  // Another process may have changed it.
  settings_.num_trials = read_num_trials(database_);
  if (std::ssize(all) >= settings_.num_trials) return std::nullopt;

  std::vector<TrialResult> results;
  for (const Trial& trial : all)
    if (trial.ended()) results.push_back(result_of(trial));
  Trial trial;
  trial.id = std::ssize(all) + 1;
  RandomStream random(settings_.seed, RandomPurpose::kTuning, static_cast<std::uint32_t>(trial.id));
  trial.point = sampler_->next(results, random);
  Database::Statement(database_,
                      "INSERT INTO trials (id, state, point, parameters, worker) "
                      "VALUES (?1, 'running', ?2, ?3, ?4)")
      .bind(trial.id)
      .bind(Json(trial.point).dump())
      .bind(parameters_json(settings_.space, trial.point))
      .bind(this_worker())
      .step();
  transaction.commit();
  return trial;
}

void Study::record_epoch(std::int64_t trial, std::int64_t epoch, double score, double loss,
                         double seconds) {
  Database::Transaction transaction(database_);
  Database::Statement(database_, "INSERT OR REPLACE INTO epochs VALUES (?1, ?2, ?3, ?4, ?5)")
      .bind(trial)
      .bind(epoch)
      .bind(score)
      .bind(loss)
      .bind(seconds)
      .step();
  Database::Statement(
      database_,
      "UPDATE trials SET epochs = ?2, seconds = ?3, "
      "val_loss = CASE WHEN ?4 > val_accuracy OR (?4 = val_accuracy AND ?5 < val_loss) OR "
      "epochs = 0 THEN ?5 ELSE val_loss END, val_accuracy = max(val_accuracy, ?4) WHERE id = ?1")
      .bind(trial)
      .bind(epoch)
      .bind(seconds)
      .bind(score)
      .bind(loss)
      .step();
  transaction.commit();
}

std::vector<double> Study::other_scores(std::int64_t trial, std::int64_t epoch) {
  // The best until then, because the final score of a trial is its best epoch, too.
  Database::Statement rows(database_,
                           "SELECT max(val_accuracy) FROM epochs WHERE trial <> ?1 AND epoch <= ?2 "
                           "GROUP BY trial HAVING max(epoch) = ?2");
  rows.bind(trial).bind(epoch);
  std::vector<double> scores;
  while (rows.step()) scores.push_back(rows.real(0));
  return scores;
}

void Study::end_trial(std::int64_t trial, TrialState state, const std::string& message) {
  Database::Statement(database_, "UPDATE trials SET state = ?2, message = ?3 WHERE id = ?1")
      .bind(trial)
      .bind(to_string(state))
      .bind(message)
      .step();
}

std::vector<Trial> Study::trials() {
  Database::Statement rows(database_, std::string(kTrialColumns) + "ORDER BY id");
  std::vector<Trial> all;
  while (rows.step()) all.push_back(read_trial(rows, settings_.space));
  Database::Statement scores(database_,
                             "SELECT trial, val_accuracy FROM fresh_seeds ORDER BY trial, number");
  while (scores.step()) {
    const auto trial = std::ranges::find(all, scores.integer(0), &Trial::id);
    if (trial != all.end()) trial->fresh_scores.push_back(scores.real(1));
  }
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

void Study::add_fresh_score(std::int64_t trial, double score) {
  Database::Statement(database_,
                      "INSERT INTO fresh_seeds SELECT ?1, count(*) + 1, ?2 FROM fresh_seeds "
                      "WHERE trial = ?1")
      .bind(trial)
      .bind(score)
      .step();
}

std::int64_t Study::reclaim_lost_trials(Lost which) {
  Database::Transaction transaction(database_);
  std::vector<std::int64_t> lost;
  {
    Database::Statement rows(database_, "SELECT id, worker FROM trials WHERE state = 'running'");
    while (rows.step()) {
      const std::string worker = rows.text(1);
      const bool elsewhere = host_of(worker) != host_name();
      if (is_lost(worker) || (elsewhere && which == Lost::kAll)) lost.push_back(rows.integer(0));
    }
  }
  for (const std::int64_t trial : lost) end_trial(trial, TrialState::kWaiting);
  transaction.commit();
  return std::ssize(lost);
}

std::vector<std::string> Study::other_machines() {
  std::set<std::string> machines;
  Database::Statement rows(database_, "SELECT worker FROM trials WHERE state = 'running'");
  while (rows.step()) machines.insert(host_of(rows.text(0)));
  machines.erase(host_name());
  return {machines.begin(), machines.end()};
}

Recipe recipe_of(const StudySettings& settings, const Trial& trial) {
  return recipe_at(settings.recipe, settings.space, trial.point);
}

}  // namespace digitry
