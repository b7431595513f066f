#include "apps/digitry/data_corrupt.h"

#include <fmt/format.h>

#include <filesystem>
#include <numeric>
#include <vector>

#include "apps/digitry/corruption_names.h"
#include "apps/digitry/corruption_preview.h"
#include "apps/digitry/draw_images.h"
#include "apps/digitry/interrupt.h"
#include "apps/digitry/sheet.h"
#include "apps/digitry/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/scratch_folder.h"
#include "digitry/data/idx.h"

namespace digitry::app {
namespace {

constexpr int kPicturesARow = 4;  // Wide enough for the corruptions' names below them.

void print_corrupted(const CorruptionPreview& preview, const std::vector<Corruption>& corruptions) {
  Dataset drawn;
  drawn.images = preview.images.clone();
  for (const std::int64_t index : preview.image_indices) {
    drawn.class_names.push_back(fmt::format("image {}", index));
    for (const Corruption corruption : corruptions)
      drawn.class_names.emplace_back(to_string(corruption));
  }
  drawn.labels.resize(drawn.class_names.size());
  std::iota(drawn.labels.begin(), drawn.labels.end(), 0);
  const std::vector<std::int64_t> all(drawn.labels.begin(), drawn.labels.end());
  fmt::print("{}", draw_images(drawn, all,
                               {.width = stdout_is_terminal() ? terminal_width() : 80,
                                .color = use_color(1),
                                .per_row = kPicturesARow}));
}

// Refused before anything is computed.
void check_new(const std::filesystem::path& out) {
  if (path_exists(out) && (!is_folder(out) || !list_folder(out).empty()))
    throw Error(ErrorCode::kInvalidArgument,
                "{} exists already and is never overwritten; choose another --out", out.string());
}

// One folder that --data takes.
void export_corrupted(const Dataset& data, Corruption corruption, std::uint64_t seed,
                      const std::filesystem::path& folder) {
  make_folder(folder);
  const char* prefix = data.split == Split::kTrain ? "train" : "t10k";
  const int rank = data.image_shape()[0] == 1 ? 3 : 4;
  write_idx_images(folder / fmt::format("{}-images-idx{}-ubyte", prefix, rank),
                   corrupt_images(data.images, corruption, seed));
  if (data.labelled())
    write_idx_labels(folder / fmt::format("{}-labels-idx1-ubyte", prefix), data.labels);
  std::string names;
  for (const std::string& name : data.class_names) names += name + "\n";
  if (!names.empty()) write_file_atomically(folder / "class_names.txt", names);
}

void move_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) throw Error(ErrorCode::kIo, "{}: cannot make it: {}", to.string(), error.message());
}

// All of them or none: written beside their places, and moved there at the end.
void export_all(const Dataset& data, const std::vector<Corruption>& corruptions, std::uint64_t seed,
                const std::filesystem::path& out) {
  const InterruptGuard interrupt;
  make_folder(out);
  const ScratchFolder scratch(out / ".unfinished-");
  ProgressBar bar("corruptions");
  for (std::size_t i = 0; i < corruptions.size(); ++i) {
    const char* name = to_string(corruptions[i]);
    bar.update(name, i, corruptions.size());
    export_corrupted(data, corruptions[i], seed, scratch.path() / name);
    if (interrupt.requested())
      throw Error(ErrorCode::kInterrupted, "stopped; nothing was written to {}", out.string());
  }
  bar.finish();
  for (const Corruption corruption : corruptions) {
    const std::filesystem::path folder = out / to_string(corruption);
    move_folder(scratch.path() / to_string(corruption), folder);
    fmt::print("{}\n", folder.string());
  }
}

}  // namespace

void show_data_corrupt(const DataCorruptArguments& arguments) {
  const std::vector<Corruption> corruptions = parse_corruptions(arguments.corrupt.value_or("all"));
  const auto seed = static_cast<std::uint64_t>(arguments.seed);
  if (!arguments.out.empty()) check_new(arguments.out);
  const Dataset data =
      load_dataset(arguments.path, arguments.split == "train" ? Split::kTrain : Split::kTest);
  const CorruptionPreview preview =
      make_corruption_preview(data, arguments.num_images, corruptions, seed);
  if (!arguments.sheet.empty()) {
    write_sheet(arguments.sheet, preview.images, preview.per_row);
    inform(fmt::format("{}: originals on the left, then {} corruptions in the order of --help",
                       arguments.sheet, corruptions.size()));
  }
  if (!arguments.out.empty()) export_all(data, corruptions, seed, arguments.out);
  if (arguments.show || (arguments.sheet.empty() && arguments.out.empty()))
    print_corrupted(preview, corruptions);
}

}  // namespace digitry::app
