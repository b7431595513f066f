#include "digitry/report/report.h"

#include <future>
#include <system_error>
#include <utility>

#include "digitry/base/error.h"
#include "digitry/base/file.h"
#include "digitry/report/figures.h"
#include "digitry/report/run_page.h"

namespace digitry {
namespace {

void check_rows(const char* what, const Tensor& images, std::int64_t per_row) {
  if (!images.empty() && (per_row < 1 || images.shape()[0] % per_row != 0))
    throw Error(ErrorCode::kShapeMismatch, "report: expected rows of {} {} images, got {}", per_row,
                what, images.shape().to_string());
}

void check(const ReportContent& content) {
  const Evaluation& evaluation = content.evaluation;
  const std::size_t num_classes = evaluation.class_names.size();
  const Shape& shape = content.images.shape();
  if (shape.rank() != 4 || shape[0] != evaluation.num_images || num_classes == 0 ||
      evaluation.per_class.size() != num_classes || evaluation.confusion.size() != num_classes ||
      evaluation.least_sure.size() != num_classes) {
    throw Error(ErrorCode::kShapeMismatch,
                "report: expected an evaluation of the images [N, C, H, W]; got images {}, {} "
                "evaluated images and {} classes",
                shape.to_string(), evaluation.num_images, num_classes);
  }
  check_rows("augmented", content.augmented, content.augmented_per_row);
  check_explanations(content);
  check_rows("corrupted", content.corrupted, content.corrupted_per_row);
}

}  // namespace

std::string render_html(const ReportContent& content) {
  check(content);
  PageCurves curves;
  std::vector<Figure> figures{reliability_figure(content.evaluation)};
  if (!content.history.epochs.empty()) {
    figures.push_back(loss_figure(content.history));
    figures.push_back(accuracy_figure(content.history));
  }
  std::vector<FigureJob> jobs;
  for (const Figure& figure : figures) jobs.push_back({figure, FigureFormat::kSvgClear});
  std::vector<std::string> svgs = draw(jobs);
  curves.reliability_svg = themed_svg(std::move(svgs[0]), "reliability-");
  if (svgs.size() > 1) {
    curves.loss_svg = themed_svg(std::move(svgs[1]), "loss-");
    curves.accuracy_svg = themed_svg(std::move(svgs[2]), "accuracy-");
  }
  return render_page(content, curves);
}

void write_figures(const ReportContent& content, const std::filesystem::path& folder) {
  check(content);
  std::vector<std::pair<const char*, Figure>> figures;
  std::vector<const char*> absent;
  if (content.history.epochs.empty()) {
    absent.push_back("curves");
  } else {
    figures.emplace_back("curves", curves_figure(content.history));
  }
  figures.emplace_back("confusion", confusion_figure(content.evaluation));
  figures.emplace_back("reliability", reliability_figure(content.evaluation));
  if (content.evaluation.mistakes.empty()) {
    absent.push_back("mistakes");
  } else {
    figures.emplace_back("mistakes",
                         mistakes_figure(content.evaluation, Thumbnailer(content.images)));
  }

  std::vector<FigureJob> jobs;
  std::vector<std::string> names;
  for (const auto& [name, figure] : figures) {
    jobs.push_back({figure, FigureFormat::kSvg});
    names.push_back(std::string(name) + ".svg");
    jobs.push_back({figure, FigureFormat::kPng});
    names.push_back(std::string(name) + ".png");
  }
  const std::vector<std::string> files = draw(jobs);
  make_folder(folder);
  // In parallel, because each write waits for the disk.
  std::vector<std::future<void>> writing;
  for (std::size_t i = 0; i < files.size(); ++i) {
    writing.push_back(std::async(std::launch::async,
                                 [&, i] { write_file_atomically(folder / names[i], files[i]); }));
  }
  for (auto& written : writing) written.get();
  for (const char* name : absent) {
    for (const char* suffix : {".svg", ".png"}) {
      std::error_code ignored;  // The file may not exist.
      std::filesystem::remove(folder / (std::string(name) + suffix), ignored);
    }
  }
}

}  // namespace digitry
