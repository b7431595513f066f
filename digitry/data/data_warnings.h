#pragma once

#include <string>
#include <vector>

#include "digitry/data/dataset.h"
#include "digitry/data/summary.h"

namespace digitry {

/// What is wrong with the labels of images to train with, one sentence each: a single class,
/// classes without images (a corrupt label of 255 makes 256 classes), classes with few images,
/// classes of very different sizes. Empty for unlabelled images.
std::vector<std::string> label_warnings(const Dataset& train);

/// What is wrong with the images of a split, one sentence each: blank images, images that are all
/// alike, pixels that use little of their range, equal images with different labels.
std::vector<std::string> image_warnings(const Dataset& dataset, const DatasetSummary& summary);

}  // namespace digitry
