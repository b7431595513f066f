#include <fmt/format.h>

#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <vector>

#include "bench/vision/measure.h"
#include "digitry/base/file.h"
#include "digitry/base/random.h"
#include "digitry/base/text.h"
#include "digitry/image/png.h"
#include "digitry/model_io/classifier.h"
#include "digitry/vision/reader.h"
#include "tests/cases/drawn_pages.h"
#include "tests/cases/drawn_scenes.h"

// Sheets of pictures with what is read marked in them: the pictures of docs/reading.md.

namespace digitry::bench {
namespace {

constexpr int kTileWidth = 184, kTileHeight = 138, kGap = 8;
constexpr std::uint32_t kMostTries = 400;

Image in_rgb(const Image& image) {
  cv::Mat from(static_cast<int>(image.height), static_cast<int>(image.width),
               CV_8UC(static_cast<int>(image.channels)),
               const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat rgb;
  if (image.channels == 1)
    cv::cvtColor(from, rgb, cv::COLOR_GRAY2RGB);
  else if (image.channels == 4)
    cv::cvtColor(from, rgb, cv::COLOR_RGBA2RGB);
  else
    rgb = from.clone();
  return {image.height, image.width, 3, {rgb.datastart, rgb.dataend}};
}

// Tiles of one size, from left to right and from top to bottom.
class Sheet {
 public:
  explicit Sheet(int columns) : columns_(columns) {}

  void add(const Image& picture) { pictures_.push_back(in_rgb(picture)); }

  void write(const std::filesystem::path& file) const {
    const int count = static_cast<int>(pictures_.size()), rows = (count + columns_ - 1) / columns_;
    cv::Mat sheet(rows * (kTileHeight + kGap) - kGap, columns_ * (kTileWidth + kGap) - kGap,
                  CV_8UC3, cv::Scalar(255, 255, 255));
    for (int i = 0; i < count; ++i) {
      const Image& picture = pictures_[static_cast<std::size_t>(i)];
      const cv::Mat from(static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3,
                         const_cast<std::uint8_t*>(picture.pixels.data()));
      const double scale = std::min({kTileWidth / static_cast<double>(picture.width),
                                     kTileHeight / static_cast<double>(picture.height), 4.0});
      cv::Mat tile;
      cv::resize(from, tile, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
      tile.copyTo(
          sheet(cv::Rect(i % columns_ * (kTileWidth + kGap) + (kTileWidth - tile.cols) / 2,
                         i / columns_ * (kTileHeight + kGap) + (kTileHeight - tile.rows) / 2,
                         tile.cols, tile.rows)));
    }
    write_file_atomically(
        file, encode_png({sheet.rows, sheet.cols, 3, {sheet.datastart, sheet.dataend}}));
  }

 private:
  int columns_;
  std::vector<Image> pictures_;
};

}  // namespace

void show_readings(const Model& model, const Digits& digits, const std::filesystem::path& folder) {
  const Classifier classifier(model);
  // Adds the first picture that is read rightly, or wrongly, and says what is in it.
  const auto add = [&](Sheet& sheet, const std::string& name, bool rightly, const auto& draw) {
    for (std::uint32_t i = 0; i < kMostTries; ++i) {
      const test::Scene scene = draw(i);
      const Reading reading = read_digits(scene.picture, classifier);
      const std::string read = accepted_text(reading);
      if ((read == scene.text) != rightly) continue;
      sheet.add(annotate(scene.picture, reading, model.class_names));
      fmt::print("{} (number {}): {}{}\n", name, i, replace_all(scene.text, "\n", " / "),
                 rightly ? "" : ", read as " + replace_all(read, "\n", " / "));
      return;
    }
    fmt::print("{}: none of {}\n", name, kMostTries);
  };
  const auto scene_of = [&](test::SceneKind kind) {
    return [&digits, kind](std::uint32_t i) {
      RandomStream random(static_cast<std::uint32_t>(kind), RandomPurpose::kTest, 6, i);
      return test::draw_scene(digits.images, digits.labels, kind, random);
    };
  };
  const auto touching = [&](std::uint32_t i) {
    RandomStream random(2, RandomPurpose::kTest, 5, i);
    const test::DrawnPage page =
        test::draw_page(digits.images, {.num_digits = 4, .touching_share = 0.7}, random);
    return test::Scene{page.picture, test::text_of(page, digits.labels)};
  };
  Sheet read(4), misread(4);
  for (const test::SceneKind kind :
       {test::SceneKind::kTable, test::SceneKind::kPen, test::SceneKind::kThumb,
        test::SceneKind::kHoles, test::SceneKind::kBoxes, test::SceneKind::kGrid,
        test::SceneKind::kSquared, test::SceneKind::kLamp, test::SceneKind::kHeadline,
        test::SceneKind::kColour, test::SceneKind::kSudoku})
    add(read, std::string(test::kSceneNames[static_cast<std::size_t>(kind)]), true, scene_of(kind));
  add(read, "touching digits", true, touching);
  add(misread, "touching digits", false, touching);
  for (const test::SceneKind kind :
       {test::SceneKind::kSudoku, test::SceneKind::kCrop, test::SceneKind::kBlotches})
    add(misread, std::string(test::kSceneNames[static_cast<std::size_t>(kind)]), false,
        scene_of(kind));
  read.write(folder / "reading-right.png");
  misread.write(folder / "reading-wrong.png");
}

}  // namespace digitry::bench
