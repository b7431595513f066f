#include "apps/digitry/shared_options.h"

namespace digitry::app {

void add_model_argument(CLI::App& command, std::string& model) {
  command
      .add_option("model", model,
                  "A model file, the folder of a run, or a shipped model (digitry info lists them)")
      ->type_name("MODEL")
      ->required();
}

void add_threads_option(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "0 for one a processor [0]")->check(CLI::Range(0, 1024));
}

}  // namespace digitry::app
