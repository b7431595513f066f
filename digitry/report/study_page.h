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
  /// Texts of the values at evenly spaced coordinates from 0 to 1. For choices: one per choice, in
  /// the middle of its part.
  std::vector<std::string> ticks;
  bool is_choice = false;
};

struct StudyTrial {
  std::int64_t id = 0;
  std::string state;                  ///< "finished", "stopped", "failed"...
  double score = 0;                   ///< Best validation accuracy.
  std::optional<double> fresh_score;  ///< Mean accuracy over fresh seeds.
  std::int64_t epochs = 0;
  double seconds = 0;
  std::vector<double> coordinates;  ///< In [0, 1), one per value.
  std::vector<std::string> values;  ///< Readable texts, one per value.
};

/// The content of the page of a study.
struct StudyContent {
  std::string title;
  std::string recipe;  ///< The best recipe, TOML.
  std::vector<StudyValue> values;
  std::vector<StudyTrial> trials;
  std::int64_t best = 0;             ///< Id of the best trial.
  std::int64_t num_fresh_seeds = 0;  ///< Fresh seeds of the best trial.
};

/// The index of the choice at a coordinate in [0, 1). Expects `is_choice`.
std::size_t choice_at(const StudyValue& value, double coordinate);

/// For each value, the share of the variance of the scores that it explains by itself, in [0, 1]:
/// the correlation ratio η² over the choices, or over five parts of a range. Only trials with a
/// score count. Values that matter only in combination explain little by themselves. Source:
/// Pearson 1905.
std::vector<double> explained_variance(const StudyContent& content);

/// The score of each trial, in order, and the best so far.
Figure study_course_figure(const StudyContent& content);

/// Scores over one value.
Figure study_value_figure(const StudyContent& content, std::size_t value);

/// Renders a page in the style of a run's report: accuracy over the trials, accuracy over each
/// value and the variance it explains, parallel coordinates, and a table of trials. Throws
/// Error{kUnavailable} if gnuplot is not installed, and Error{kShapeMismatch} if trials and values
/// do not fit together.
std::string render_study_html(const StudyContent& content);

}  // namespace digitry
