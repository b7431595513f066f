#include "apps/digitry/commands/train_parts.h"

#include <system_error>

#include "apps/digitry/terminal/terminal.h"
#include "apps/digitry/terminal/words.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"

namespace digitry::app {
namespace {

// Training reads its data again to judge the model, and once more to go on after a crash.
void check_can_be_read_again(const std::string& data) {
  std::error_code error;
  const auto status = std::filesystem::status(data, error);
  if (data == "-" || (std::filesystem::exists(status) && !std::filesystem::is_directory(status) &&
                      !std::filesystem::is_regular_file(status)))
    throw Error(ErrorCode::kInvalidArgument,
                "data '{}': training reads its data more than once; put them into a file", data);
}

}  // namespace

HeldRun hold_unfinished(const std::string& out) {
  HeldRun run = hold_run_folder(out);
  if (run.folder.finished())
    throw Error(ErrorCode::kInvalidArgument,
                "{} is finished; look at it with digitry report, or train anew under another --out",
                out);
  return run;
}

Dataset load_training_data(const Recipe& recipe) {
  check_can_be_read_again(recipe.data);
  Dataset data = load_dataset(recipe.data, Split::kTrain);
  if (!data.labelled())
    throw Error(ErrorCode::kBadData, "{}: these images have no labels; training needs them",
                recipe.data);
  return data;
}

std::optional<JudgedImages> images_to_judge(const Recipe& recipe, const ValidationSplit& split,
                                            const Model& model) {
  const std::string judged = final_split(recipe.data);
  if (judged == "test" || !split.validation.empty()) return load_judged(recipe.data, judged, model);
  warn(recipe.data + " has neither labelled test nor validation images: the model is not judged");
  return std::nullopt;
}

}  // namespace digitry::app
