#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "apps/digitry/run.h"
#include "apps/digitry/terminal/interrupt.h"

namespace {

// Where a caller has closed a standard stream, the next file that is opened would take its place,
// and messages would be written into it. A stream that cannot be written is put there instead.
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
  // A limit on file size is to be an error that can be explained, not a signal that kills.
  std::signal(SIGXFSZ, SIG_IGN);
  digitry::app::start_interrupt_thread();
  return digitry::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
