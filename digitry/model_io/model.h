#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/augment/test_time_augmentation.h"
#include "digitry/nn/network.h"
#include "digitry/nn/plan/session.h"

namespace digitry {

/// One network of a model.
struct Member {
  Network network;
  /// In the company of other networks or views its probabilities are softmax(logits / temperature);
  /// alone, it has the model's.
  float temperature = 1;
  /// float32 [K, num_features(network)]: what images of the kind that it was trained on look
  /// like to its last layer; `Classifier::in_distribution_scores` compares others with them. May be
  /// empty.
  Tensor prototypes = {};
};

/// A trained classifier: all that is needed to use it, and where it came from. Its answer is the
/// mean of its networks' and views' probabilities; `Classifier` computes it.
struct Model {
  std::vector<Member> members;  ///< At least one; all of the same input and the same classes.
  Preprocessing preprocessing = {};
  TestTimeAugmentation tta = {};  ///< Test-time augmentation: how it looks at each image.
  std::vector<std::string> class_names = {};           ///< One per class.
  std::map<std::string, std::string> provenance = {};  ///< Seed, data hash, version, recipe...
  /// Of the whole: probabilities are softmax(logits / temperature), fitted on validation images, 1
  /// without any.
  float temperature = 1;
  /// Images whose in-distribution score (`Classifier`) is below this are reported as unknown; in
  /// [0, 1], and 0, so that none is, if there was nothing to fit it on.
  float rejection_threshold = 0;

  /// Throws Error{kInvalidArgument} if there is no network.
  const Shape& input_shape() const;
  /// Of all members together.
  std::int64_t num_parameters() const;
};

/// Throws Error{kInvalidArgument} saying what is missing if the model cannot be used: networks (it
/// is empty or was moved from), layers, values, one name per class; or if its networks differ in
/// input or classes. All that uses a model throws it too.
void check_usable(const Model& model);

/// A copy that shares nothing with the model.
Model copy_of(const Model& model);

/// The members of a model of one network.
std::vector<Member> one_member(Network network);

/// The networks of one or more models as one model, each at its own temperature, with `views`;
/// without any, with the views that the models all have. The whole is not calibrated: its
/// temperature is 1, its refusal threshold the mean of theirs. What of the provenance is the same
/// for all is kept.
/// Throws Error{kInvalidArgument} if there are none or not as many names, and naming the first that
/// cannot be used or does not fit, as `names` has it: another input shape, other classes,
/// preprocessing or views; of more than one, several networks.
Model combine(std::vector<Model> models, const std::vector<std::string>& names,
              const std::optional<TestTimeAugmentation>& views = std::nullopt);

/// The model as a safetensors file; docs/model_format.md describes the metadata.
std::string model_to_bytes(const Model& model);

/// Throws Error{kBadData} that begins with `source`: not safetensors, metadata that are missing or
/// malformed, an impossible architecture, tensors missing, left over or of another shape, values
/// that are not finite.
Model model_from_bytes(std::string_view bytes, const std::string& source);

/// Written all or nothing. Throws Error{kIo}.
void save_model(const Model& model, const std::filesystem::path& path);

/// Throws what `model_from_bytes` and `read_file` throw; a file over 4 GiB is no model.
Model load_model(const std::filesystem::path& path);

/// The trained models that are part of the library, of `models/` in its source, named after
/// their recipes: "cnn-best", which reads MNIST best, and "tiny", which is smallest.
std::vector<std::string> shipped_model_names();

bool is_shipped_model(const std::string& name);

/// Throws Error{kBadData} naming those there are, where `name` is none of them.
Model shipped_model(const std::string& name);

/// The one that classifies where nobody names another.
inline constexpr const char* kDefaultModel = "cnn-best";

}  // namespace digitry
