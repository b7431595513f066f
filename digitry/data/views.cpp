#include "digitry/data/views.h"

#include <atomic>
#include <cassert>
#include <cmath>
#include <numbers>
#include <vector>

#include "digitry/base/parallel.h"
#include "digitry/data/warp.h"

namespace digitry {
namespace {

constexpr std::int64_t kPlanesAThread = 16;

// How one view shows an image.
struct Change {
  double move_x = 0;
  double move_y = 0;
  double degrees = 0;
  double scale = 1;
};

std::vector<Change> changes_of(const Views& views) {
  std::vector<Change> changes{{}};
  if (views.translation > 0)
    for (const double by : {-views.translation, views.translation}) {
      changes.push_back({.move_x = by});
      changes.push_back({.move_y = by});
    }
  if (views.rotation > 0)
    for (const double by : {-views.rotation, views.rotation}) changes.push_back({.degrees = by});
  if (views.zoom > 0)
    for (const double by : {-views.zoom, views.zoom}) changes.push_back({.scale = 1 + by});
  return changes;
}

// The inverse of move · rotate · scale about the centre.
warp::AffineMap source_of(const Change& change, ImageSize size) {
  const double angle = change.degrees * std::numbers::pi / 180;
  const double cosine = std::cos(angle) / change.scale, sine = std::sin(angle) / change.scale;
  const double center_x = static_cast<double>(size.width - 1) / 2;
  const double center_y = static_cast<double>(size.height - 1) / 2;
  const double from_x = center_x + change.move_x, from_y = center_y + change.move_y;
  return {.ux = static_cast<float>(cosine),
          .uy = static_cast<float>(sine),
          .u0 = static_cast<float>(center_x - cosine * from_x - sine * from_y),
          .vx = static_cast<float>(-sine),
          .vy = static_cast<float>(cosine),
          .v0 = static_cast<float>(center_y + sine * from_x - cosine * from_y)};
}

class PlaneWarper {
 public:
  explicit PlaneWarper(ImageSize size)
      : size_(size),
        padded_(static_cast<std::size_t>(warp::padded_size(size))),
        packed_(static_cast<std::size_t>(warp::packed_size(size))),
        still_(static_cast<std::size_t>(2 * size.width)),
        row_(static_cast<std::size_t>(size.width)) {}

  void warp_plane(const std::uint8_t* from, const warp::AffineMap& source, std::uint8_t* to) {
    warp::pad(from, size_, padded_.data());
    warp::pack_squares(padded_.data(), size_, packed_.data());
    for (std::int64_t y = 0; y < size_.height; ++y) {
      warp::sample_row(packed_.data(), size_, source, y, still_.data(), {}, row_.data());
      for (std::int64_t x = 0; x < size_.width; ++x)
        *to++ = static_cast<std::uint8_t>(std::lround(row_[static_cast<std::size_t>(x)]));
    }
  }

 private:
  ImageSize size_;
  std::vector<std::uint8_t> padded_;
  std::vector<std::uint32_t> packed_;
  std::vector<float> still_;
  std::vector<float> row_;
};

constexpr struct {
  const char* key;
  double Views::*member;
  double high;
} kViewKeys[] = {{"translation", &Views::translation, 1000},
                 {"rotation", &Views::rotation, 180},
                 {"zoom", &Views::zoom, 0.9}};

}  // namespace

std::int64_t num_views(const Views& views) { return std::ssize(changes_of(views)); }

Views read_views(const Options& options, const std::string& where) {
  Views views;
  OptionReader reader(options, where);
  for (const auto& [key, member, high] : kViewKeys) views.*member = reader.number(key, 0, high, 0);
  reader.finish();
  return views;
}

Options to_options(const Views& views) {
  Options options;
  for (const auto& [key, member, high] : kViewKeys)
    if (views.*member != 0) options[key] = views.*member;
  return options;
}

Tensor view_of(const Tensor& images, const Views& views, std::int64_t view) {
  assert(view >= 0 && view < num_views(views));
  const Shape& shape = images.shape();
  const ImageSize size{shape[2], shape[3]};
  const std::int64_t area = size.height * size.width;
  const warp::AffineMap source = source_of(changes_of(views)[static_cast<std::size_t>(view)], size);
  Tensor changed(shape, DType::kU8);
  const std::uint8_t* from = images.as<std::uint8_t>().data();
  std::uint8_t* to = changed.as<std::uint8_t>().data();
  const std::int64_t num_planes = shape[0] * shape[1];
  // One for each part; made here, as the parts must not throw.
  std::vector<PlaneWarper> warpers(
      static_cast<std::size_t>(num_parallel_parts(num_planes, kPlanesAThread)), PlaneWarper(size));
  std::atomic<std::size_t> next_warper = 0;
  parallel_for(num_planes, kPlanesAThread, [&](std::int64_t begin, std::int64_t end) {
    PlaneWarper& warper = warpers[next_warper++];
    for (std::int64_t plane = begin; plane < end; ++plane)
      warper.warp_plane(from + plane * area, source, to + plane * area);
  });
  return changed;
}

}  // namespace digitry
