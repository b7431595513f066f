#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/base/limits.h"
#include "digitry/base/text.h"
#include "digitry/data/data_source.h"
#include "digitry/data/npy.h"
#include "digitry/data/zip.h"

// NumPy arrays as a data set: the members of an NPZ file, or the .npy and .npz files of a folder.
// What an array is follows from its name: x_train, train_images, kmnist-train-imgs, val_labels.

namespace digitry {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 9> kImageWords = {
    "x", "image", "images", "img", "imgs", "data", "pixels", "features", "inputs"};
constexpr std::array<std::string_view, 8> kLabelWords = {"y",       "label",   "labels", "target",
                                                         "targets", "classes", "class",  "lbls"};
constexpr std::array<std::string_view, 2> kWeightWords = {"weight", "weights"};
constexpr std::array<std::pair<std::string_view, Split>, 8> kSplitWords = {{
    {"train", Split::kTrain},
    {"training", Split::kTrain},
    {"val", Split::kValidation},
    {"valid", Split::kValidation},
    {"validation", Split::kValidation},
    {"dev", Split::kValidation},
    {"test", Split::kTest},
    {"testing", Split::kTest},
}};

struct Array {
  std::string name;  // Without ".npy".
  std::function<std::unique_ptr<ByteStream>()> open;
};

struct Role {
  std::optional<Split> split;
  bool images = false;
  bool labels = false;
  bool weights = false;
};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::optional<Split> split_word(std::string_view word) {
  for (const auto& [name, split] : kSplitWords)
    if (word == name) return split;
  return std::nullopt;
}

// Takes a word such as "train" or "x" into account. Returns whether it is known.
bool add_word(std::string_view word, Role& role) {
  const std::optional<Split> split = split_word(word);
  const bool images = is_one_of(word, kImageWords);
  const bool labels = is_one_of(word, kLabelWords);
  const bool weights = is_one_of(word, kWeightWords);
  if (split) role.split = split;
  role.images |= images;
  role.labels |= labels;
  role.weights |= weights;
  return split || images || labels || weights;
}

// "x_train", "trainImages", "Xtest": words end at other characters, at capitals, or where the rest
// is a known word, too.
Role role_of(std::string_view name) {
  Role role;
  std::string word;
  const auto end_word = [&] {
    if (!add_word(word, role))
      for (std::size_t i = 1; i < word.size(); ++i) {
        Role both;
        if (add_word(word.substr(0, i), both) && add_word(word.substr(i), both)) {
          if (both.split) role.split = both.split;
          role.images |= both.images;
          role.labels |= both.labels;
          role.weights |= both.weights;
        }
      }
    word.clear();
  };
  bool lower = false;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    const bool capital = std::isupper(letter) != 0;
    if (std::isalnum(letter) == 0 || (capital && lower)) end_word();
    if (std::isalnum(letter) != 0) word += static_cast<char>(std::tolower(letter));
    lower = std::islower(letter) != 0;
  }
  end_word();
  if (role.weights) role.labels = false;                 // "label_weights"
  if (role.labels || role.weights) role.images = false;  // "data_labels"
  return role;
}

// The arrays of one split, as places in the list of arrays.
struct Parts {
  std::optional<std::size_t> images;
  std::optional<std::size_t> labels;
  std::optional<std::size_t> weights;
};

