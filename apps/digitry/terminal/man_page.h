#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace digitry::app {

/// A page of section 1 of the manual, in roff's man macros.
struct ManPage {
  std::string name;  ///< "digitry-data-fetch"; the file is <name>.1.
  std::string text;
};

/// One page for the command and one per subcommand, at every depth, made of what --help shows:
/// descriptions, arguments, options, examples. The same tree gives the same bytes.
std::vector<ManPage> man_pages(const CLI::App& root);

}  // namespace digitry::app
