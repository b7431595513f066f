#include "digitry/interchange/onnx_shapes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "digitry/base/error.h"
#include "digitry/base/text.h"

namespace digitry::onnx {
namespace {

bool is_color_count(std::int64_t extent) { return extent == 1 || extent == 3; }

std::int64_t product(const std::vector<std::int64_t>& extents) {
  return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

void ValueTracker::fail(const std::string& problem) const {
  if (node_ != nullptr) node_->fail(problem);
  throw Error(ErrorCode::kBadData, "{}: ONNX: input '{}': {}", source_,
              clean_utf8(chain_.input.name), problem);
}

void ValueTracker::read_input() {
  const ValueInfo& input = chain_.input;
  for (std::size_t i = 1; i < input.extents.size(); ++i) {
    const auto* extent = std::get_if<std::int64_t>(&input.extents[i]);
    if (extent == nullptr || *extent < 1 || *extent > kMaxImageValues)
      fail("expected known sizes of images; only the number of images may be variable");
    extents_.push_back(*extent);
    if (product(extents_) > kMaxImageValues) fail("expected small images");
  }
  result_.takes_bytes = input.type == ElementType::kUint8;
  if (extents_.size() == 1) {
    const auto side =
        static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(extents_[0]))));
    if (side * side != extents_[0])
      fail(format_message(
          "expected images, or as many features as a square has pixels, got {} features",
          extents_[0]));
    set_image({1, side, side});
  } else if (extents_.size() == 2) {
    set_image({1, extents_[0], extents_[1]});
  } else if (extents_.size() == 3) {
    take_image(extents_);
  } else {
    fail(format_message("expected [N,C,H,W], [N,H,W,C], [N,H,W] or [N,features], got {} dimensions",
                        input.extents.size()));
  }
}

void ValueTracker::set_image(const Shape& image) { result_.image_shape = shape_ = image; }

void ValueTracker::take_image(const Extents& extents) {
  channels_last_ = !is_color_count(extents[0]) && is_color_count(extents[2]);
  if (channels_last_)
    set_image({extents[2], extents[0], extents[1]});
  else
    set_image({extents[0], extents[1], extents[2]});
  extents_ = extents;
}

void ValueTracker::channels_first() const {
  if (extents_.size() != 3 || shape_.rank() != 3)
    fail("expected an image [C,H,W] per entry of the batch");
  if (channels_last_) fail("expected channels first; the image has its channels last");
}

void ValueTracker::reshape(Extents target) {
  std::int64_t known = 1;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == 0 && i < extents_.size()) target[i] = extents_[i];
    if (target[i] < -1 || target[i] == 0 || target[i] > kMaxImageValues)
      fail("expected positive extents");
    if (target[i] > 0) known *= target[i];
    if (known > kMaxImageValues) fail("expected a small shape");
  }
  for (std::int64_t& extent : target)
    if (extent == -1) extent = known > 0 ? product(extents_) / known : 0;
  if (product(target) != product(extents_))
    fail(format_message("expected a shape of {} elements per image", product(extents_)));
  if (target == extents_) return;
  if (target.size() == 1) {
    // Digitry stores channels first.
    if (channels_last_ && shape_.rank() == 3 && shape_[0] > 1)
      for (std::int64_t pixel = 0; pixel < shape_[1] * shape_[2]; ++pixel)
        for (std::int64_t c = 0; c < shape_[0]; ++c)
          order_.push_back(c * shape_[1] * shape_[2] + pixel);
    channels_last_ = false;
    extents_ = target;
  } else if (target.size() == 3 && before_layers() && order_.empty() &&
             result_.image_shape[0] == 1) {
    take_image(target);
  } else if (target.size() == 3 && shape_.rank() == 1 && order_.empty() && target[1] == 1 &&
             target[2] == 1) {
    extents_ = target;
  } else {
    fail("expected to flatten images to features, or features to images before any layer");
  }
}

void ValueTracker::add_reshape() {
  const Extents shape = node_->integers(1);
  // The first is the batch: any number, as the exporter may have fixed it.
  if (shape.empty() || shape.size() > 4) fail("expected a shape of 2 to 4 dimensions");
  if (shape[0] != -1 || std::ranges::count(shape, -1) == 1)
    return reshape({shape.begin() + 1, shape.end()});
  fail("expected one extent of -1 at most");
}

void ValueTracker::add_flatten() {
  if (node_->integer("axis", 1) != 1) fail("expected axis 1");
  reshape({-1});
}

void ValueTracker::add_squeeze() {
  reshape(extents_.size() == 3 && extents_[1] == 1 && extents_[2] == 1 ? Extents{extents_[0]}
                                                                       : squeezed());
}

ValueTracker::Extents ValueTracker::squeezed() const {
  if (!before_layers()) fail("expected to remove the extents of [C,1,1]");
  Extents result;
  for (const std::int64_t extent : extents_)
    if (extent != 1) result.push_back(extent);
  return result;
}

void ValueTracker::add_unsqueeze() {
  const Extents axes = node_->is_constant(1) ? node_->integers(1) : node_->list("axes", {});
  if (axes.size() != 1 || extents_.size() != 2)
    fail("expected to add the channel of images [N,H,W]");
  const bool first = axes[0] == 1 || axes[0] == -3;
  reshape(first ? Extents{1, extents_[0], extents_[1]} : Extents{extents_[0], extents_[1], 1});
}

void ValueTracker::add_transpose() {
  const Extents order = node_->list("perm", {});
  if (extents_.size() != 3 || order.size() != 4 || order[0] != 0)
    fail("expected a permutation of the dimensions of images");
  const bool to_first = order == Extents{0, 3, 1, 2}, to_last = order == Extents{0, 2, 3, 1};
  const bool is_one_channel = shape_.rank() == 3 && shape_[0] == 1;
  if (to_first && (channels_last_ || shape_.rank() == 1 || is_one_channel)) {
    extents_ = {extents_[2], extents_[0], extents_[1]};
    channels_last_ = false;
  } else if (to_last && !channels_last_) {
    extents_ = {extents_[1], extents_[2], extents_[0]};
    channels_last_ = shape_.rank() == 3;
  } else if (order != Extents{0, 1, 2, 3}) {
    fail("expected to move the channels of images to the front or the back");
  }
  if (shape_.rank() == 3 && product(extents_) == product(shape_.extents()) && !channels_last_ &&
      extents_ != shape_.extents())
    fail("expected to move the channels of images to the front or the back");
}

}  // namespace digitry::onnx
