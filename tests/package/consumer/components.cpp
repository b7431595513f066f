// One call into each of the components that reader.cpp does not use.

#include <iostream>
#include <vector>

#include "digitry/report/png.h"
#include "digitry/serving/serving_info.h"
#include "digitry/tuning/search_space.h"

int main() {
  const std::string png = digitry::encode_ink_png(std::vector<std::uint8_t>(6, 255), 3, 2);
  const digitry::SearchSpace space =
      digitry::parse_search_space("[\"training.batch_size\"]\nchoices = [32, 64]\n", "a space");
  std::cout << png.size() << " bytes drawn, " << space.values.size() << " value searched, Boost "
            << digitry::serving::serving_info().boost_version << '\n';
  return png.empty() || space.values.size() != 1 ? 1 : 0;
}
