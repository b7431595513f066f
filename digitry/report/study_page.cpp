#include "digitry/report/study_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <kainjow/mustache.hpp>

#include "digitry/base/error.h"
#include "digitry/base/text.h"
#include "digitry/report/figures.h"
#include "digitry/report/gnuplot.h"
#include "digitry/report/run_page.h"
#include "digitry_embedded/report_css.h"
#include "digitry_embedded/study_html.h"

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

// The range of scores in percent, from the 10th percentile upwards: very bad trials would squeeze
// the others together.
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

// The coordinate of a trial on the axis; choices are placed at their ticks.
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
  // gnuplot rejects an empty data block.
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

namespace {

using kainjow::mustache::data;

constexpr std::size_t kParts = 5;
constexpr std::size_t kMaxRows = 500;
constexpr std::size_t kMaxLines = 300;

std::string html_escaped(std::string text) {
  for (const auto& [from, to] : {std::pair("&", "&amp;"), {"<", "&lt;"}, {">", "&gt;"}})
    text = replace_all(std::move(text), from, to);
  return text;
}

bool is_scored(const StudyTrial& trial) {
  return trial.state == "finished" || trial.state == "stopped";
}

std::vector<const StudyTrial*> scored_best_last(const StudyContent& content) {
  std::vector<const StudyTrial*> scored;
  for (const StudyTrial& trial : content.trials)
    if (is_scored(trial)) scored.push_back(&trial);
  std::ranges::stable_sort(scored, {}, &StudyTrial::score);
  return scored;
}

// The index of the part that contains `coordinate`, if [0, 1) is divided into equal parts.
std::size_t part_of(double coordinate, std::size_t parts) {
  return std::min(static_cast<std::size_t>(coordinate * static_cast<double>(parts)), parts - 1);
}

// The place of a trial on the axis of a value, in [0, 1]; choices are placed at their ticks.
double axis_place(const StudyValue& value, double coordinate) {
  if (!value.is_choice) return coordinate;
  const std::size_t last = value.ticks.size() - 1;
  return last > 0 ? static_cast<double>(choice_at(value, coordinate)) / static_cast<double>(last)
                  : 0.5;
}

// One line per trial across one axis per value. Better trials have stronger lines.
std::string parallel_svg(const StudyContent& content) {
  constexpr double kWidth = 940;
  constexpr double kTop = 26;
  constexpr double kBottom = 250;
  constexpr double kMargin = 60;
  const std::size_t axes = content.values.size() + 1;
  const auto x_of = [&](std::size_t axis) {
    return kMargin + (kWidth - 2 * kMargin) * static_cast<double>(axis) /
                         static_cast<double>(std::max<std::size_t>(axes - 1, 1));
  };
  const auto y_of = [&](double coordinate) { return kBottom - (kBottom - kTop) * coordinate; };
  std::vector<const StudyTrial*> trials = scored_best_last(content);
  if (trials.size() > kMaxLines) trials.erase(trials.begin(), trials.end() - kMaxLines);

  std::string svg = fmt::format("<svg viewBox=\"0 0 {} 285\" role=\"presentation\">", kWidth);
  const double lowest = trials.empty() ? 0 : trials.front()->score;
  const double highest = trials.empty() ? 1 : trials.back()->score;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const StudyTrial& trial = *trials[i];
    std::string points;
    for (std::size_t axis = 0; axis + 1 < axes; ++axis)
      points += fmt::format("{:.1f},{:.1f} ", x_of(axis),
                            y_of(axis_place(content.values[axis], trial.coordinates[axis])));
    points += fmt::format("{:.1f},{:.1f}", x_of(axes - 1),
                          y_of(highest > lowest ? (trial.score - lowest) / (highest - lowest) : 1));
    const double rank = static_cast<double>(i + 1) / static_cast<double>(trials.size());
    const bool best = trial.id == content.best;
    svg += fmt::format(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"var(--{})\" stroke-width=\"{}\" "
        "opacity=\"{:.2f}\"/>",
        points, best ? "validation" : "training", best ? 2.5 : 1.2,
        best ? 1 : 0.06 + 0.6 * std::pow(rank, 3));
  }
  const auto text = [&](double x, double y, const std::string& words) {
    svg += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"12\" "
        "fill=\"var(--muted)\">{}</text>",
        x, y, html_escaped(elided(clean_utf8(words), 22)));
  };
  for (std::size_t axis = 0; axis < axes; ++axis) {
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" "
        "stroke=\"var(--muted)\"/>",
        x_of(axis), kTop, kBottom);
    const bool of_score = axis + 1 == axes;
    if (of_score) {
      text(x_of(axis), kTop - 8, percent_number(highest, 2));
      text(x_of(axis), kBottom + 14, percent_number(lowest, 2));
      text(x_of(axis), kBottom + 29, "accuracy, %");
      continue;
    }
    const StudyValue& value = content.values[axis];
    text(x_of(axis), kTop - 8, value.ticks.back());
    text(x_of(axis), kBottom + 14, value.ticks.front());
    text(x_of(axis), kBottom + 29, value.name.substr(value.name.rfind('.') + 1));
  }
  return svg + "</svg>";
}

