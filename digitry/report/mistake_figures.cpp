#include <fmt/format.h>

#include <algorithm>

#include "digitry/base/text.h"
#include "digitry/report/attribution.h"
#include "digitry/report/figures.h"

namespace digitry {
namespace {

// Blues for correct predictions, oranges for mistakes: distinguishable with any colour vision.
constexpr const char* kRight[kHeatLevels + 1] = {"#ffffff", "#eef4fa", "#dde9f4",
                                                 "#c8dbed", "#afcbe5", "#90b6da",
                                                 "#6e9fcd", "#4a85bc", "#2f6aa3"};
constexpr const char* kWrong[kHeatLevels + 1] = {"#ffffff", "#fff0e0", "#fee0c2",
                                                 "#fdcb9b", "#fdb274", "#f8954c",
                                                 "#ea7527", "#c24f08", "#8f3704"};
constexpr int kFirstWhiteText = 7;

constexpr std::size_t kMaxAxisName = 16;

struct Layout {
  int cell, name_font, count_font, left, bottom, side;
  bool names_upright;
};

Layout layout_of(const std::vector<std::string>& names) {
  const int num_classes = static_cast<int>(names.size());
  std::size_t longest = 1;
  for (const std::string& name : names) longest = std::max(longest, num_code_points(name));
  Layout layout{};
  layout.cell = std::clamp(440 / num_classes, 20, 110);
  layout.name_font = std::clamp(layout.cell * 6 / 10, 9, 13);
  layout.count_font = std::clamp(layout.cell * 2 / 5, 8, 13);
  const int name_width =
      static_cast<int>(kCharacterWidth * layout.name_font / 13 * static_cast<double>(longest));
  layout.names_upright = name_width > layout.cell - 2;
  layout.left = 44 + name_width;
  layout.bottom = 44 + (layout.names_upright ? name_width : layout.name_font);
  layout.side = num_classes * layout.cell;
  return layout;
}

/// The names beside and below the cells, as labels, because gnuplot reads tick labels as formats.
std::string name_labels(const std::vector<std::string>& names, const Layout& layout,
                        const Figure& figure) {
  const double x = layout.left - 8.0;
  const double y = layout.bottom - (layout.names_upright ? 8.0 : 6.0 + 0.7 * layout.name_font);
  std::string text;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const std::string name = gnuplot_quoted(names[c]);
    const std::string style = fmt::format("textcolor rgb '#333333' font ',{}'", layout.name_font);
    text += fmt::format("set label {} at screen {}, first {} right {}\n", name, x / figure.width, c,
                        style);
    text += fmt::format("set label {} at first {}, screen {} {} {}\n", name, c, y / figure.height,
                        layout.names_upright ? "right rotate by 90" : "center", style);
  }
  return text;
}

}  // namespace

Figure confusion_figure(const Evaluation& evaluation) {
  std::vector<std::string> names;
  for (const std::string& name : evaluation.class_names) {
    names.push_back(elided(clean_utf8(name), kMaxAxisName));
  }
  const Layout layout = layout_of(names);
  const int margin = 16;
  Figure figure{layout.left + layout.side + margin, margin + layout.side + layout.bottom, ""};

  const std::int64_t largest = largest_mistake(evaluation.confusion);
  std::string boxes, counts;
  for (std::size_t label = 0; label < names.size(); ++label) {
    for (std::size_t predicted = 0; predicted < names.size(); ++predicted) {
      const std::int64_t count = evaluation.confusion[label][predicted];
      if (count == 0) continue;
      const bool right = label == predicted;
      const int level =
          right ? recall_level(evaluation.per_class[label].recall) : mistake_level(count, largest);
      boxes += fmt::format("{} {} 0x{}\n", predicted, label, (right ? kRight : kWrong)[level] + 1);
      counts += fmt::format("{} {} {} {}\n", predicted, label, count,
                            level >= kFirstWhiteText ? "0xffffff" : "0x1a1a1a");
    }
  }
  figure.commands = fmt::format(
      "$boxes << EOD\n{boxes}EOD\n$counts << EOD\n{counts}EOD\n"
      "set lmargin at screen {left}\nset rmargin at screen {right}\n"
      "set bmargin at screen {bottom}\nset tmargin at screen {top}\n"
      "set xrange [-0.5:{last}.5]\nset yrange [{last}.5:-0.5]\n"
      "set border 15 lc rgb '#999999' lw 0.8\n"
      "unset tics\n"
      "set label 1 'Predicted class' at screen {middle_x}, screen {label_y} center "
      "textcolor rgb '#333333'\n"
      "set label 2 'True class' at screen {label_x}, screen {middle_y} center rotate "
      "textcolor rgb '#333333'\n"
      "set style fill solid 1 noborder\nunset key\n",
      fmt::arg("boxes", boxes), fmt::arg("counts", counts), fmt::arg("last", names.size() - 1),
      fmt::arg("left", 1.0 * layout.left / figure.width),
      fmt::arg("right", 1.0 * (layout.left + layout.side) / figure.width),
      fmt::arg("bottom", 1.0 * layout.bottom / figure.height),
      fmt::arg("top", 1.0 * (layout.bottom + layout.side) / figure.height),
      fmt::arg("middle_x", (layout.left + 0.5 * layout.side) / figure.width),
      fmt::arg("middle_y", (layout.bottom + 0.5 * layout.side) / figure.height),
      fmt::arg("label_x", 16.0 / figure.width), fmt::arg("label_y", 14.0 / figure.height));
  figure.commands += name_labels(names, layout, figure);
  // Lines between the cells, over the boxes.
  for (std::size_t c = 1; c < names.size(); ++c) {
    figure.commands += fmt::format(
        "set arrow from {0}-0.5, graph 0 to {0}-0.5, graph 1 nohead front lc rgb '#e4e4e4' lw 0.6\n"
        "set arrow from graph 0, first {0}-0.5 to graph 1, first {0}-0.5 nohead front lc rgb "
        "'#e4e4e4' lw 0.6\n",
        c);
  }
  figure.commands += fmt::format(
      "plot $boxes using 1:2:(0.5):(0.5):3 with boxxyerror lc rgb variable, "
      "$counts using 1:2:3:4 with labels font ',{}' tc rgb variable",
      layout.count_font);
  return figure;
}

