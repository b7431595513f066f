#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "digitry/report/gnuplot.h"

namespace digitry {

/// One searched value of a study.
struct StudyValue {
  std::string name;  ///< "optimizer.learning_rate"
  /// What coordinates 0 to 1 stand for, evenly spaced; of choices, one each in the middle of its
  /// part.
  std::vector<std::string> ticks;
  bool is_choice = false;
};

struct StudyTrial {
  std::int64_t id = 0;
  std::string state;                  ///< "finished", "stopped", "failed"...
  double score = 0;                   ///< Best validation accuracy.
  std::optional<double> fresh_score;  ///< Mean of the same over fresh seeds.
  std::int64_t epochs = 0;
  double seconds = 0;
  std::vector<double> coordinates;  ///< In [0, 1), one a value.
  std::vector<std::string> values;  ///< As a person reads them.
};

/// All that the page of a search shows.
struct StudyContent {
  std::string title;
  std::string recipe;  ///< The best one, TOML.
  std::vector<StudyValue> values;
  std::vector<StudyTrial> trials;
  std::int64_t best = 0;             ///< Id of the best trial.
  std::int64_t num_fresh_seeds = 0;  ///< Of the best trial.
};

/// Which of the choices, counted from 0, a coordinate in [0, 1) stands for. Expects `is_choice`.
std::size_t choice_at(const StudyValue& value, double coordinate);

/// How much of the score's variance over the trials with a score each value explains by itself, in
/// [0, 1]: the correlation ratio η² over the choices, or over five parts of a range.
/// Source: Pearson 1905; as a first look: values that only matter together explain little alone.
std::vector<double> explained_variance(const StudyContent& content);

/// Scores in the order of the trials, and the best so far.
Figure study_course_figure(const StudyContent& content);

/// Scores against one value.
Figure study_value_figure(const StudyContent& content, std::size_t value);

/// A page like a run's report: best accuracy over the trials, each value against it, how much each
/// explains, all values in parallel, and the trials.
/// Throws Error{kUnavailable} where gnuplot is not installed.
std::string render_study_html(const StudyContent& content);

}  // namespace digitry
