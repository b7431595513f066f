#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "apps/digitry/run.h"
#include "apps/digitry/terminal/interrupt.h"

namespace {

// If the caller has closed a standard stream, the next opened file would get its descriptor, and
// messages would be written to that file. This opens /dev/null for reading in its place.
void occupy_closed_standard_streams() {
  int descriptor = -1;
  do {
    descriptor = ::open("/dev/null", O_RDONLY);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

}  // namespace

int main(int argc, char** argv) {
  occupy_closed_standard_streams();
  // A write beyond the limit on file size then fails with an error instead of ending the process.
  std::signal(SIGXFSZ, SIG_IGN);
  digitry::app::start_interrupt_thread();
  return digitry::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
