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

// Internal to serving: the web page and the routes that it uses.

namespace digitry::serving {

/// Limit of the body of a request about one image.
inline constexpr std::size_t kMaxImageRequestBytes = std::size_t{1} << 16;

/// A request about one image and one class of a model.
struct ImageRequest {
  Tensor image;  ///< uint8 [1, C, H, W] of the model's shape.
  std::string label;
  std::string replaces{};  ///< Of a correction: the path of the image that it replaces, or empty.
};

/// Parses `{"image": "<base64>", KEY: "<class>", "replaces": "<path>"}`, where KEY is `key` and
/// "replaces" is optional. Other members are ignored.
/// Throws Error{kBadData} if a member is missing or invalid.
ImageRequest parse_image_request(std::string_view body, const char* key, const Model& model);

/// A file of the page, embedded in the program.
struct PageFile {
  std::string content_type;
  std::string_view content;
};

/// How thoroughly a picture is read. kQuick takes each connected piece of ink as one upright digit
/// on blank paper, which is right for a drawing in progress.
enum class ReadEffort { kQuick, kFull };

/// Reads a picture (the bytes of a file) with a model that `is_readable`. Returns the JSON object
/// that /v1/read answers, without "model". Throws Error{kBadData} if the picture is invalid and
/// UnsupportedPicture if its format is not accepted. Must be thread-safe.
using ReadPicture = std::function<std::string(const std::shared_ptr<const ServedModel>&,
                                              std::string_view picture, ReadEffort effort)>;

/// Thrown by a ReadPicture for a format that it does not accept; answered with 415.
class UnsupportedPicture : public Error {
 public:
  using Error::Error;
};

/// A training image near the image of a request.
struct NearImage {
  std::string label;
  std::string pixels;  ///< One byte per pixel, of the model's shape.
  double distance = 0;
};

/// The training images nearest to an image.
struct NearImages {
  std::vector<NearImage> images;  ///< Nearest first.
  std::string absence;            ///< Why there are none; empty if there are some.
  bool pending = false;           ///< Whether the search index is still being built.
};

/// Finds the `count` training images nearest to `image`, uint8 [1, C, H, W]. Must be thread-safe.
using FindNearest = std::function<NearImages(const std::shared_ptr<const ServedModel>&,
                                             const Tensor& image, std::size_t count)>;

/// What the page offers besides the models. If a member is empty, its routes answer 403 or 404.
struct PageOptions {
  std::map<std::string, PageFile> files{};  ///< By name; "index.html" is the page.
  ReadPicture read{};
  FindNearest nearest{};
  std::filesystem::path corrections{};  ///< Folder for corrected digits.
  std::filesystem::path runs{};         ///< Folder whose runs are shown.
  int num_workers = 2;                  ///< Threads that read and explain.
  std::size_t max_waiting = 64;         ///< More waiting requests get 503.
};

/// Whether pictures can be read with the model: its images are [1, 28, 28], as MNIST's are.
bool is_readable(const Model& model);

/// The routes of the web page: its files, /v1/... and /runs/... (docs/serving.md).
class PageRoutes {
 public:
  /// `models` must outlive this. Throws as the constructors of Corrections and TaskQueue do.
  PageRoutes(PageOptions options, ModelRepository& models);

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
