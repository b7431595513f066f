#include "digitry/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "digitry/base/text.h"
#include "digitry/report/gnuplot.h"

namespace digitry {
namespace {

using figure_style::kGrid;
using figure_style::kInk;
using figure_style::kMarker;
using figure_style::kPanelHeight;
using figure_style::kPanelWidth;
using figure_style::kTraining;
using figure_style::kValidation;

constexpr std::pair<const char*, const char*> kThemeVariables[] = {
    {kTraining, "var(--training)"}, {kValidation, "var(--validation)"}, {kInk, "var(--muted)"},
    {kGrid, "var(--line)"},         {kMarker, "var(--muted)"},
};

constexpr std::size_t kMaxMarkedEpochs = 40;

struct Curve {
  const char* title;
  double EpochRecord::*training;
  std::optional<double> EpochRecord::*validation;
  double scale;
};

constexpr Curve kLoss{"Loss (nats)", &EpochRecord::loss, &EpochRecord::val_loss, 1};
constexpr Curve kAccuracy{"Accuracy (%)", &EpochRecord::accuracy, &EpochRecord::val_accuracy, 100};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// The smallest step of 1, 2 or 5 times a power of ten that gives at most `max_ticks` ticks.
std::int64_t tick_step(std::int64_t extent, std::int64_t max_ticks) {
  for (std::int64_t power = 1;; power *= 10) {
    for (const std::int64_t step : {power, 2 * power, 5 * power}) {
      if (extent / step <= max_ticks) return step;
    }
  }
}

/// Ticks with equal numbers of decimals: 0.05, 0.10 instead of gnuplot's 0.05, 0.1.
std::string y_tics(const Range& range) {
  const double extent = range.high - range.low;
  const int exponent = static_cast<int>(std::floor(std::log10(extent / 4)));
  const double power = std::pow(10, exponent);
  double step = power;
  for (const double multiple : {2.0, 5.0}) {
    if (extent / (multiple * power) >= 4) step = multiple * power;
  }
  return fmt::format("set ytics {}\nset format y '%.{}f'\n", step, std::max(0, -exponent));
}

const EpochRecord* find_epoch(const History& history, std::int64_t epoch) {
  for (const EpochRecord& record : history.epochs) {
    if (record.epoch == epoch) return &record;
  }
  return nullptr;
}

std::string cell(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : "NaN";
}

std::string panel(const History& history, const Curve& curve) {
  const std::int64_t first = history.epochs.front().epoch, last = history.epochs.back().epoch;
  const double padding = std::max(0.5, 0.02 * static_cast<double>(last - first));
  std::string rows;
  Range range;
  bool validated = false;
  for (const EpochRecord& record : history.epochs) {
    const double training = record.*curve.training * curve.scale;
    const double validation =
        (record.*curve.validation).value_or(std::numeric_limits<double>::quiet_NaN()) * curve.scale;
    validated = validated || std::isfinite(validation);
    range.include(training);
    range.include(validation);
    rows += fmt::format("{} {} {}\n", record.epoch, cell(training), cell(validation));
  }
  // Losses can fall by orders of magnitude; the axis is then logarithmic.
  const bool logarithmic = &curve == &kLoss && range.low > 0 && range.high > 30 * range.low;

  std::string text = fmt::format(
      "reset\n$rows << EOD\n{}EOD\n"
      "set lmargin 6.5\nset rmargin 1.5\nset tmargin 4\nset bmargin 3.2\n"
      "set border 3 lc rgb '{ink}' lw 0.8\n"
      "set tics nomirror out scale 0.5 textcolor rgb '{ink}'\n"
      "set grid y lc rgb '{grid}' lt 1 lw 0.8\n"
      "set xrange [{}:{}]\nset xtics {}\nset xlabel 'Epoch' textcolor rgb '{ink}' offset 0,0.4\n"
      "set label 1 '{}' at graph 0,1.19 left textcolor rgb '{ink}'\n"
      "set key at graph 1.01, 1.225 right horizontal samplen 1.6 width -1 textcolor rgb '{ink}'\n",
      rows, static_cast<double>(first) - padding, static_cast<double>(last) + padding,
      tick_step(last - first, 10), curve.title, fmt::arg("ink", kInk), fmt::arg("grid", kGrid));
  if (logarithmic) text += "set logscale y\n";
  if (!(range.low < range.high)) {
    const double middle = std::isfinite(range.low) ? range.low : 0;
    const double margin = middle == 0 ? 1 : 0.1 * std::abs(middle);
    range = {middle - margin, middle + margin};
    text += fmt::format("set yrange [{}:{}]\n", range.low, range.high);
  }
  if (!logarithmic) text += y_tics(range);

  const std::string style = history.epochs.size() > kMaxMarkedEpochs
                                ? "with lines lw 1.8"
                                : "with linespoints lw 1.8 pt 7 ps 0.32";
  std::string plots =
      fmt::format("plot $rows using 1:2 {} lc rgb '{}' title 'training'", style, kTraining);
  if (validated) {
    plots += fmt::format(", $rows using 1:3 {} lc rgb '{}' title 'validation'", style, kValidation);
  }
  if (const EpochRecord* best = find_epoch(history, history.best_epoch)) {
    text += fmt::format(
        "set arrow 1 from first {0}, graph 0 to first {0}, graph 1 nohead back lc rgb '{1}' lw 1 "
        "dt (4,4)\n"
        "set label 2 'best: epoch {0}' at first {0}, graph 1.045 {2} textcolor rgb '{3}'\n",
        best->epoch, kMarker,
        last == first                                    ? "center"
        : 4 * (best->epoch - first) > 3 * (last - first) ? "right"
        : 4 * (best->epoch - first) < last - first       ? "left"
                                                         : "center",
        kInk);
    const bool on_validation = (best->*curve.validation).has_value();
    const double value = on_validation ? *(best->*curve.validation) : best->*curve.training;
    if (std::isfinite(value)) {
      plots += fmt::format(
          ", '+' using ({}):({}) every ::::0 with points pt 6 ps 0.9 lw 1.8 lc rgb '{}' notitle",
          best->epoch, value * curve.scale, on_validation ? kValidation : kTraining);
    }
  }
  return text + plots + "\n";
}

}  // namespace

Figure curves_figure(const History& history) {
  return {2 * kPanelWidth, kPanelHeight,
          "set multiplot layout 1,2\n" + panel(history, kLoss) + panel(history, kAccuracy) +
              "unset multiplot"};
}

Figure loss_figure(const History& history) {
  return {kPanelWidth, kPanelHeight, panel(history, kLoss)};
}

Figure accuracy_figure(const History& history) {
  return {kPanelWidth, kPanelHeight, panel(history, kAccuracy)};
}

std::string themed_svg(std::string svg, const std::string& id_prefix) {
  const auto drop = [&svg](const std::string& from, const std::string& to) {
    const std::size_t begin = svg.find(from);
    if (begin == std::string::npos) return;
    const std::size_t end = svg.find(to, begin + from.size());
    if (end != std::string::npos) svg.erase(begin, end + to.size() - begin);
  };
  // Without a font of its own, text takes the page's font.
  svg = replace_all(std::move(svg),
                    " font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\"", "");
  svg.erase(0, std::min(svg.find("<svg"), svg.size()));
  drop("width=\"", "\"");
  drop("height=\"", "\"");
  drop("<defs>", "</defs>");
  // Keeps only the circles, the only definitions of gnuplot that are used.
  svg = replace_all(std::move(svg), "<g id=\"gnuplot_canvas\">",
                    "<defs><circle id='gpPt5' stroke-width='0.3' stroke='currentColor' r='1'/>"
                    "<circle id='gpPt6' fill='currentColor' r='1'/></defs><g>");
  svg = replace_all(std::move(svg), "gpPt", id_prefix);
  svg = replace_all(std::move(svg), "gnuplot_plot_", id_prefix + "curve-");
  for (const auto& [colour, variable] : kThemeVariables) {
    const auto rgb = static_cast<unsigned>(std::stoul(colour + 1, nullptr, 16));
    const unsigned r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;
    svg = replace_all(std::move(svg), fmt::format("rgb({:3}, {:3}, {:3})", r, g, b), variable);
    svg = replace_all(std::move(svg), fmt::format("rgb({},{},{})", r, g, b), variable);
  }
  return svg;
}

Figure reliability_figure(const Evaluation& evaluation) {
  std::string rows;
  for (const ReliabilityBin& bin : evaluation.calibration.bins)
    if (bin.num_images > 0)
      rows += fmt::format("{:.6g} {:.6g} {:.6g} {}\n", 50 * (bin.low + bin.high),
                          100 * (bin.high - bin.low), 100 * bin.accuracy, bin.num_images);
  return {figure_style::kPanelWidth, figure_style::kPanelHeight,
          fmt::format(
              "reset\n$rows << EOD\n{rows}EOD\n"
              "set lmargin 6.5\nset rmargin 1.5\nset tmargin 4\nset bmargin 3.2\n"
              "set border 3 lc rgb '{text}' lw 0.8\n"
              "set tics nomirror out scale 0.5 textcolor rgb '{text}'\n"
              "set grid y lc rgb '{lines}' lt 1 lw 0.8\n"
              "set xrange [0:100]\nset yrange [0:110]\nset xtics 20\nset ytics 20\n"
              "set xlabel 'Predicted probability (%)' textcolor rgb '{text}' offset 0,0.4\n"
              "set label 1 'Correct (%), and number of images' at graph 0,1.19 left "
              "textcolor rgb '{text}'\n"
              "set arrow 1 from 0,0 to 100,100 nohead front lc rgb '{diagonal}' lw 1 dt (4,4)\n"
              "set style fill solid 0.85 noborder\nunset key\n"
              "plot $rows using 1:3:($2*0.9) with boxes lc rgb '{bar}', "
              "$rows using 1:3:(sprintf('%d',$4)) with labels offset 0,0.6 font ',9' "
              "textcolor rgb '{text}'\n",
              fmt::arg("rows", rows), fmt::arg("text", figure_style::kInk),
              fmt::arg("lines", figure_style::kGrid), fmt::arg("diagonal", figure_style::kMarker),
              fmt::arg("bar", figure_style::kTraining))};
}

}  // namespace digitry
