#include "apps/digitry/commands/data_corrupt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <vector>

#include "apps/digitry/terminal/draw.h"
#include "apps/digitry/terminal/interrupt.h"
#include "apps/digitry/terminal/terminal.h"
#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/words.h"
#include "digitry/data/idx.h"
#include "digitry/data/summary.h"

namespace digitry::app {
namespace {

constexpr const char* kAllNames = "all";

std::vector<std::string> corruption_names() {
  std::vector<std::string> names;
  for (const Corruption corruption : all_corruptions()) names.emplace_back(to_string(corruption));
  return names;
}

Corruption parse_corruption(const std::string& name) {
  if (const auto found = find_corruption(name)) return *found;
  const std::vector<std::string> names = corruption_names();
  const std::string meant = nearest(name, names);
  throw Error(ErrorCode::kInvalidArgument,
              "unknown corruption \"{}\"; {}expected {}, or {} for all of them", name,
              meant.empty() ? "" : fmt::format("did you mean \"{}\"? ", meant),
              fmt::format("{}", fmt::join(names, ",")), kAllNames);
}

}  // namespace

std::vector<Corruption> parse_corruptions(const std::string& text) {
  if (text == kAllNames) return {all_corruptions().begin(), all_corruptions().end()};
  std::vector<Corruption> corruptions;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const Corruption corruption = parse_corruption(text.substr(begin, end - begin));
    if (std::ranges::find(corruptions, corruption) == corruptions.end())
      corruptions.push_back(corruption);
    begin = end + 1;
  }
  return corruptions;
}

CLI::Option* add_corrupt_option(CLI::App& command, std::optional<std::string>& names,
                                const std::string& help) {
  return command
      .add_option_function<std::string>(
          "--corrupt", [&names](const std::string& given) { names = given; }, help)
      ->type_name(fmt::format("{{{},{}}}", kAllNames, fmt::join(corruption_names(), ",")))
      ->expected(0, 1)
      ->default_str(kAllNames);
}

CorruptionPreview make_corruption_preview(const Dataset& data, std::int64_t num_images,
                                          const std::vector<Corruption>& corruptions,
                                          std::uint64_t seed) {
  CorruptionPreview preview{.image_indices = pick_samples(data, num_images),
                            .images = {},
                            .per_row = 1 + std::ssize(corruptions)};
  const std::vector<std::int32_t> shown(preview.image_indices.begin(), preview.image_indices.end());
  const Shape image_shape = data.image_shape();
  const std::int64_t image_size = image_shape.num_elements();
  preview.images = Tensor(image_shape.with_batch(std::ssize(shown) * preview.per_row), DType::kU8);
  const auto to = preview.images.as<std::uint8_t>().begin();
  const auto put = [&](std::int64_t row, std::int64_t column, const std::uint8_t* image) {
    std::copy_n(image, image_size, to + (row * preview.per_row + column) * image_size);
  };
  for (std::int64_t row = 0; row < std::ssize(shown); ++row)
    put(row, 0,
        data.images.as<std::uint8_t>().data() + shown[static_cast<std::size_t>(row)] * image_size);
  for (std::int64_t column = 1; column < preview.per_row; ++column) {
    const Tensor corrupted =
        corrupt_images(data.images, shown, corruptions[static_cast<std::size_t>(column - 1)], seed);
    for (std::int64_t row = 0; row < std::ssize(shown); ++row)
      put(row, column, corrupted.as<std::uint8_t>().data() + row * image_size);
  }
  return preview;
}

namespace {

constexpr int kPicturesPerRow = 4;  // Leaves room for the names of the corruptions.

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
                                .per_row = kPicturesPerRow}));
}

// Called before anything is computed.
void check_new(const std::filesystem::path& out) {
  if (path_exists(out) && (!is_folder(out) || !list_folder(out).empty()))
    throw Error(ErrorCode::kInvalidArgument,
                "{} exists already and is not overwritten; choose another --out", out.string());
}

// Writes one data set, for --data.
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
  if (error) throw Error(ErrorCode::kIo, "cannot make {}: {}", to.string(), error.message());
}

// Writes all data sets or none: into a temporary folder whose folders are moved at the end.
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
      throw Error(ErrorCode::kInterrupted, "interrupted; nothing was written to {}", out.string());
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