class ArraySource : public DataSource {
 public:
  ArraySource(std::string name, std::vector<Array> arrays)
      : name_(std::move(name)), arrays_(std::move(arrays)) {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const Role role = role_of(arrays_[i].name);
      if (role.images) set(role.split, &Parts::images, i);
      if (role.labels) set(role.split, &Parts::labels, i);
      if (role.weights) set(role.split, &Parts::weights, i);
    }
    // Weights without a split are those of the training images.
    if (const auto train = parts_.find(Split::kTrain);
        train != parts_.end() && parts_.contains(std::nullopt) && !train->second.weights)
      train->second.weights = parts_.at(std::nullopt).weights;
    if (parts_.empty()) use_order();
    const bool any = std::ranges::any_of(
        parts_, [](const auto& part) { return part.second.images.has_value(); });
    if (!any)
      throw Error(ErrorCode::kBadData,
                  "{}: expected arrays named like x_train, y_train, x_test, y_test, or images and "
                  "labels, found {}",
                  name_, names());
    // Labels without images are of no use, and arrays of no split are not a split beside others.
    std::erase_if(parts_, [](const auto& part) { return !part.second.images.has_value(); });
    if (parts_.size() > 1) parts_.erase(std::nullopt);
  }

  std::vector<Split> splits() const override {
    std::vector<Split> splits;
    for (const auto& [split, parts] : parts_)
      if (split) splits.push_back(*split);
    return splits;
  }

  SplitContent load(Split split) const override {
    const Parts& parts = parts_of(split);
    const Array& images = arrays_[*parts.images];
    SplitContent content{.images = read_npy_images(*images.open()),
                         .images_from = images.name,
                         .labels_from = parts.labels ? arrays_[*parts.labels].name : images.name};
    content.labels = labels(split);
    if (parts.weights) {
      content.weights = read_npy_weights(*arrays_[*parts.weights].open());
      content.notes.push_back("images are weighted by " + clean_utf8(arrays_[*parts.weights].name));
    }
    content.images_from = name_ + ": " + clean_utf8(content.images_from);
    content.labels_from = name_ + ": " + clean_utf8(content.labels_from);
    return content;
  }

  bool has_labels(Split split) const override { return parts_of(split).labels.has_value(); }

  std::vector<std::int32_t> labels(Split split) const override {
    const Parts& parts = parts_of(split);
    return parts.labels ? read_npy_labels(*arrays_[*parts.labels].open())
                        : std::vector<std::int32_t>();
  }

 private:
  std::string names() const {
    std::vector<std::string> names;
    for (const Array& array : arrays_) names.push_back(clean_utf8(array.name));
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
  }

  void set(std::optional<Split> split, std::optional<std::size_t> Parts::*role, std::size_t array) {
    std::optional<std::size_t>& place = parts_[split].*role;
    if (place)
      throw Error(ErrorCode::kBadData,
                  "{}: expected one array of {} per split, found {} and {}; pass one file", name_,
                  role == &Parts::images   ? "images"
                  : role == &Parts::labels ? "labels"
                                           : "weights",
                  clean_utf8(arrays_[*place].name), clean_utf8(arrays_[array].name));
    place = array;
  }

  // Arrays without names (arr_0, arr_1, ...): images and labels by their shapes; if there are two
  // of each, the first are for training.
  void use_order() {
    std::vector<std::size_t> images;
    std::vector<std::size_t> labels;
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const auto stream = arrays_[i].open();
      const auto& shape = read_npy_header(*stream).shape;
      const bool flat = shape.size() < 2 || (shape.size() == 2 && shape[1] < kLeastPixels);
      (flat && arrays_.size() > 1 ? labels : images).push_back(i);
    }
    if (images.empty() || images.size() > 2 || labels.size() > images.size()) return;
    const bool two = images.size() == 2;
    for (std::size_t i = 0; i < images.size(); ++i) {
      std::optional<Split> split;
      if (two) split = i == 0 ? Split::kTrain : Split::kTest;
      set(split, &Parts::images, images[i]);
      if (i < labels.size()) set(split, &Parts::labels, labels[i]);
    }
  }

  const Parts& parts_of(Split split) const {
    auto found = parts_.find(split);
    if (found == parts_.end()) found = parts_.find(std::nullopt);
    if (found == parts_.end())
      throw Error(ErrorCode::kBadData, "{}: expected an array of {} images, found {}", name_,
                  to_string(split), names());
    return found->second;
  }

  static constexpr std::int64_t kLeastPixels = 64;  // Of images that are rows.

  std::string name_;
  std::vector<Array> arrays_;
  std::map<std::optional<Split>, Parts> parts_;
};

// Adds the arrays of an NPZ file. A member arr_0 has no name of its own: if it is alone, the file's
// says what it is.
void add_members(const std::shared_ptr<const ZipArchive>& archive, const std::string& stem,
                 std::vector<Array>& arrays) {
  constexpr std::string_view kExtension = ".npy";
  const std::vector<ZipMember>& members = archive->members();
  for (const ZipMember& member : members) {
    if (!member.name.ends_with(kExtension)) continue;
    std::string name = member.name.substr(0, member.name.size() - kExtension.size());
    if (!stem.empty() && members.size() == 1) name = stem;
    arrays.push_back({std::move(name), [archive, &member] { return archive->open(member); }});
  }
}

std::shared_ptr<const ZipArchive> read_archive(ByteStream& stream) {
  return std::make_shared<const ZipArchive>(read_rest(stream, kMaxInputBytes), stream.name());
}

}  // namespace

std::unique_ptr<DataSource> open_npz_source(ByteStream& stream) {
  const auto archive = read_archive(stream);
  std::vector<Array> arrays;
  add_members(archive, "", arrays);
  if (arrays.empty())
    throw Error(ErrorCode::kBadData,
                "{}: a ZIP archive without NumPy arrays (.npy); unpack it and pass the folder",
                stream.name());
  return std::make_unique<ArraySource>(stream.name(), std::move(arrays));
}

std::unique_ptr<DataSource> open_npy_folder_source(const fs::path& folder) {
  std::vector<Array> arrays;
  for (const fs::path& path : list_folder(folder)) {
    if (path.filename().string().starts_with('.') || is_folder(path)) continue;
    if (path.extension() == ".npy")
      arrays.push_back({path.stem().string(), [path] { return open_stream(path); }});
    else if (path.extension() == ".npz")
      add_members(read_archive(*open_stream(path)), path.stem().string(), arrays);
  }
  if (arrays.empty()) return nullptr;
  return std::make_unique<ArraySource>(folder.string(), std::move(arrays));
}

std::optional<Split> split_in_name(std::string_view name) { return role_of(name).split; }

}  // namespace digitry