namespace {

constexpr std::size_t kMaxImages = 24;
constexpr std::size_t kMaxCaptionName = 14;
constexpr int kFigureWidth = 920;
constexpr int kMaxDrawnSide = 84;
constexpr int kCaptionHeight = 44;

}  // namespace

Figure mistakes_figure(const Evaluation& evaluation, const Thumbnailer& thumbnailer) {
  const std::size_t count = std::min(kMaxImages, evaluation.mistakes.size());
  std::vector<std::string> captions;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const LabelledPrediction& mistake = evaluation.mistakes[i];
    const auto name = [&](std::int32_t c) {
      return elided(clean_utf8(evaluation.class_names.at(static_cast<std::size_t>(c))),
                    kMaxCaptionName);
    };
    captions.push_back(name(mistake.label) + " → " + name(mistake.predicted));
    longest = std::max(longest, num_code_points(captions.back()));
  }

  const double side = static_cast<double>(std::max(thumbnailer.width(), thumbnailer.height()));
  const double zoom = kMaxDrawnSide / side;
  const double width = zoom * static_cast<double>(thumbnailer.width());
  const double height = zoom * static_cast<double>(thumbnailer.height());
  const int cell_width =
      std::clamp(static_cast<int>(kCharacterWidth * static_cast<double>(longest)) + 14,
                 kMaxDrawnSide + 28, 230);
  const int cell_height = static_cast<int>(height) + kCaptionHeight + 14;
  const int columns = std::min(kFigureWidth / cell_width, static_cast<int>(count));
  const int rows = (static_cast<int>(count) + columns - 1) / columns;
  Figure figure{columns * cell_width, rows * cell_height + 8, ""};

  // One unit is one pixel of the figure, from its lower left corner.
  figure.commands = fmt::format(
      "set lmargin at screen 0\nset rmargin at screen 1\nset bmargin at screen 0\n"
      "set tmargin at screen 1\nset xrange [0:{}]\nset yrange [0:{}]\n"
      "unset border\nunset tics\nunset key\n",
      figure.width, figure.height);
  std::string plots, pixels;
  for (std::size_t i = 0; i < count; ++i) {
    const LabelledPrediction& mistake = evaluation.mistakes[i];
    const int column = static_cast<int>(i) % columns, row = static_cast<int>(i) / columns;
    const double middle = (column + 0.5) * cell_width;
    const double left = middle - width / 2;
    const double bottom = figure.height - 8 - row * cell_height - height;
    figure.commands += fmt::format(
        "set object {} rectangle from {},{} to {},{} front fs empty border lc rgb '#bbbbbb' lw "
        "0.7\n"
        "set label {} {} at {},{} center textcolor rgb '#1a1a1a'\n"
        "set label {} '{}' at {},{} center textcolor rgb '#555555' font ',11'\n",
        i + 1, left, bottom, left + width, bottom + height, 2 * i + 1, gnuplot_quoted(captions[i]),
        middle, bottom - 13, 2 * i + 2, probability_text(mistake.probability), middle, bottom - 30);
    plots += fmt::format(
        "{}'-' binary array=({},{}) flipy format='%uchar' dx={} dy={} origin=({},{}) "
        "using (255-$1):(255-$1):(255-$1) with rgbimage",
        i == 0 ? "plot " : ", ", thumbnailer.width(), thumbnailer.height(), zoom, zoom,
        left + zoom / 2, bottom + zoom / 2);
    const Image thumbnail = thumbnailer.make(mistake.image_index);
    pixels.append(thumbnail.pixels.begin(), thumbnail.pixels.end());
  }
  figure.commands += plots + "\n" + pixels;
  return figure;
}

}  // namespace digitry
