#include <fmt/format.h>

#include "digitry/report/figure_style.h"
#include "digitry/report/figures.h"

namespace digitry {
Figure reliability_figure(const Evaluation& evaluation) {
  std::string rows;
  for (const ReliabilityBin& bin : evaluation.calibration.bins)
    if (bin.num_images > 0)
      rows += fmt::format("{:.6g} {:.6g} {:.6g} {}\n", 50 * (bin.low + bin.high),
                          100 * (bin.high - bin.low), 100 * bin.accuracy, bin.num_images);
  return {figure_style::kPanelWidth, figure_style::kPanelHeight,
          fmt::format(
              "reset\n$rows << EOD\n{rows}EOD\n"
              "set lmargin 6.5\nset rmargin 1.5\nset tmargin 4\nset bmargin 3.2\n"
              "set border 3 lc rgb '{text}' lw 0.8\n"
              "set tics nomirror out scale 0.5 textcolor rgb '{text}'\n"
              "set grid y lc rgb '{lines}' lt 1 lw 0.8\n"
              "set xrange [0:100]\nset yrange [0:110]\nset xtics 20\nset ytics 20\n"
              "set xlabel 'Probability given (%)' textcolor rgb '{text}' offset 0,0.4\n"
              "set label 1 'Right (%), and how many images' at graph 0,1.19 left "
              "textcolor rgb '{text}'\n"
              "set arrow 1 from 0,0 to 100,100 nohead front lc rgb '{diagonal}' lw 1 dt (4,4)\n"
              "set style fill solid 0.85 noborder\nunset key\n"
              "plot $rows using 1:3:($2*0.9) with boxes lc rgb '{bar}', "
              "$rows using 1:3:(sprintf('%d',$4)) with labels offset 0,0.6 font ',9' "
              "textcolor rgb '{text}'\n",
              fmt::arg("rows", rows), fmt::arg("text", figure_style::kInk),
              fmt::arg("lines", figure_style::kGrid), fmt::arg("diagonal", figure_style::kMarker),
              fmt::arg("bar", figure_style::kTraining))};
}

}  // namespace digitry
