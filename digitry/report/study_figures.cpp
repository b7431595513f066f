#include "digitry/report/study_figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "digitry/base/text.h"
#include "digitry/report/figure_style.h"

namespace digitry {
namespace {

using figure_style::kGrid;
using figure_style::kInk;
using figure_style::kMarker;
using figure_style::kPanelHeight;
using figure_style::kPanelWidth;
using figure_style::kTraining;
using figure_style::kValidation;

bool has_score(const StudyTrial& trial) {
  return trial.state == "finished" || trial.state == "stopped";
}

// Scores in percent from the tenth worst in a hundred upwards: hopeless trials would press the
// others together.
std::string score_range(const StudyContent& content) {
  std::vector<double> scores;
  for (const StudyTrial& trial : content.trials)
    if (has_score(trial)) scores.push_back(100 * trial.score);
  if (scores.empty()) return "[0:100]";
  std::ranges::sort(scores);
  const double low = scores[scores.size() / 10];
  const double high = scores.back();
  const double margin = std::max(0.05, (high - low) / 12);
  return fmt::format("[{:.6g}:{:.6g}]", low - margin, std::min(high + margin, 100 + margin));
}

std::string frame(const StudyContent& content, const std::string& title, const std::string& x) {
  return fmt::format(
      "set lmargin 8\nset rmargin 2\nset tmargin 3\nset bmargin 3.6\n"
      "set border 3 lc rgb '{ink}' lw 0.8\n"
      "set tics nomirror out scale 0.5 textcolor rgb '{ink}'\n"
      "set grid y lc rgb '{mesh}' lt 1 lw 0.8\nset yrange {range}\n"
      "set label 1 {title} at graph 0,1.1 left textcolor rgb '{ink}'\n"
      "set xlabel {x} textcolor rgb '{ink}'\nunset key\n",
      fmt::arg("ink", kInk), fmt::arg("mesh", kGrid), fmt::arg("range", score_range(content)),
      fmt::arg("title", gnuplot_quoted(title)), fmt::arg("x", gnuplot_quoted(x)));
}

// Choices lie where their ticks do.
double place(const StudyValue& value, double coordinate) {
  if (!value.is_choice) return coordinate;
  return (static_cast<double>(choice_at(value, coordinate)) + 0.5) /
         static_cast<double>(value.ticks.size());
}

std::string x_tics(const StudyValue& value) {
  std::string tics;
  const auto count = static_cast<double>(value.ticks.size());
  for (std::size_t i = 0; i < value.ticks.size(); ++i) {
    const auto place = static_cast<double>(i);
    const double x = value.is_choice ? (place + 0.5) / count : place / std::max(1.0, count - 1);
    tics += fmt::format("{}{} {:.6g}", tics.empty() ? "" : ", ",
                        gnuplot_quoted(elided(clean_utf8(value.ticks[i]), 12)), x);
  }
  return fmt::format("set xrange [-0.03:1.03]\nset xtics ({})\n", tics);
}

}  // namespace

Figure study_course_figure(const StudyContent& content) {
  std::string finished = "$finished << EOD\n";
  std::string stopped = "$stopped << EOD\n";
  std::string best = "$best << EOD\n";
  double so_far = 0;
  for (const StudyTrial& trial : content.trials) {
    if (!has_score(trial)) continue;
    (trial.state == "finished" ? finished : stopped) +=
        fmt::format("{} {:.6g}\n", trial.id, 100 * trial.score);
    if (trial.state == "finished") so_far = std::max(so_far, trial.score);
    if (so_far > 0) best += fmt::format("{} {:.6g}\n", trial.id, 100 * so_far);
  }
  // An empty data block is an error to gnuplot.
  return {2 * kPanelWidth, kPanelHeight,
          finished + "NaN NaN\nEOD\n" + stopped + "NaN NaN\nEOD\n" + best + "NaN NaN\nEOD\n" +
              frame(content, "Validation accuracy (%)", "Trial") +
              fmt::format("set xrange [0:{}]\n", content.trials.size() + 1) +
              fmt::format("plot $stopped using 1:2 with points pt 6 ps 0.5 lc rgb '{}', "
                          "$finished using 1:2 with points pt 7 ps 0.5 lc rgb '{}', "
                          "$best using 1:2 with steps lw 1.8 lc rgb '{}'\n",
                          kMarker, kTraining, kValidation)};
}

Figure study_value_figure(const StudyContent& content, std::size_t value) {
  std::string finished = "$finished << EOD\n";
  std::string stopped = "$stopped << EOD\n";
  for (const StudyTrial& trial : content.trials)
    if (has_score(trial))
      (trial.state == "finished" ? finished : stopped) +=
          fmt::format("{:.6g} {:.6g}\n", place(content.values[value], trial.coordinates[value]),
                      100 * trial.score);
  return {kPanelWidth, kPanelHeight,
          finished + "NaN NaN\nEOD\n" + stopped + "NaN NaN\nEOD\n" +
              frame(content, "Validation accuracy (%)", clean_utf8(content.values[value].name)) +
              x_tics(content.values[value]) +
              fmt::format("plot $stopped using 1:2 with points pt 6 ps 0.5 lc rgb '{}', "
                          "$finished using 1:2 with points pt 7 ps 0.5 lc rgb '{}'\n",
                          kMarker, kTraining)};
}

}  // namespace digitry
