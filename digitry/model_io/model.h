#pragma once

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
  /// With other networks or views, its probabilities are softmax(logits / temperature). A single
  /// network without views uses the temperature of the model instead.
  float temperature = 1;
  /// float32 [K, num_features(network)]: typical features of training images
  /// (evaluation/prototypes.h), which `Classifier::in_distribution_scores` compares with those of
  /// an image. May be empty.
  Tensor prototypes = {};
};

/// A trained classifier: everything needed to use it, and its provenance. Its prediction is the
/// mean of the probabilities of its networks and views; `Classifier` computes it.
struct Model {
  std::vector<Member> members;  ///< At least one; all have the same input shape and classes.
  Preprocessing preprocessing = {};
  TestTimeAugmentation tta = {};                       ///< The views of each image.
  std::vector<std::string> class_names = {};           ///< One per class.
  std::map<std::string, std::string> provenance = {};  ///< Seed, data hash, version, recipe...
  /// Temperature of the whole model: probabilities are softmax(logits / temperature). Fitted on
  /// validation images; 1 if there are none.
  float temperature = 1;
  /// Images whose in-distribution score (`Classifier`) is below this are rejected. In [0, 1]; 0,
  /// which rejects only blank images, if there were no images to fit it on.
  float rejection_threshold = 0;

  /// Whether an image of this in-distribution score is rejected: it is below the threshold, or 0.
  bool rejects(double in_distribution_score) const;

  /// Throws Error{kInvalidArgument} if there are no networks.
  const Shape& input_shape() const;
  /// Number of trainable values of all members.
  std::int64_t num_parameters() const;
};

/// Throws Error{kInvalidArgument} if the model cannot be used: if it has no networks (it is empty
/// or was moved from), if a network has no layers or no values, if the networks differ in input
/// shape or number of classes, or if there is not one name per class. Every function that uses a
/// model throws this too.
void check_usable(const Model& model);

/// A copy that shares no memory with the model. Throws what `check_usable` throws.
Model copy_of(const Model& model);

/// The members of a model of one network.
std::vector<Member> one_member(Network network);

/// Combines the networks of one or more models into one model. Each network keeps its temperature.
/// The result has the given `views`, or else those of the models, which must then be the same. It
/// is not calibrated: its temperature is 1, and its rejection threshold is the mean of those of the
/// models. It keeps the provenance that is the same in all models.
/// Throws Error{kInvalidArgument} if there are no models or another number of names. Throws the
/// same, with the name of the model from `names`, if a model cannot be used, has another input
/// shape, other classes, preprocessing or views than the first, or has several networks although
/// there are several models.
Model combine(std::vector<Model> models, const std::vector<std::string>& names,
              const std::optional<TestTimeAugmentation>& views = std::nullopt);

/// The model as a safetensors file; docs/model_format.md describes the metadata. Throws what
/// `check_usable` throws.
std::string model_to_bytes(const Model& model);

/// Throws Error{kBadData}, with a message that begins with `source`, if the bytes are not
/// safetensors, if metadata are missing or malformed, if the architecture is invalid, if tensors
/// are missing, unexpected or of another shape, or if values are not finite.
Model model_from_bytes(std::string_view bytes, const std::string& source);

/// Writes the file atomically. Throws Error{kIo} if it cannot be written.
void save_model(const Model& model, const std::string& path);

/// Throws what `model_from_bytes` and `read_file` throw; a file over 4 GiB is rejected.
Model load_model(const std::string& path);

/// The names of the trained models that are built into the library (`models/` in the source), which
/// are those of their recipes: "cnn-best" is the most accurate on MNIST, "tiny" the smallest.
std::vector<std::string> shipped_model_names();

bool is_shipped_model(const std::string& name);

/// Throws Error{kBadData} with the names of the shipped models if `name` is not one of them.
Model shipped_model(const std::string& name);

/// The model that is used by default.
inline constexpr const char* kDefaultModel = "cnn-best";

}  // namespace digitry
