#pragma once

#include <string>
#include <vector>

#include "digitry/interchange/onnx_chain.h"
#include "digitry/interchange/onnx_layers.h"

namespace digitry::onnx {

/// Follows a value along a chain, past nodes that change only its shape: its extents in the graph,
/// and the shape that Digitry's layers give it, an image or features.
class ValueTracker {
 protected:
  using Extents = std::vector<std::int64_t>;

  static constexpr std::int64_t kMaxImageValues = std::int64_t{1} << 24;

  ValueTracker(const Chain& chain, const std::string& source) : chain_(chain), source_(source) {}

  [[noreturn]] void fail(const std::string& problem) const;
  void read_input();
  void set_image(const Shape& image);
  // Extents of an image, channels first or last.
  void take_image(const Extents& extents);
  void channels_first() const;
  void reshape(Extents target);
  void add_reshape();
  void add_flatten();
  void add_squeeze();
  Extents squeezed() const;
  void add_unsqueeze();
  void add_transpose();

  bool before_layers() const { return result_.options.empty(); }

  const Chain& chain_;
  const std::string& source_;
  const NodeReader* node_ = nullptr;  ///< The one that is being read.
  ImportedLayers result_;
  Extents extents_;                  ///< In the graph, without the batch.
  Shape shape_{0};                   ///< Of the layers so far: [C,H,W] or [features].
  bool channels_last_ = false;       ///< extents_ are [H,W,C] of shape_ [C,H,W].
  std::vector<std::int64_t> order_;  ///< Feature i of the graph is feature order_[i] of shape_.
};

}  // namespace digitry::onnx
