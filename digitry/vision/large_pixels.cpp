#include "digitry/vision/large_pixels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/imgproc.hpp>
#include <span>
#include <vector>

namespace digitry {
namespace {

constexpr int kMaxBlocks = 64;  // along one side
// By chance an edge is at a border of blocks in one of kLeastBlock cases or fewer.
constexpr std::size_t kLeastEdges = 5;

cv::Mat mat_of(const Image& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width),
          CV_8UC(static_cast<int>(picture.channels)),
          const_cast<std::uint8_t*>(picture.pixels.data())};
}

// The rows that differ from the row before them; at most kMaxBlocks, more if there are more.
std::vector<int> edges_of(const cv::Mat& picture) {
  std::vector<int> edges;
  const std::size_t bytes = static_cast<std::size_t>(picture.cols) * picture.elemSize();
  for (int y = 1; y < picture.rows && edges.size() <= kMaxBlocks; ++y)
    if (!std::equal(picture.ptr(y), picture.ptr(y) + bytes, picture.ptr(y - 1))) edges.push_back(y);
  return edges;
}

// The smallest number of equal blocks along a side whose borders, rounded, hold all edges; 0 if
// there is none.
int num_blocks(std::span<const int> edges, int side) {
  if (edges.size() < kLeastEdges) return 0;
  for (int count = 2; count <= std::min(kMaxBlocks, side / kLeastBlock); ++count) {
    const double block = static_cast<double>(side) / count;
    const bool all = std::ranges::all_of(
        edges, [&](int edge) { return std::fabs(edge - block * std::round(edge / block)) <= 0.5; });
    if (all) return count;
  }
  return 0;
}

}  // namespace

Image without_large_pixels(const Image& picture) {
  const cv::Mat whole = mat_of(picture);
  const int rows = num_blocks(edges_of(whole), whole.rows);
  if (rows == 0) return picture;
  cv::Mat turned;
  cv::transpose(whole, turned);
  const int columns = num_blocks(edges_of(turned), whole.cols);
  if (columns == 0) return picture;
  cv::Mat blocks(rows, columns, whole.type());
  const auto middle = [](int block, int count, int side) {
    return static_cast<int>((block + 0.5) * side / count);
  };
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x)
      whole(cv::Rect(middle(x, columns, whole.cols), middle(y, rows, whole.rows), 1, 1))
          .copyTo(blocks(cv::Rect(x, y, 1, 1)));
  Image smooth = picture;
  cv::Mat to = mat_of(smooth);
  cv::resize(blocks, to, to.size(), 0, 0, cv::INTER_CUBIC);
  return smooth;
}

}  // namespace digitry
