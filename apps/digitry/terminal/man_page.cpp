#include "apps/digitry/terminal/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>
#include <string_view>

#include "digitry/base/text.h"
#include "digitry/base/version.h"

namespace digitry::app {
namespace {

constexpr std::string_view kExampleHeading = "Examples:";

// Text for roff: a backslash and a hyphen are themselves; a dot or an apostrophe at the start is no
// request.
std::string roff(std::string_view text) {
  std::string escaped = replace_all(std::string(text), "\\", "\\e");
  escaped = replace_all(escaped, "-", "\\-");
  escaped = replace_all(replace_all(escaped, ",", ",\\:"), ",\\: ", ", ");
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }

std::string section(std::string_view name) { return fmt::format(".SH {}\n", name); }

std::string page_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : page_name(*parent) + "-" + app.get_name();
}

// A subcommand's options without those that it inherits, which the page of the command describes.
std::vector<const CLI::Option*> arguments_of(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> found;
  for (const CLI::Option* option : app.get_options()) {
    const bool named = !option->get_snames().empty() || !option->get_lnames().empty();
    if (named != positional) found.push_back(option);
  }
  return found;
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  const auto add = [&names](const std::string& name) {
    names += (names.empty() ? "" : ", ") + bold(name);
  };
  for (const std::string& name : option.get_snames()) add("-" + name);
  for (const std::string& name : option.get_lnames()) add("--" + name);
  return names.empty() ? bold(option.get_name(true)) : names;
}

std::string related(std::string_view what, const std::set<CLI::Option*>& options) {
  std::set<std::string> names;  // Sorted: the set is in the order of addresses.
  for (const CLI::Option* option : options) names.insert(option->get_name());
  return names.empty()
             ? ""
             : fmt::format(" {}: {}.", what, roff(fmt::format("{}", fmt::join(names, ", "))));
}

std::string describe(const CLI::Option& option) {
  std::string text = ".TP\n" + option_names(option);
  if (option.get_items_expected_max() > 0) {
    const std::string type =
        option.get_type_name();  // "INT:INT in [0 - 9]": the type, then its check.
    if (!type.empty()) text += " " + roff(type.substr(type.find(':') + 1));
  }
  text += "\n" + roff(option.get_description()) + ".";
  text +=
      related("Needs", option.get_needs()) + related("Not together with", option.get_excludes());
  return text + "\n";
}

std::string describe_all(std::string_view heading, const std::vector<const CLI::Option*>& options) {
  std::string text;
  for (const CLI::Option* option : options) text += describe(*option);
  return text.empty() ? text : section(heading) + text;
}

// The two kinds of text below the options of --help: sentences, and indented lines to type.
struct Footer {
  std::string prose;
  std::string examples;
};

Footer split_footer(const std::string& footer) {
  Footer parts;
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ")) {
      parts.examples += roff(line.substr(2)) + "\n";
      continue;
    }
    if (line.ends_with(kExampleHeading)) line.resize(line.size() - kExampleHeading.size());
    while (line.ends_with(' ')) line.pop_back();
    if (!line.empty())
      parts.prose += roff(line) + "\n";
    else if (!parts.prose.empty() && !parts.prose.ends_with(".PP\n"))
      parts.prose += ".PP\n";
  }
  if (parts.prose.ends_with(".PP\n")) parts.prose.resize(parts.prose.size() - 4);
  return parts;
}

std::string synopsis(const CLI::App& app, bool has_subcommands) {
  std::string text = bold(replace_all(page_name(app), "-", " ")) + " [\\fIOPTION\\fR]...";
  for (const CLI::Option* option : arguments_of(app, true)) {
    const std::string name = "\\fI" + roff(option->get_name(true)) + "\\fR";
    const std::string dots = option->get_expected_max() > 1 ? "..." : "";
    text += option->get_required() ? " " + name + dots : " [" + name + "]" + dots;
  }
  return section("SYNOPSIS") + text + (has_subcommands ? " \\fICOMMAND\\fR" : "") + "\n";
}

std::string page_text(const CLI::App& app, const std::vector<const CLI::App*>& subcommands) {
  const std::string name = page_name(app);
  const Footer footer = split_footer(app.get_footer());
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string text = fmt::format(".TH {} 1 \"\" \"digitry {}\" \"User Commands\"\n.ad l\n",
                                 roff(upper), version());
  std::string summary = app.get_description();
  while (summary.ends_with('.')) summary.pop_back();
  summary = roff(summary);
  text += section("NAME") + roff(name) + " \\- " + summary + "\n";
  text += synopsis(app, !subcommands.empty());
  text += section("DESCRIPTION") + summary + ".\n";
  if (!footer.prose.empty()) text += ".PP\n" + footer.prose;
  if (!subcommands.empty()) text += section("COMMANDS");
  for (const CLI::App* sub : subcommands)
    text += fmt::format(".TP\n{}(1)\n{}.\n", bold(page_name(*sub)), roff(sub->get_description()));
  text += describe_all("ARGUMENTS", arguments_of(app, true));
  text += describe_all("OPTIONS", arguments_of(app, false));
  if (!footer.examples.empty()) text += section("EXAMPLES") + ".nf\n" + footer.examples + ".fi\n";
  if (app.get_parent() != nullptr)
    text += section("SEE ALSO") + bold(page_name(*app.get_parent())) + "(1)\n";
  return text;
}

void add_pages(const CLI::App& app, std::vector<ManPage>& pages) {
  const std::vector<const CLI::App*> subcommands =
      app.get_subcommands([](const CLI::App*) { return true; });
  pages.push_back({page_name(app), page_text(app, subcommands)});
  for (const CLI::App* sub : subcommands) add_pages(*sub, pages);
}

}  // namespace

std::vector<ManPage> man_pages(const CLI::App& root) {
  std::vector<ManPage> pages;
  add_pages(root, pages);
  return pages;
}

}  // namespace digitry::app