data trial_rows(const StudyContent& content, std::size_t most) {
  std::vector<const StudyTrial*> order;
  for (const StudyTrial& trial : content.trials) order.push_back(&trial);
  std::ranges::stable_sort(order, [](const StudyTrial* a, const StudyTrial* b) {
    return std::pair(is_scored(*a), a->score) > std::pair(is_scored(*b), b->score);
  });
  data rows{data::type::list};
  for (std::size_t i = 0; i < std::min(order.size(), most); ++i) {
    const StudyTrial& trial = *order[i];
    data values{data::type::list};
    for (const std::string& value : trial.values) {
      data cell;
      cell.set("value", clean_utf8(value));
      values.push_back(cell);
    }
    data row;
    row.set("id", fmt::format("{}", trial.id));
    row.set("best", trial.id == content.best);
    row.set("state", clean_utf8(trial.state));
    row.set("score", is_scored(trial) ? percent_number(trial.score, 2) : std::string("–"));
    row.set("fresh_score",
            trial.fresh_score ? percent_number(*trial.fresh_score, 2) : std::string("–"));
    row.set("epochs", fmt::format("{}", trial.epochs));
    row.set("seconds", fmt::format("{:.1f}", trial.seconds));
    row.set("values", values);
    rows.push_back(row);
  }
  return rows;
}

data value_rows(const StudyContent& content, std::vector<std::string> svgs) {
  const std::vector<double> explained = explained_variance(content);
  std::vector<std::size_t> order(content.values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return explained[i]; });
  data rows{data::type::list};
  for (const std::size_t i : order) {
    data row;
    row.set("name", clean_utf8(content.values[i].name));
    row.set("explained", fmt::format("{:.0f}", 100 * explained[i]));
    row.set("svg", themed_svg(std::move(svgs[i]), fmt::format("value-{}-", i)));
    rows.push_back(row);
  }
  return rows;
}

std::int64_t count_state(const StudyContent& content, const char* state) {
  return std::ranges::count(content.trials, state, &StudyTrial::state);
}

void check_study(const StudyContent& content) {
  for (const StudyTrial& trial : content.trials)
    if (trial.coordinates.size() != content.values.size() ||
        trial.values.size() != content.values.size())
      throw Error(ErrorCode::kShapeMismatch, "study page: trial {}: expected {} values, got {}",
                  trial.id, content.values.size(), trial.coordinates.size());
  for (const StudyValue& value : content.values)
    if (value.ticks.empty())
      throw Error(ErrorCode::kShapeMismatch, "study page: '{}': expected ticks, got none",
                  value.name);
}

}  // namespace

std::size_t choice_at(const StudyValue& value, double coordinate) {
  return part_of(coordinate, value.ticks.size());
}

std::vector<double> explained_variance(const StudyContent& content) {
  std::vector<const StudyTrial*> scored = scored_best_last(content);
  const auto count = static_cast<double>(scored.size());
  double mean = 0;
  for (const StudyTrial* trial : scored) mean += trial->score / count;
  double total = 0;
  for (const StudyTrial* trial : scored) total += std::pow(trial->score - mean, 2);

  std::vector<double> explained(content.values.size());
  // A smaller variance is rounding error.
  constexpr double kLeastVariance = 1e-12;
  for (std::size_t v = 0; v < content.values.size() && total > kLeastVariance; ++v) {
    const StudyValue& value = content.values[v];
    const std::size_t parts = value.is_choice ? value.ticks.size() : kParts;
    std::vector<double> sums(parts);
    std::vector<double> counts(parts);
    for (const StudyTrial* trial : scored) {
      const std::size_t part = part_of(trial->coordinates[v], parts);
      sums[part] += trial->score;
      counts[part] += 1;
    }
    for (std::size_t part = 0; part < parts; ++part)
      if (counts[part] > 0)
        explained[v] += counts[part] * std::pow(sums[part] / counts[part] - mean, 2) / total;
  }
  return explained;
}

void add_trials(data& page, const StudyContent& content, std::size_t most) {
  const auto best = std::ranges::find(content.trials, content.best, &StudyTrial::id);
  page.set("has_best", best != content.trials.end());
  page.set("has_fresh", content.num_fresh_seeds > 0);
  page.set("num_fresh", fmt::format("{}", content.num_fresh_seeds));
  if (best != content.trials.end()) {
    page.set("best_score", percent_number(best->score, 2));
    page.set("final_score", percent_number(best->fresh_score.value_or(best->score), 2));
  }
  page.set("best_id", fmt::format("{}", content.best));
  page.set("num_trials", grouped(std::ssize(content.trials)));
  page.set("num_finished", grouped(count_state(content, "finished")));
  page.set("num_stopped", grouped(count_state(content, "stopped")));
  page.set("num_failed", grouped(count_state(content, "failed")));
  data names{data::type::list};
  for (const StudyValue& value : content.values) {
    data name;
    name.set("name", clean_utf8(value.name));
    names.push_back(name);
  }
  page.set("names", names);
  page.set("trials", trial_rows(content, most));
  page.set("trials_are_cut", content.trials.size() > most);
}

std::string render_study_html(const StudyContent& content) {
  check_study(content);
  std::vector<Figure> figures{study_course_figure(content)};
  for (std::size_t i = 0; i < content.values.size(); ++i)
    figures.push_back(study_value_figure(content, i));
  std::vector<FigureJob> jobs;
  for (const Figure& figure : figures) jobs.push_back({figure, FigureFormat::kSvgClear});
  std::vector<std::string> svgs = draw(jobs);

  data page;
  page.set("css", std::string(embedded::report_css()));
  page.set("title", clean_utf8(content.title));
  add_trials(page, content, kMaxRows);
  page.set("course_svg", themed_svg(std::move(svgs[0]), "course-"));
  svgs.erase(svgs.begin());
  page.set("searched", value_rows(content, std::move(svgs)));
  page.set("parallel_svg", parallel_svg(content));
  page.set("recipe", clean_utf8(content.recipe));

  kainjow::mustache::mustache page_template{std::string(embedded::study_html())};
  std::string html = page_template.render(page);
  if (!page_template.is_valid())
    throw Error(ErrorCode::kInvalidArgument, "study.html.mustache: {}",
                page_template.error_message());
  return html;
}

}  // namespace digitry
