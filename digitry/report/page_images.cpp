#include "digitry/report/page_images.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace digitry {
namespace {

/// The largest number of images of each list that keeps the sum within `budget`; at least 1.
template <typename Lists, typename Size>
std::size_t fair_share(const Lists& lists, const Size& size, std::size_t most, std::size_t budget) {
  for (; most > 1; --most) {
    std::size_t total = 0;
    for (const auto& list : lists) total += std::min(size(list), most);
    if (total <= budget) break;
  }
  return most;
}

}  // namespace

std::vector<std::int64_t> PageImages::indices() const {
  std::vector<std::int64_t> all;
  std::set<std::int64_t> seen;
  const auto add = [&](const std::vector<Judgement>& judgements) {
    for (const Judgement& judgement : judgements) {
      if (seen.insert(judgement.image_index).second) all.push_back(judgement.image_index);
    }
  };
  add(gallery);
  for (const PairImages& pair : pairs) add(pair.shown);
  for (const auto& judgements : least_sure) add(judgements);
  add(suspected);
  return all;
}

PageImages choose_images(const Evaluation& evaluation) {
  PageImages images;
  const auto& mistakes = evaluation.mistakes;
  images.gallery.assign(mistakes.begin(), mistakes.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                 mistakes.size(), kMaxGallery)));

  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<Judgement>> by_pair;
  for (const Judgement& mistake : mistakes) {
    by_pair[{mistake.label, mistake.predicted}].push_back(mistake);
  }
  for (const ConfusedPair& pair : evaluation.most_confused) {
    images.pairs.push_back({pair, std::move(by_pair[{pair.label, pair.predicted}])});
  }
  const std::size_t of_pair = fair_share(
      images.pairs, [](const PairImages& pair) { return pair.shown.size(); }, kMaxImagesOfPair,
      kMaxPairImages);
  for (PairImages& pair : images.pairs) pair.shown.resize(std::min(pair.shown.size(), of_pair));

  const auto& suspected = evaluation.suspected_labels.images;
  images.suspected.assign(
      suspected.begin(),
      suspected.begin() + static_cast<std::ptrdiff_t>(std::min(suspected.size(), kMaxSuspected)));
  images.least_sure = evaluation.least_sure;
  const std::size_t of_class = fair_share(
      images.least_sure, [](const auto& judgements) { return judgements.size(); }, 24,
      kMaxLeastSureImages);
  for (auto& judgements : images.least_sure) {
    judgements.resize(std::min(judgements.size(), of_class));
  }
  return images;
}

}  // namespace digitry
