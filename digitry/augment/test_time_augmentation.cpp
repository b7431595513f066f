#include "digitry/augment/test_time_augmentation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <vector>

#include "digitry/augment/view_map.h"
#include "digitry/base/parallel.h"
#include "digitry/image/warp.h"

namespace digitry {
namespace {

constexpr std::int64_t kPlanesPerThread = 16;

// The transformation of one view.
struct View {
  double move_x = 0;
  double move_y = 0;
  double degrees = 0;
  double scale = 1;
  bool flip = false;
};

std::vector<View> changes_of(const TestTimeAugmentation& views) {
  std::vector<View> changes{{}};
  if (views.translation > 0)
    for (const double by : {-views.translation, views.translation}) {
      changes.push_back({.move_x = by});
      changes.push_back({.move_y = by});
    }
  if (views.rotation > 0)
    for (const double by : {-views.rotation, views.rotation}) changes.push_back({.degrees = by});
  if (views.zoom > 0)
    for (const double by : {-views.zoom, views.zoom}) changes.push_back({.scale = 1 + by});
  if (views.flip) changes.push_back({.flip = true});
  return changes;
}

// The inverse of move · rotate · scale · flip about the centre.
warp::AffineMap source_of(const View& change, ImageSize size) {
  const double angle = change.degrees * std::numbers::pi / 180;
  const double cosine = std::cos(angle) / change.scale, sine = std::sin(angle) / change.scale;
  const warp::AffineMap source =
      warp::about_center(size, {cosine, sine, -sine, cosine}, change.move_x, change.move_y);
  return change.flip ? warp::mirrored(source, size) : source;
}

constexpr struct {
  const char* key;
  double TestTimeAugmentation::*member;
  double high;
} kViewKeys[] = {{"translation", &TestTimeAugmentation::translation, 1000},
                 {"rotation", &TestTimeAugmentation::rotation, 180},
                 {"zoom", &TestTimeAugmentation::zoom, 0.9}};

}  // namespace

std::int64_t num_views(const TestTimeAugmentation& views) { return std::ssize(changes_of(views)); }

TestTimeAugmentation read_test_time_augmentation(const Attributes& options,
                                                 const std::string& where) {
  TestTimeAugmentation views;
  AttributeReader reader(options, where);
  for (const auto& [key, member, high] : kViewKeys) views.*member = reader.number(key, 0, high, 0);
  views.flip = reader.boolean("flip", false);
  reader.finish();
  return views;
}

Attributes to_attributes(const TestTimeAugmentation& views) {
  Attributes options;
  for (const auto& [key, member, high] : kViewKeys)
    if (views.*member != 0) options[key] = views.*member;
  if (views.flip) options["flip"] = true;
  return options;
}

warp::AffineMap map_of_view(const TestTimeAugmentation& views, std::int64_t view, ImageSize size) {
  assert(view >= 0 && view < num_views(views));
  return source_of(changes_of(views)[static_cast<std::size_t>(view)], size);
}

Tensor view_of(const Tensor& images, const TestTimeAugmentation& views, std::int64_t view) {
  const Shape& shape = images.shape();
  const ImageSize size{shape[2], shape[3]};
  const std::int64_t area = size.height * size.width;
  const warp::AffineMap source = map_of_view(views, view, size);
  Tensor changed(shape, DType::kU8);
  const std::uint8_t* from = images.as<std::uint8_t>().data();
  std::uint8_t* to = changed.as<std::uint8_t>().data();
  parallel_for_with(
      shape[0] * shape[1], kPlanesPerThread, [&] { return RoundingWarper(size); },
      [&](RoundingWarper& warper, std::int64_t begin, std::int64_t end) {
        for (std::int64_t plane = begin; plane < end; ++plane)
          warper.warp(from + plane * area, source, to + plane * area);
      });
  return changed;
}

}  // namespace digitry
