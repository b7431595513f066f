#include "digitry/interchange/c_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/version.h"
#include "digitry/interchange/c_kernels.h"
#include "digitry/interchange/quantized.h"

namespace digitry {
namespace {

using Kind = LoweredStep::Kind;

constexpr std::size_t kMaxNameLength = 64;
constexpr std::size_t kMaxLineLength = 110;

void check_name(const std::string& name) {
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  if (name.empty() || name.size() > kMaxNameLength || !std::ranges::all_of(name, is_word) ||
      std::isalpha(static_cast<unsigned char>(name.front())) == 0)
    throw Error(
        ErrorCode::kInvalidArgument,
        "C source: expected a name of letters, digits and _, up to {} characters, that begins "
        "with a letter, got '{}'",
        kMaxNameLength, name);
}

// The text without characters that could end a comment.
std::string comment_text(const std::string& text) {
  std::string plain;
  for (const char c : text)
    plain += std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                     std::string_view(" ._-+,:").find(c) != std::string_view::npos
                 ? c
                 : '_';
  return plain;
}

std::string literal(float value) {
  std::string text = fmt::format("{:.9g}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "f";
}
// The smallest number is no literal in C: -2147483648 is a minus before a number that is too large.
std::string literal(std::int32_t value) { return fmt::format("{}", std::max(value, -2147483647)); }
std::string literal(std::int8_t value) { return fmt::format("{}", int{value}); }

// The text of the source; counts the bytes of constants.
class CWriter {
 public:
  template <typename T>
  void array(const char* type, const std::string& name, std::span<const T> values) {
    text_ += fmt::format("static const {} {}[{}] = {{\n", type, name, values.size());
    std::string line = " ";
    for (const T value : values) {
      const std::string item = " " + literal(value) + ",";
      if (line.size() + item.size() > kMaxLineLength) {
        text_ += line + "\n";
        line = " ";
      }
      line += item;
    }
    text_ += line + "\n};\n";
    constant_bytes += static_cast<std::int64_t>(values.size_bytes());
  }
  void add(const std::string& text) { text_ += text; }

  std::string take() && { return std::move(text_); }
  std::int64_t constant_bytes = 0;

 private:
  std::string text_;
};

const char* function_of(Kind kind) {
  switch (kind) {
    case Kind::kConv2d:
      return "conv2d";
    case Kind::kDense:
      return "dense";
    case Kind::kMaxPool2d:
      return "max_pool2d";
    case Kind::kAvgPool2d:
      return "avg_pool2d";
    case Kind::kLeakyRelu:
      return "leaky_relu";
    case Kind::kAdd:
      return "add";
    case Kind::kCrop2d:
      return "crop2d";
  }
  return "";
}

std::string window_of(const LoweredStep& step) {
  const auto [channels, height, width] = extents_of(step.input_shape);
  const auto [outputs, rows, columns] = extents_of(step.output_shape);
  return fmt::format("{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}", channels, height,
                     width, outputs, rows, columns, step.kernel_size, step.stride, step.padding,
                     channels / step.groups, outputs / step.groups, step.pool_size,
                     step.pool_stride, step.relu ? 1 : 0);
}

bool has_window(const LoweredStep& step) {
  return step.kind == Kind::kConv2d || step.kind == Kind::kMaxPool2d ||
         step.kind == Kind::kAvgPool2d || step.kind == Kind::kCrop2d;
}

// [OC,IC] to [IC,OC]: the innermost loop is then over outputs, which needs no sum in another order.
std::vector<float> transposed(const std::vector<float>& weight, std::size_t outputs) {
  const std::size_t inputs = weight.size() / outputs;
  std::vector<float> result(weight.size());
  for (std::size_t o = 0; o < outputs; ++o)
    for (std::size_t i = 0; i < inputs; ++i) result[i * outputs + o] = weight[o * inputs + i];
  return result;
}

// The tables of step `i`, and its call without the two pointers to values.
std::string add_float_step(CWriter& c, const LoweredStep& step, std::size_t i) {
  std::string arguments;
  if (step.kind == Kind::kConv2d || step.kind == Kind::kDense) {
    const bool dense = step.kind == Kind::kDense;
    const std::vector<float> weight =
        dense ? transposed(step.weight, step.bias.size()) : step.weight;
    c.array("float", fmt::format("weight{}", i), std::span<const float>(weight));
    c.array("float", fmt::format("bias{}", i), std::span<const float>(step.bias));
    arguments = fmt::format(", weight{}, bias{}", i, i);
  }
  if (step.kind == Kind::kDense)
    arguments += fmt::format(", {}, {}, {}", step.input_shape.num_elements(), step.bias.size(),
                             step.relu ? 1 : 0);
  if (step.kind == Kind::kLeakyRelu)
    arguments += fmt::format(", {}, {}", step.input_shape.num_elements(), literal(step.slope));
  if (step.kind == Kind::kAdd) arguments += fmt::format(", {}", step.input_shape.num_elements());
  return arguments;
}

std::string add_int8_step(CWriter& c, const QuantizedNetwork& quantized, std::size_t i) {
  const LoweredStep& step = quantized.network.steps[i];
  const QuantizedStep& integers = quantized.steps[i];
  const std::int32_t zero = quantized.values[step.input].zero_point;
  if (step.kind == Kind::kLeakyRelu)
    return fmt::format(", {}, {}", step.input_shape.num_elements(), zero);
  if (integers.weight.empty()) return "";
  std::vector<std::int32_t> multipliers;
  std::vector<std::int8_t> shifts;
  for (const FixedPointFactor& factor : integers.factors) {
    multipliers.push_back(factor.multiplier);
    shifts.push_back(static_cast<std::int8_t>(factor.shift));
  }
  c.array("int8_t", fmt::format("weight{}", i), std::span<const std::int8_t>(integers.weight));
  c.array("int32_t", fmt::format("bias{}", i), std::span<const std::int32_t>(integers.bias));
  c.array("int32_t", fmt::format("multiplier{}", i), std::span<const std::int32_t>(multipliers));
  c.array("int8_t", fmt::format("shift{}", i), std::span<const std::int8_t>(shifts));
  c.add(
      fmt::format("static const struct integers integers{} = {{weight{}, bias{}, multiplier{}, "
                  "shift{}, {}, {}, {}}};\n",
                  i, i, i, i, i, zero, quantized.values[i + 1].zero_point,
                  integers.factors.size() > 1 ? 1 : 0));
  std::string arguments = fmt::format(", &integers{}", i);
  if (step.kind == Kind::kDense)
    arguments += fmt::format(", {}, {}, {}", step.input_shape.num_elements(), step.bias.size(),
                             step.relu ? 1 : 0);
  return arguments;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// The comment at the head of both files.
std::string heading(const Model& model, const LoweredNetwork& network, const CSource& made,
                    bool int8) {
  std::string text = fmt::format(
      "/* Generated by Digitry {}. {} network, {} bytes of constants, {} bytes of arena,\n"
      "   {} multiply-adds per image. Layers:\n",
      version(), int8 ? "An 8-bit integer" : "A float", made.constant_bytes, made.arena_bytes,
      network.multiply_adds);
  for (const LoweredStep& step : network.steps)
    text += fmt::format("     {}: {} to {}\n", comment_text(step.label),
                        step.input_shape.to_string(), step.output_shape.to_string());
  text += "   Classes:";
  for (const std::string& name : model.class_names) text += " " + comment_text(name);
  return text + " */\n";
}

std::string header_text(const Model& model, const std::string& name, const CSource& made,
                        const std::optional<QuantizedNetwork>& quantized) {
  const std::string macro = upper(name);
  const char* type = quantized ? "int8_t" : "float";
  const Shape& shape = model.input_shape();
  std::string text = fmt::format("#ifndef {0}_H\n#define {0}_H\n\n#include <stdint.h>\n\n", macro);
  text += fmt::format("#define {}_INPUT_SIZE {}\n", macro, shape.num_elements());
  text += fmt::format("#define {}_CLASSES {}\n", macro, model.class_names.size());
  text += fmt::format("#define {}_ARENA_SIZE {}\n", macro,
                      made.arena_bytes / (quantized ? 1 : std::int64_t{sizeof(float)}));
  if (quantized)
    text += fmt::format(
        "/* A logit is (score - {0}_SCORE_ZERO) * {0}_SCORE_SCALE. */\n"
        "#define {0}_SCORE_ZERO ({1})\n#define {0}_SCORE_SCALE {2}\n",
        macro, quantized->values.back().zero_point, literal(quantized->values.back().scale));
  text += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  text += fmt::format(
      "/* Classifies one image: pixels {}, 0 to 255, row by row, as in training. Returns the index "
      "of\n"
      "   the class and writes the {} of all classes. `arena` is memory to work in; its values "
      "before\n"
      "   the call do not matter. Threads may call this at once with arenas of their own. */\n"
      "int {}_classify(const uint8_t pixels[{}_INPUT_SIZE], {} {}[{}_CLASSES], {} "
      "arena[{}_ARENA_SIZE]);\n",
      shape.to_string(), quantized ? "scores" : "logits", name, macro, type,
      quantized ? "scores" : "logits", macro, type, macro);
  return text + fmt::format("\n#ifdef __cplusplus\n}}\n#endif\n\n#endif /* {}_H */\n", macro);
}

std::string input_loop(const Model& model, const std::optional<QuantizedNetwork>& quantized,
                       std::int64_t size, std::int64_t offset) {
  if (!quantized)
    return fmt::format("  for (i = 0; i < {}; ++i) arena[{} + i] = (float)pixels[i] * {} + {};\n",
                       size, offset, literal(model.preprocessing.pixel_scale),
                       literal(model.preprocessing.pixel_offset));
  return fmt::format("  for (i = 0; i < {}; ++i) arena[{} + i] = (int8_t)(pixels[i] - {});\n", size,
                     offset, -quantized->pixel_offset);
}

}  // namespace

CSource model_to_c(const Model& model, const std::string& name, const CExportOptions& options) {
  check_name(name);
  std::optional<QuantizedNetwork> quantized;
  if (options.int8) {
    if (options.calibration_images == nullptr)
      throw Error(ErrorCode::kInvalidArgument,
                  "int8: expected training images to find ranges with, got none");
    quantized = quantize(model, *options.calibration_images);
  }
  const LoweredNetwork network = quantized ? quantized->network : lower(model);
  const MemoryPlan memory = plan_memory(network);
  const char* type = quantized ? "int8_t" : "float";

  CSource made;
  made.arena_bytes = memory.size * (quantized ? 1 : std::int64_t{sizeof(float)});
  made.multiply_adds = network.multiply_adds;
  CWriter c;
  c.add(c_kernels::preamble(network, options.int8));
  const bool sums = quantized && network.steps.back().kind == Kind::kDense;
  std::string body =
      input_loop(model, quantized, network.input_shape.num_elements(), memory.offsets[0]);
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const LoweredStep& step = network.steps[i];
    c.add(fmt::format("\n/* {} */\n", comment_text(step.label)));
    std::string arguments =
        quantized ? add_int8_step(c, *quantized, i) : add_float_step(c, step, i);
    if (has_window(step)) {
      c.add(fmt::format("static const struct window window{} = {{{}}};\n", i, window_of(step)));
      arguments += fmt::format(", &window{}", i);
    }
    std::string inputs = fmt::format("arena + {}", memory.offsets[step.input]);
    if (step.kind == Kind::kAdd) inputs += fmt::format(", arena + {}", memory.offsets[step.second]);
    const bool labels = sums && i + 1 == network.steps.size();
    body += fmt::format("  {}{}({}, arena + {}{});\n",
                        labels                                   ? "label = "
                        : step.kind == Kind::kDense && quantized ? "(void)"
                                                                 : "",
                        function_of(step.kind), inputs, memory.offsets[i + 1], arguments);
  }
  const auto classes = static_cast<std::int64_t>(model.class_names.size());
  const char* result = quantized ? "scores" : "logits";
  body += fmt::format("  for (i = 0; i < {}; ++i) {}[i] = arena[{} + i];\n", classes, result,
                      memory.offsets.back());
  if (!sums)
    body += fmt::format("  for (i = 1; i < {0}; ++i)\n    if ({1}[i] > {1}[label]) label = i;\n",
                        classes, result);
  const std::string macro = upper(name);
  c.add(
      fmt::format("\nint {}_classify(const uint8_t pixels[{}_INPUT_SIZE], {} {}[{}_CLASSES], {} "
                  "arena[{}_ARENA_SIZE]) {{\n"
                  "  int i, label = 0;\n{}  return label;\n}}\n",
                  name, macro, type, result, macro, type, macro, body));
  made.constant_bytes = c.constant_bytes;
  const std::string head = heading(model, network, made, options.int8);
  made.header = head + header_text(model, name, made, quantized);
  made.source = head + fmt::format("#include \"{}.h\"\n", name) + std::move(c).take();
  return made;
}

CSource export_c(const Model& model, const std::string& path, const CExportOptions& options) {
  const CSource made = model_to_c(model, std::filesystem::path(path).filename(), options);
  write_file_atomically(path + ".h", made.header);
  write_file_atomically(path + ".c", made.source);
  return made;
}

}  // namespace digitry
