#include <fmt/format.h>

#include <algorithm>

#include "digitry/base/text.h"
#include "digitry/report/figures.h"

namespace digitry {
namespace {

constexpr std::size_t kMaxImages = 24;
constexpr std::size_t kMaxCaptionName = 14;
constexpr int kFigureWidth = 920;
constexpr int kMaxImageSide = 84;
constexpr int kCaptionHeight = 44;

}  // namespace

Figure mistakes_figure(const Evaluation& evaluation, const Thumbnailer& thumbnailer) {
  const std::size_t count = std::min(kMaxImages, evaluation.mistakes.size());
  std::vector<std::string> captions;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Judgement& mistake = evaluation.mistakes[i];
    const auto name = [&](std::int32_t c) {
      return elided(clean_utf8(evaluation.class_names.at(static_cast<std::size_t>(c))),
                    kMaxCaptionName);
    };
    captions.push_back(name(mistake.label) + " → " + name(mistake.predicted));
    longest = std::max(longest, num_code_points(captions.back()));
  }

  const double side = static_cast<double>(std::max(thumbnailer.width(), thumbnailer.height()));
  const double zoom = kMaxImageSide / side;
  const double width = zoom * static_cast<double>(thumbnailer.width());
  const double height = zoom * static_cast<double>(thumbnailer.height());
  const int cell_width =
      std::clamp(static_cast<int>(kCharacterWidth * static_cast<double>(longest)) + 14,
                 kMaxImageSide + 28, 230);
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
    const Judgement& mistake = evaluation.mistakes[i];
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
    const Thumbnail thumbnail = thumbnailer.make(mistake.image_index);
    pixels.append(thumbnail.ink.begin(), thumbnail.ink.end());
  }
  figure.commands += plots + "\n" + pixels;
  return figure;
}

}  // namespace digitry
