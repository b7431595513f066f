#include "apps/digitry/terminal/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "digitry/base/file.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/image/thumbnails.h"

namespace digitry::app {
namespace {

constexpr int kGap = 2;
constexpr int kMinPerRow = 5;       // with colours
constexpr int kMinPerRowPlain = 2;  // images of plain characters must be larger to be legible
constexpr std::string_view kShades = " .:-=+*#%@";

// One image, reduced by a whole factor.
struct TextImage {
  int height = 0;
  int width = 0;
  std::vector<int> pixels;
  std::string caption;

  // 0 below the image, if its height is odd.
  int at(int row, int column) const {
    return row < height ? pixels[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
                                 static_cast<std::size_t>(column)]
                        : 0;
  }
};

TextImage make_text_image(const Dataset& dataset, std::int64_t image_index, int factor) {
  const Shape shape = dataset.image_shape();
  const auto height = static_cast<int>(shape[1]);
  const auto width = static_cast<int>(shape[2]);
  const std::uint8_t* image =
      dataset.images.as<std::uint8_t>().data() + image_index * shape.num_elements();
  TextImage picture;
  picture.height = (height + factor - 1) / factor;
  picture.width = (width + factor - 1) / factor;
  for (int row = 0; row < picture.height; ++row) {
    for (int column = 0; column < picture.width; ++column) {
      int sum = 0;
      int count = 0;
      for (int y = row * factor; y < std::min(height, (row + 1) * factor); ++y)
        for (int x = column * factor; x < std::min(width, (column + 1) * factor); ++x, ++count)
          sum += image[y * width + x];
      picture.pixels.push_back(sum / count);
    }
  }
  if (dataset.labelled()) {
    const std::int32_t label = dataset.labels[static_cast<std::size_t>(image_index)];
    picture.caption = clean_utf8(dataset.class_names[static_cast<std::size_t>(label)]);
  } else {
    picture.caption = fmt::format("#{}", image_index);
  }
  picture.caption = elided(picture.caption, static_cast<std::size_t>(picture.width));
  return picture;
}

void draw_line(const TextImage& picture, int row, bool color, std::string& text) {
  for (int column = 0; column < picture.width; ++column) {
    const int upper = picture.at(row, column);
    const int lower = picture.at(row + 1, column);
    if (color) {
      text += fmt::format("\x1b[38;2;{0};{0};{0};48;2;{1};{1};{1}m▀", upper, lower);
    } else {
      const int mean = (upper + lower) / 2;
      text += kShades[static_cast<std::size_t>(mean * static_cast<int>(kShades.size() - 1) / 255)];
    }
  }
  if (color) text += "\x1b[0m";
}

void draw_row(std::span<const TextImage> pictures, bool color, std::string& text) {
  const std::string gap(kGap, ' ');
  const auto end_line = [&] {
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  for (int row = 0; row < pictures.front().height; row += 2) {
    for (const TextImage& picture : pictures) {
      draw_line(picture, row, color, text);
      text += gap;
    }
    end_line();
  }
  for (const TextImage& picture : pictures)
    text += fmt::format("{:^{}}{}", picture.caption, picture.width, gap);
  end_line();
}

}  // namespace

std::string draw_images(const Dataset& dataset, std::span<const std::int64_t> image_indices,
                        const DrawOptions& options) {
  std::string text;
  if (image_indices.empty()) return text;
  const auto width = static_cast<int>(dataset.image_shape()[2]);
  const int legible = options.color ? kMinPerRow : kMinPerRowPlain;
  const int min_per_row = std::min(options.per_row > 0 ? options.per_row : legible,
                                   static_cast<int>(image_indices.size()));
  const int room = std::max(1, (options.width + kGap) / min_per_row - kGap);
  const int factor = std::max(1, (width + room - 1) / room);
  const int shown_width = (width + factor - 1) / factor;
  const int fitting = std::max(1, (options.width + kGap) / (shown_width + kGap));
  const auto per_row = static_cast<std::size_t>(options.per_row > 0 ? options.per_row : fitting);
  for (std::size_t first = 0; first < image_indices.size(); first += per_row) {
    std::vector<TextImage> row;
    for (const std::int64_t i :
         image_indices.subspan(first, std::min(per_row, image_indices.size() - first)))
      row.push_back(make_text_image(dataset, i, factor));
    draw_row(row, options.color, text);
  }
  return text;
}

namespace {

constexpr float kStrong = 0.25F;  // Relative to the strongest pixel.
constexpr int kInked = 64;

// One pixel; empty below the image, if its height is odd.
struct TintedPixel {
  std::uint8_t ink = 0;
  float strength = 0;
};

char plain_character(const TintedPixel& upper, const TintedPixel& lower) {
  const float strength = (upper.strength + lower.strength) / 2;
  if (strength > kStrong) return '+';
  if (strength < -kStrong) return '-';
  return (upper.ink + lower.ink) / 2 > kInked ? '.' : ' ';
}

}  // namespace

std::string draw_attribution(const Image& image, const AttributionPicture& attribution,
                             bool color) {
  const auto at = [&](std::int64_t row, std::int64_t column) {
    if (row >= image.height) return TintedPixel{};
    const auto i = static_cast<std::size_t>(row * image.width + column);
    return TintedPixel{image.pixels[i], attribution.strengths[i]};
  };
  std::string text;
  for (std::int64_t row = 0; row < image.height; row += 2) {
    for (std::int64_t column = 0; column < image.width; ++column) {
      const TintedPixel upper = at(row, column), lower = at(row + 1, column);
      if (!color) {
        text += plain_character(upper, lower);
        continue;
      }
      const auto [r, g, b] = attribution_color(upper.strength, upper.ink, 0);
      const auto [below_r, below_g, below_b] = attribution_color(lower.strength, lower.ink, 0);
      text += fmt::format("\x1b[38;2;{};{};{};48;2;{};{};{}m▀", r, g, b, below_r, below_g, below_b);
    }
    if (color) text += "\x1b[0m";
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

namespace {

constexpr std::int64_t kSheetZoom = 3;
constexpr std::uint8_t kSheetGap = 60;

}  // namespace

void write_sheet(const std::string& path, const Tensor& images, std::int64_t per_row) {
  Image sheet =
      make_contact_sheet(images, {.per_row = per_row, .zoom = kSheetZoom, .gap_ink = kSheetGap});
  for (std::uint8_t& ink : sheet.pixels) ink = static_cast<std::uint8_t>(255 - ink);
  write_file_atomically(path, encode_png(sheet));
}

}  // namespace digitry::app
