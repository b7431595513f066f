// One call into each of the components that reader.cpp does not use.

#include <iostream>

#include "digitry/fetch/fetch.h"
#include "digitry/interchange/onnx_export.h"
#include "digitry/report/gnuplot.h"
#include "digitry/serving/http/server.h"
#include "digitry/tuning/search_space.h"

int main() {
  const digitry::FetchSource source = digitry::parse_fetch_source("npm");
  const std::string quoted = digitry::gnuplot_quoted("loss");
  const digitry::SearchSpace space =
      digitry::parse_search_space("[\"training.batch_size\"]\nchoices = [32, 64]\n", "a space");
  const std::string onnx = digitry::model_to_onnx(digitry::shipped_model("tiny"));
  std::cout << to_string(source) << ", " << quoted << ", " << onnx.size() << " bytes of ONNX, "
            << space.values.size() << " value searched, Boost "
            << digitry::serving::serving_info().boost_version << '\n';
  return quoted.empty() || onnx.empty() || space.values.size() != 1 ? 1 : 0;
}
