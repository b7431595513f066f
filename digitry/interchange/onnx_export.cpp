#include "digitry/interchange/onnx_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "digitry/augment/view_map.h"
#include "digitry/base/file.h"
#include "digitry/base/json.h"
#include "digitry/base/version.h"
#include "digitry/interchange/graph_builder.h"
#include "digitry/interchange/onnx_model.h"
#include "digitry/kernels/vectors.h"

namespace digitry {
namespace {

using onnx::ElementType;
using onnx::GraphBuilder;
using onnx::ValueName;

using Numbers = std::vector<std::int64_t>;

// Where each pixel of some views comes from: bilinear between the four pixels right of and below
// position `square` of an image with one row and column of zeros to the left and above, and two to
// the right and below (`warp::pack_squares`).
struct Sampling {
  std::vector<std::int32_t> square;
  std::vector<float> right, down;
};

// As `warp::sample_row` computes it, in float32 too.
void append_sampling(const warp::AffineMap& map, ImageSize size, Sampling& sampling) {
  const auto max_u = static_cast<float>(size.width + 1);
  const auto max_v = static_cast<float>(size.height + 1);
  for (std::int64_t y = 0; y < size.height; ++y) {
    const auto row = static_cast<float>(y);
    for (std::int64_t x = 0; x < size.width; ++x) {
      const auto column = static_cast<float>(x);
      const float u = std::clamp(map.ux * column + (map.uy * row + map.u0 + 1), 0.0F, max_u);
      const float v = std::clamp(map.vx * column + (map.vy * row + map.v0 + 1), 0.0F, max_v);
      const auto left = static_cast<std::int32_t>(u), top = static_cast<std::int32_t>(v);
      sampling.square.push_back(top * static_cast<std::int32_t>(size.width + 2) + left);
      sampling.right.push_back(u - static_cast<float>(left));
      sampling.down.push_back(v - static_cast<float>(top));
    }
  }
}

// [N,C,H,W] to [N·V,C,H,W]: the views of each image, one after the other. Views other than the
// first are made from rounded pixels and rounded themselves.
ValueName add_views(GraphBuilder& builder, const Model& model, const ValueName& images,
                    bool round_pixels) {
  const Shape& shape = model.input_shape();
  const std::int64_t channels = shape[0], height = shape[1], width = shape[2];
  const std::int64_t num_moved = num_views(model.tta) - 1;
  Sampling sampling;
  for (std::int64_t view = 1; view <= num_moved; ++view)
    append_sampling(map_of_view(model.tta, view, {height, width}), {height, width}, sampling);

  const ValueName half = builder.scalar("views.half", 0.5F);
  const auto rounded = [&](const ValueName& values) {
    return builder.add("views.rounded", "Floor",
                       {builder.add("views.raised", "Add", {values, half})});
  };
  ValueName pixels = images;
  if (round_pixels)
    pixels = rounded(builder.add(
        "views.clipped", "Clip",
        {images, builder.scalar("views.black", 0), builder.scalar("views.white", 255)}));
  const ValueName padded = builder.add(
      "views.padded", "Pad", {pixels, builder.integers("views.pads", {0, 0, 1, 1, 0, 0, 2, 2})});
  const ValueName squares = builder.indices("views.squares", sampling.square);
  const ValueName flat_shape =
      builder.integers("views.flat_shape", {0, channels, (height + 2) * (width + 2)});
  const ValueName axes = builder.integers("views.axes", {2, 3});
  // The pixels of all views, [N,C,V−1·H·W], from the corner (x, y) of their squares.
  const auto corner = [&](std::int64_t x, std::int64_t y) {
    const ValueName moved =
        builder.add("views.corners", "Slice",
                    {padded, builder.integers("views.starts", {y, x}),
                     builder.integers("views.ends", {y + height + 2, x + width + 2}), axes});
    const ValueName flat = builder.add("views.flat", "Reshape", {moved, flat_shape});
    return builder.add("views.gathered", "Gather", {flat, squares}, {{"axis", std::int64_t{2}}});
  };
  const Numbers extent{std::ssize(sampling.square)};
  const ValueName right = builder.constant("views.right", sampling.right, extent);
  const ValueName down = builder.constant("views.down", sampling.down, extent);
  const auto between = [&](const ValueName& a, const ValueName& b, const ValueName& share) {
    const ValueName difference = builder.add("views.difference", "Sub", {b, a});
    const ValueName step = builder.add("views.step", "Mul", {difference, share});
    return builder.add("views.between", "Add", {a, step});
  };
  const ValueName sampled = rounded(between(between(corner(0, 0), corner(1, 0), right),
                                            between(corner(0, 1), corner(1, 1), right), down));
  const ValueName by_channel = builder.add(
      "views.by_channel", "Reshape",
      {sampled, builder.integers("views.channel_shape", {0, channels, num_moved, height * width})});
  const ValueName by_view =
      builder.add("views.by_view", "Transpose", {by_channel}, {{"perm", Numbers{0, 2, 1, 3}}});
  const ValueName still = builder.add(
      "views.still", "Reshape",
      {images, builder.integers("views.still_shape", {0, 1, channels, height * width})});
  const ValueName all =
      builder.add("views.all", "Concat", {still, by_view}, {{"axis", std::int64_t{1}}});
  return builder.add("views", "Reshape",
                     {all, builder.integers("views.shape", {-1, channels, height, width})});
}

ValueName add_scaling(GraphBuilder& builder, const Preprocessing& preprocessing, ValueName pixels) {
  pixels = builder.add("scaled", "Mul",
                       {pixels, builder.scalar("pixel_scale", preprocessing.pixel_scale)});
  if (preprocessing.pixel_offset == 0) return pixels;
  return builder.add("shifted", "Add",
                     {pixels, builder.scalar("pixel_offset", preprocessing.pixel_offset)});
}

ValueName add_softmax(GraphBuilder& builder, const std::string& label, ValueName logits,
                      float temperature) {
  if (temperature != 1)
    logits = builder.add(label + ".scaled_logits", "Div",
                         {logits, builder.scalar(label + ".temperature", temperature)});
  return builder.add(label, "Softmax", {logits}, {{"axis", std::int64_t{1}}});
}

ValueName add_mean(GraphBuilder& builder, const std::string& label,
                   const std::vector<ValueName>& values) {
  ValueName sum = values.front();
  for (std::size_t i = 1; i < values.size(); ++i)
    sum = builder.add(label + ".sum", "Add", {sum, values[i]});
  if (values.size() == 1) return sum;
  return builder.add(
      label + ".mean", "Mul",
      {sum, builder.scalar(label + ".share", 1 / static_cast<float>(values.size()))});
}

// log((1/MV) Σ softmax(z_mv / T_m)), see `Classifier`.
ValueName add_mean_logits(GraphBuilder& builder, const Model& model,
                          const std::vector<onnx::NetworkValues>& networks) {
  const std::int64_t views = num_views(model.tta);
  const std::int64_t classes = model.members.front().network.num_classes();
  std::vector<ValueName> means;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    ValueName probabilities = add_softmax(builder, fmt::format("{}_probabilities", i),
                                          networks[i].logits, model.members[i].temperature);
    if (views > 1) {
      probabilities = builder.add(
          "views.probabilities", "Reshape",
          {probabilities, builder.integers("views.answers_shape", {-1, views, classes})});
      probabilities = builder.add("views.mean", "ReduceMean", {probabilities},
                                  {{"axes", Numbers{1}}, {"keepdims", std::int64_t{0}}});
    }
    means.push_back(std::move(probabilities));
  }
  // The lower bound keeps the logarithm of a probability of 0 finite.
  const ValueName mean =
      builder.add("probabilities.bounded", "Clip",
                  {add_mean(builder, "probabilities", means),
                   builder.scalar("probabilities.least", std::numeric_limits<float>::min()),
                   builder.scalar("probabilities.most", 1)});
  return builder.add("logits", "Log", {mean});
}

// The cosine of the angle between the features of each image and the nearest prototype.
ValueName add_cosine(GraphBuilder& builder, const Member& member, std::int64_t views,
                     const ValueName& values, const std::string& label) {
  const std::int64_t width = num_features(member.network);
  ValueName features = builder.add(label + ".features", "Flatten", {values});
  if (views > 1) {
    features = builder.add(label + ".by_view", "Reshape",
                           {features, builder.integers(label + ".views", {-1, views * width})});
    features = builder.add(
        label + ".of_image", "Slice",
        {features, builder.integers(label + ".start", {0}),
         builder.integers(label + ".end", {width}), builder.integers(label + ".axis", {1})});
  }
  Tensor prototypes = member.prototypes.clone();
  for (auto rest = prototypes.as<float>(); !rest.empty();
       rest = rest.subspan(static_cast<std::size_t>(width)))
    normalize(rest.first(static_cast<std::size_t>(width)));
  const ValueName products = builder.add(
      label + ".products", "Gemm", {features, builder.constant(label + ".prototypes", prototypes)},
      {{"transB", std::int64_t{1}}});
  const std::vector<std::pair<std::string, onnx::AttributeValue>> by_row{
      {"axes", Numbers{1}}, {"keepdims", std::int64_t{1}}};
  const ValueName largest = builder.add(label + ".largest", "ReduceMax", {products}, by_row);
  const ValueName length = builder.add(label + ".length", "ReduceL2", {features}, by_row);
  // Features of zeros have the cosine 0.
  const ValueName divisor =
      builder.add(label + ".divisor", "Add",
                  {length, builder.scalar(label + ".least", std::numeric_limits<float>::min())});
  const ValueName cosine = builder.add(label + ".cosine", "Div", {largest, divisor});
  const ValueName score =
      builder.add(label + ".clipped", "Clip",
                  {cosine, builder.scalar(label + ".low", 0), builder.scalar(label + ".high", 1)});
  return builder.add(label + ".score", "Reshape",
                     {score, builder.integers(label + ".shape", {-1})});
}

std::vector<std::pair<std::string, std::string>> metadata_of(const Model& model) {
  std::vector<std::pair<std::string, std::string>> metadata{
      {"digitry.version", std::string(version())},
      {"digitry.classes", dump(nlohmann::ordered_json(model.class_names))},
      {"digitry.rejection_threshold", fmt::format("{}", model.rejection_threshold)},
      {"digitry.provenance", dump(nlohmann::ordered_json(model.provenance))},
      {"Image.NominalPixelRange", "NominalRange_0_255"}};
  if (model.input_shape()[0] == 1) metadata.emplace_back("Image.BitmapPixelFormat", "Gray8");
  return metadata;
}

onnx::Graph graph_of(const Model& model, const OnnxExportOptions& options) {
  const Shape& shape = model.input_shape();
  const std::int64_t classes = model.members.front().network.num_classes();
  const std::int64_t views = num_views(model.tta);
  GraphBuilder builder;
  onnx::Graph& graph = builder.graph();
  graph.name = "digitry";
  graph.inputs.push_back(
      {.name = "pixels",
       .type = options.float_input ? ElementType::kFloat : ElementType::kUint8,
       .extents = {std::string("N"), shape[0], shape[1], shape[2]},
       .description = "Images, row by row; pixels are 0 to 255. N is the number of images."});

  ValueName images = "pixels";
  if (!options.float_input)
    images = builder.add("images", "Cast", {"pixels"}, {{"to", std::int64_t{1}}});
  if (views > 1) images = add_views(builder, model, images, options.float_input);
  images = add_scaling(builder, model.preprocessing, images);

  std::vector<onnx::NetworkValues> networks;
  for (std::size_t i = 0; i < model.members.size(); ++i)
    networks.push_back(onnx::add_network(builder, model.members[i].network, images,
                                         model.members.size() == 1 ? "" : fmt::format("{}.", i)));

  if (networks.size() * static_cast<std::size_t>(views) > 1)
    add_mean_logits(builder, model, networks);
  else
    builder.rename(networks.front().logits, "logits");
  add_softmax(builder, "probabilities", "logits", model.temperature);
  const auto variable = std::string("N");
  graph.outputs.push_back({.name = "logits",
                           .extents = {variable, classes},
                           .description = "One per class, before the softmax."});
  graph.outputs.push_back({.name = "probabilities",
                           .extents = {variable, classes},
                           .description = "Of each class, calibrated by the model's temperature."});

  const bool has_prototypes = std::ranges::none_of(
      model.members, [](const Member& member) { return member.prototypes.empty(); });
  if (!has_prototypes || !options.in_distribution_score) return std::move(graph);
  std::vector<ValueName> scores;
  for (std::size_t i = 0; i < networks.size(); ++i)
    scores.push_back(add_cosine(builder, model.members[i], views, networks[i].features,
                                fmt::format("{}_in_distribution", i)));
  builder.rename(add_mean(builder, "in_distribution_score", scores), "in_distribution_score");
  graph.outputs.push_back(
      {.name = "in_distribution_score",
       .extents = {variable},
       .description = "In [0, 1]: how similar the image is to training images. The image is "
                      "rejected if it is below digitry.rejection_threshold."});
  return std::move(graph);
}

}  // namespace

std::string model_to_onnx(const Model& model, const OnnxExportOptions& options) {
  check_usable(model);
  onnx::OnnxModel file;
  file.graph = graph_of(model, options);
  file.metadata = metadata_of(model);
  file.producer_name = "digitry";
  file.producer_version = version();
  file.description = fmt::format(
      "A classifier of images. Input: pixels [N,{},{},{}], 0 to 255, as they are in the file; the "
      "graph scales them. The class names are in digitry.classes.",
      model.input_shape()[0], model.input_shape()[1], model.input_shape()[2]);
  return to_bytes(file);
}

void export_onnx(const Model& model, const std::string& path, const OnnxExportOptions& options) {
  write_file_atomically(path, model_to_onnx(model, options));
}

}  // namespace digitry
