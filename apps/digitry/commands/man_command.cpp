#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "apps/digitry/commands/commands.h"
#include "apps/digitry/terminal/man_page.h"
#include "digitry/base/file.h"

namespace digitry::app {

void add_man_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("man", "Write the pages of the manual into a folder");
  const auto folder = std::make_shared<std::string>();
  command
      ->add_option("FOLDER", *folder,
                   "Where to write digitry.1 and a page per subcommand; made if there is none")
      ->required()
      ->type_name("FOLDER");
  command->footer(
      "An installed digitry has its pages already.\n"
      "\n"
      "Examples:\n"
      "  digitry man ~/.local/share/man/man1             # then: man digitry-train\n"
      "  digitry man pages && man ./pages/digitry-data-fetch.1");
  command->callback([folder, &app] {
    make_folder(*folder);
    for (const ManPage& page : man_pages(app))
      write_file_atomically(std::filesystem::path(*folder) / (page.name + ".1"), page.text);
  });
}

}  // namespace digitry::app
