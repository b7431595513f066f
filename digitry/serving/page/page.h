#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digitry/base/error.h"
#include "digitry/model_io/model.h"
#include "digitry/serving/http/http.h"
#include "digitry/serving/http/router.h"
#include "digitry/serving/inference/model_repository.h"
#include "digitry/serving/page/corrections.h"
#include "digitry/serving/page/run_reports.h"
#include "digitry/serving/page/task_queue.h"
#include "digitry/tensor/tensor.h"

// Internal to serving: what the page sends.

namespace digitry::serving {

/// A longer body is no question about one image.
inline constexpr std::size_t kMaxImageRequestBytes = std::size_t{1} << 16;

/// A question about one image of a model, and one of its classes.
struct ImageRequest {
  Tensor image;  ///< uint8 [1, C, H, W], of the model's shape.
  std::string label;
};

/// Parses `{"image": "<base64>", KEY: "<class>"}`; other members are passed over.
/// Throws Error{kBadData} saying which member is wrong and how.
ImageRequest parse_image_request(std::string_view body, const char* key, const Model& model);

/// A file of the page, embedded in the program.
struct PageFile {
  std::string content_type;
  std::string_view content;
};

/// How much is tried to read a picture: kQuick takes each piece of ink for one digit, level and on
/// blank paper, as a drawing has them while its stroke goes on.
enum class ReadEffort { kQuick, kFull };

/// Reads a picture, a file's bytes, with a model that `is_readable`: the members of the answer of
/// /v1/read as JSON, `{"width": ...}`. Throws Error{kBadData} where it is none. Called on several
/// threads at once.
using ReadPicture = std::function<std::string(const std::shared_ptr<const ServedModel>&,
                                              std::string_view picture, ReadEffort effort)>;

/// What a ReadPicture throws for a picture of a format that it does not take: answered by 415.
class UnsupportedPicture : public Error {
 public:
  using Error::Error;
};

/// A training image.
struct NearImage {
  std::string label;
  std::string pixels;  ///< One byte each, of the model's shape.
  double distance = 0;
};

/// Training images like one that was asked about.
struct NearImages {
  std::vector<NearImage> images;  ///< The nearest first.
  std::string absence;            ///< Why there are none: a clause. Empty where there are.
  bool pending = false;           ///< There are none yet: they are being looked through.
};

/// Finds the training images nearest to `image`, uint8 [1,C,H,W]. Called on several threads at
/// once.
using FindNearest = std::function<NearImages(const std::shared_ptr<const ServedModel>&,
                                             const Tensor& image, std::size_t count)>;

/// What the web page has beyond the models. Routes of what is empty answer that it is not there.
struct PageOptions {
  std::map<std::string, PageFile> files{};  ///< By name; "index.html" is the page itself.
  ReadPicture read{};
  FindNearest nearest{};
  std::filesystem::path corrections{};  ///< The folder where corrected digits are kept.
  std::filesystem::path runs{};         ///< The folder whose runs are shown.
  int num_workers = 2;                  ///< Threads that read and explain.
  std::size_t max_waiting = 64;         ///< More requests are answered by 503.
};

/// Whether pictures can be read with the model: MNIST's form, 28×28 grey.
bool is_readable(const Model& model);

/// The web page and the routes under it (/v1/...), of docs/serving.md.
class Page {
 public:
  /// `models` has to outlive the page. Throws what Corrections' constructor throws.
  Page(PageOptions options, ModelRepository& models);

  void add_routes(Router& router);

 private:
  Response file(std::string_view name) const;
  Response info() const;
  void read(const Call& call);
  void explain(const Call& call);
  void correct(const Call& call);
  Response list_runs() const;
  Response report(std::string_view run, std::string_view file) const;
  void in_background(const Call& call, std::function<Response()> answer);

  PageOptions options_;
  ModelRepository& models_;
  std::optional<Corrections> corrections_;
  std::optional<RunReports> runs_;
  TaskQueue tasks_;
};

}  // namespace digitry::serving
