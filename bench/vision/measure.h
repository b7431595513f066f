#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/image/image.h"
#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"
#include "digitry/vision/reading.h"

// How well pictures are read: what digitry_reading measures and prints. docs/reading.md has the
// figures.

namespace digitry::bench {

/// Images of MNIST, uint8 [N, 1, 28, 28], and their labels.
struct Digits {
  Tensor images;
  std::vector<std::int32_t> labels;
};

/// Compares digits that are classified as they are with the same digits drawn on a canvas and read.
void measure_canvases(const Model& model, const Digits& digits, std::int64_t count);

/// Each digit once, in a form of 28×28 pixels drawn at random; in its place in the image, or, if
/// `moved`, anywhere and of any size.
void measure_forms(const Model& model, const Digits& digits, std::int64_t count, bool moved);

/// Digits of a few large pixels, as USPS, optdigits and Semeion have them, drawn at 160×160 pixels
/// without a margin.
void measure_low_resolution(const Model& model, const Digits& digits, std::int64_t count);

/// Pages of several lines, of which a share of neighbours touch. `set` selects the pages.
void measure_pages(const Model& model, const Digits& digits, std::int64_t count,
                   double touching_share, std::uint32_t set);

/// Two digits that touch, alone on a plain page.
void measure_pairs(const Model& model, const Digits& digits, std::int64_t count);

/// `count` scenes of each kind whose name begins with `only`: the digits that are right and
/// accepted, by edit distance, and whole scenes.
void measure_scenes(const Model& model, const Digits& digits, std::int64_t count,
                    std::string_view only);

/// How well other images are separated from digits, and how many are rejected.
void measure_rejection(const Model& model, const Digits& digits, std::uint64_t seed);

/// Draws a sheet of pictures that are read rightly and one of pictures that are not, with the boxes
/// and answers marked: reading-right.png and reading-wrong.png in `folder`. Prints what is written
/// in them.
void show_readings(const Model& model, const Digits& digits, const std::filesystem::path& folder);

/// If DIGITRY_READING_LOST is set, prints what was misread; if it names a folder, keeps the
/// picture.
void report_lost(const std::string& name, const Image& picture, const std::string& what);

/// 100 · part / whole; 0 if `whole` is 0.
double percent(double part, double whole);

/// The reading without gaps between words; rejected digits count as their most probable class.
std::string best_text(const Reading& reading);

/// The same; rejected digits are '?'.
std::string accepted_text(const Reading& reading);

/// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace digitry::bench
