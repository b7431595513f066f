#include "apps/digitry/corruption_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "apps/digitry/suggest.h"
#include "digitry/base/error.h"

namespace digitry::app {
namespace {

constexpr const char* kAllNames = "all";

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Corruption corruption : all_corruptions()) names.emplace_back(to_string(corruption));
  return names;
}

Corruption parse_corruption(const std::string& name) {
  if (const auto found = find_corruption(name)) return *found;
  const std::vector<std::string> names = known_names();
  const std::string meant = nearest(name, names);
  throw Error(ErrorCode::kInvalidArgument,
              "no corruption is called \"{}\"; {}there are {}, and {} for all of them", name,
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
      ->type_name(fmt::format("{{{},{}}}", kAllNames, fmt::join(known_names(), ",")))
      ->expected(0, 1)
      ->default_str(kAllNames);
}

}  // namespace digitry::app
