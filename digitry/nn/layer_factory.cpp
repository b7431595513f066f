#include <fmt/ranges.h>

#include <limits>

#include "digitry/base/error.h"
#include "digitry/nn/activation_layers.h"
#include "digitry/nn/dense.h"
#include "digitry/nn/layer.h"

namespace digitry {
namespace {

constexpr std::int64_t kMaxFeatures = std::int64_t{1} << 20;

using Maker = std::unique_ptr<Layer> (*)(OptionReader&, std::int64_t num_classes);

std::unique_ptr<Layer> make_dense(OptionReader& options, std::int64_t num_classes) {
  // `out_features = "classes"` fits the last layer to whatever data set is trained on.
  const auto* text = options.find_text("out_features");
  if (text != nullptr && *text == "classes")
    return std::make_unique<Dense>(DenseOptions{.out_features = num_classes});
  return std::make_unique<Dense>(
      DenseOptions{.out_features = options.integer("out_features", 1, kMaxFeatures)});
}

std::unique_ptr<Layer> make_dropout(OptionReader& options, std::int64_t /*num_classes*/) {
  const auto rate = static_cast<float>(options.number("rate", 0.0, 0.99));
  return std::make_unique<Dropout>(DropoutOptions{.rate = rate});
}

template <typename L>
std::unique_ptr<Layer> make_plain(OptionReader& /*options*/, std::int64_t /*num_classes*/) {
  return std::make_unique<L>();
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table{
      {"dense", make_dense},
      {"dropout", make_dropout},
      {"flatten", make_plain<Flatten>},
      {"relu", make_plain<Relu>},
  };
  return table;
}

}  // namespace

std::unique_ptr<Layer> make_layer(const Options& options_with_type, std::int64_t num_classes,
                                  const std::string& where) {
  std::vector<std::string> types;
  for (const auto& [type, maker] : makers()) types.push_back(type);
  OptionReader type_reader(options_with_type, where);
  const std::string type = type_reader.text("type", types);
  Options options = options_with_type;
  options.erase("type");
  OptionReader reader(options, where + " (" + type + ")");
  auto layer = makers().at(type)(reader, num_classes);
  reader.finish();
  return layer;
}

}  // namespace digitry
