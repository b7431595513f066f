#include <exception>
#include <string>
#include <vector>

#include "apps/digitry/run.h"

int main(int argc, char** argv) {
  return digitry::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
