#pragma once

#include <cstdint>
#include <kainjow/mustache.hpp>
#include <string>
#include <vector>

#include "digitry/evaluation/evaluate.h"
#include "digitry/image/thumbnails.h"
#include "digitry/nn/network.h"
#include "digitry/report/report.h"
#include "digitry/report/study_page.h"

// Internal to report: the HTML page of a run, and the parts that render_page puts together for
// report.html.mustache. Strings are clean UTF-8; the template escapes them.

namespace digitry {

/// SVG elements for the page. Without a history the curves are empty.
struct PageCurves {
  std::string loss_svg;
  std::string accuracy_svg;
  std::string reliability_svg;
};

/// Renders the page. Everything of `content` is escaped; `curves` is inserted as it is.
std::string render_page(const ReportContent& content, const PageCurves& curves);

// The parts that fragments.cpp uses too.

/// One image of a gallery, at its place on the sheet.
kainjow::mustache::data tile(const Evaluation& evaluation, const LabelledPrediction& prediction,
                             const SpriteSheet::Place& place);
/// Adds the size of the thumbnails, and by how much they are enlarged.
void add_image_size(kainjow::mustache::data& page, const Thumbnailer& thumbnailer);
/// Adds accuracy, interval, loss and numbers of images and mistakes.
void add_figures(kainjow::mustache::data& page, const Evaluation& evaluation);
/// Adds the number of classes, and whether their names are long.
void add_names(kainjow::mustache::data& page, const Evaluation& evaluation);

/// study_page.cpp: adds the best trial, the numbers of trials by state, and the rows of the `most`
/// best trials.
void add_trials(kainjow::mustache::data& page, const StudyContent& content, std::size_t most);

// run_page_images.cpp: which images are shown, and the map.

/// The mistakes of one confused pair, most confident first.
struct PairImages {
  ConfusedPair pair;
  std::vector<LabelledPrediction> shown;
};

/// The images that a page shows. Their number is limited, so that the page of a bad model can be
/// opened.
struct PageImages {
  std::vector<LabelledPrediction> gallery;  ///< Most confident first, at most kMaxGallery.
  std::vector<PairImages> pairs;            ///< Most frequent first; each shows at least one image.
  std::vector<std::vector<LabelledPrediction>> least_sure;  ///< Per class.
  std::vector<LabelledPrediction> suspected;  ///< Most suspicious first, at most kMaxSuspected.

  /// The indices of all images, without duplicates.
  std::vector<std::int64_t> indices() const;
};

constexpr std::size_t kMaxGallery = 1000;
/// Limits over all pairs, and per pair.
constexpr std::size_t kMaxPairImages = 1500;
constexpr std::size_t kMaxImagesOfPair = 64;
constexpr std::size_t kMaxLeastSureImages = 1000;
constexpr std::size_t kMaxSuspected = 100;

/// Chooses images within these limits. Indices are those of the evaluated images. Takes O(M log M)
/// for M mistakes.
PageImages choose_images(const Evaluation& evaluation);

/// Adds the map of the evaluated images.
void add_map(kainjow::mustache::data& page, const ReportContent& content);

// run_page_explanations.cpp: the explained mistakes.

/// Throws Error{kShapeMismatch} if the explanations do not fit the evaluation and its images.
void check_explanations(const ReportContent& content);

/// Adds the explained mistakes. `sheet` must contain their images.
void add_explained(kainjow::mustache::data& page, const ReportContent& content,
                   const Thumbnailer& thumbnailer, const SpriteSheet& sheet);

// run_page_tables.cpp: the rows of the tables, named as in the template.

/// Most rows of the table of confused pairs.
constexpr std::size_t kMaxTopPairs = 12;

std::string class_name(const Evaluation& evaluation, std::int32_t class_index);

kainjow::mustache::data column_headers(const Evaluation& evaluation);
kainjow::mustache::data confusion_rows(const Evaluation& evaluation);
kainjow::mustache::data class_rows(const Evaluation& evaluation);
kainjow::mustache::data pair_row(const Evaluation& evaluation, const ConfusedPair& pair);
kainjow::mustache::data epoch_rows(const History& history);

/// "Training loss from 0.28 to 0.02 over 10 epochs, validation loss from..., best at epoch 8."
std::string loss_description(const History& history);
std::string accuracy_description(const History& history);

kainjow::mustache::data reliability_rows(const Evaluation& evaluation);
/// "Share of correct predictions by predicted probability: 9,912 with 93 to 100 %, 99.4 % correct;
/// ..."
std::string reliability_description(const Evaluation& evaluation);

/// Without corruption first, then one row per corruption.
kainjow::mustache::data robustness_rows(const Robustness& robustness);

std::vector<LayerRow> layer_rows(const Network& network);
/// Adds the table of layers and its totals.
void add_layers(kainjow::mustache::data& page, const std::vector<LayerRow>& rows);
void add_class_means(kainjow::mustache::data& page, const Evaluation& evaluation);
/// Adds recipe, model summary, facts and command line.
void add_provenance(kainjow::mustache::data& page, const ReportContent& content);

}  // namespace digitry
