#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "apps/digitry/run.h"

int main(int argc, char** argv) {
  // A limit on file size is to be an error that can be explained, not a signal that kills.
  std::signal(SIGXFSZ, SIG_IGN);
  return digitry::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
