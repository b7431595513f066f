#include "digitry/interchange/c_kernels.h"

#include <algorithm>

namespace digitry::c_kernels {
namespace {

using Kind = LoweredStep::Kind;

// A window of a convolution or pooling over channels x height x width. The inputs of an output
// channel are those of its group. `pool` x `pool` results of a convolution become their maximum.
constexpr const char* kWindow = R"(
struct window {
  int channels, height, width, out_channels, out_height, out_width;
  int kernel, stride, padding, group_channels, group_outputs, pool, pool_stride, relu;
};
)";

constexpr const char* kFloatConv2d = R"(
static float conv2d_sum(const float *in, const float *weight, float sum, int top, int left, const struct window *w) {
  int i, ky, kx;
  for (i = 0; i < w->group_channels; ++i, in += w->height * w->width)
    for (ky = 0; ky < w->kernel; ++ky, weight += w->kernel) {
      const int y = top + ky;
      if (y < 0 || y >= w->height) continue;
      for (kx = 0; kx < w->kernel; ++kx) {
        const int x = left + kx;
        if (x >= 0 && x < w->width) sum += weight[kx] * in[y * w->width + x];
      }
    }
  return sum;
}

static void conv2d(const float *in, float *out, const float *weight, const float *bias, const struct window *w) {
  const int row = w->group_channels * w->kernel * w->kernel;
  int c, y, x, py, px;
  for (c = 0; c < w->out_channels; ++c)
    for (y = 0; y < w->out_height; ++y)
      for (x = 0; x < w->out_width; ++x, ++out) {
        const float *group = in + c / w->group_outputs * w->group_channels * w->height * w->width;
        for (py = 0; py < w->pool; ++py)
          for (px = 0; px < w->pool; ++px) {
            const int top = (y * w->pool_stride + py) * w->stride - w->padding;
            const int left = (x * w->pool_stride + px) * w->stride - w->padding;
            const float sum = conv2d_sum(group, weight + c * row, bias[c], top, left, w);
            if ((py == 0 && px == 0) || sum > *out) *out = sum;
          }
        if (w->relu && *out < 0) *out = 0;
      }
}
)";

constexpr const char* kFloatDense = R"(
/* weight[input][output] */
static void dense(const float *restrict in, float *restrict out, const float *restrict weight,
                  const float *restrict bias, int inputs, int outputs, int relu) {
  int i, o;
  for (o = 0; o < outputs; ++o) out[o] = bias[o];
  for (i = 0; i < inputs; ++i, weight += outputs) {
    const float value = in[i];
    if (value != 0)
      for (o = 0; o < outputs; ++o) out[o] += weight[o] * value;
  }
  if (relu)
    for (o = 0; o < outputs; ++o) out[o] = out[o] < 0 ? 0 : out[o];
}
)";

constexpr const char* kFloatLeakyRelu = R"(
static void leaky_relu(const float *in, float *out, int count, float slope) {
  int i;
  for (i = 0; i < count; ++i) out[i] = in[i] < 0 ? slope * in[i] : in[i];
}
)";

constexpr const char* kFloatAdd = R"(
static void add(const float *a, const float *b, float *out, int count) {
  int i;
  for (i = 0; i < count; ++i) out[i] = a[i] + b[i];
}
)";

// {T} is the type of a value.
constexpr const char* kMaxPool2d = R"(
static void max_pool2d(const {T} *in, {T} *out, const struct window *w) {
  int c, y, x, ky, kx;
  for (c = 0; c < w->channels; ++c, in += w->height * w->width)
    for (y = 0; y < w->out_height; ++y)
      for (x = 0; x < w->out_width; ++x, ++out) {
        int any = 0;
        for (ky = 0; ky < w->kernel; ++ky)
          for (kx = 0; kx < w->kernel; ++kx) {
            const int iy = y * w->stride - w->padding + ky, ix = x * w->stride - w->padding + kx;
            if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) continue;
            if (!any || in[iy * w->width + ix] > *out) *out = in[iy * w->width + ix];
            any = 1;
          }
      }
}
)";

// {SUM} is the type of a sum, {MEAN} the mean of `count` values.
constexpr const char* kAvgPool2d = R"(
static void avg_pool2d(const {T} *in, {T} *out, const struct window *w) {
  int c, y, x, ky, kx;
  for (c = 0; c < w->channels; ++c, in += w->height * w->width)
    for (y = 0; y < w->out_height; ++y)
      for (x = 0; x < w->out_width; ++x, ++out) {
        {SUM} sum = 0, count = 0;
        for (ky = 0; ky < w->kernel; ++ky)
          for (kx = 0; kx < w->kernel; ++kx) {
            const int iy = y * w->stride - w->padding + ky, ix = x * w->stride - w->padding + kx;
            if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) continue;
            sum += in[iy * w->width + ix];
            count += 1;
          }
        *out = {MEAN};
      }
}
)";

constexpr const char* kCrop2d = R"(
static void crop2d(const {T} *in, {T} *out, const struct window *w) {
  int c, y, x;
  for (c = 0; c < w->channels; ++c, in += w->height * w->width)
    for (y = 0; y < w->out_height; ++y)
      for (x = 0; x < w->out_width; ++x) *out++ = in[(y + w->padding) * w->width + x + w->padding];
}
)";

constexpr const char* kIntegers = R"(
/* Of a layer: tables, zero points of input and output, and whether each output channel has a factor of its own. */
struct integers {
  const int8_t *weight;
  const int32_t *bias, *multiplier;
  const int8_t *shift;
  int in_zero, out_zero, per_channel;
};

/* sum * multiplier / 2^shift, rounded, as a value of 8 bits. A right shift must keep the sign, as all usual
   compilers do. */
static int8_t requantize(int32_t sum, const struct integers *n, int channel, int relu) {
  const int at = n->per_channel ? channel : 0;
  const int64_t half = (int64_t)1 << (n->shift[at] - 1);
  const int least = relu ? n->out_zero : -128;
  const int64_t value = (((int64_t)sum * n->multiplier[at] + half) >> n->shift[at]) + n->out_zero;
  return (int8_t)(value < least ? least : value > 127 ? 127 : value);
}
)";

constexpr const char* kInt8Conv2d = R"(
/* The sum of a window that lies partly outside of the image: what is outside counts as 0. */
static int32_t border_sum(const int8_t *in, const int8_t *weight, int32_t sum, int top, int left, int zero,
                          const struct window *w) {
  int i, ky, kx;
  for (i = 0; i < w->group_channels; ++i, in += w->height * w->width)
    for (ky = 0; ky < w->kernel; ++ky, weight += w->kernel) {
      const int y = top + ky;
      if (y < 0 || y >= w->height) continue;
      for (kx = 0; kx < w->kernel; ++kx) {
        const int x = left + kx;
        if (x >= 0 && x < w->width) sum += (int32_t)weight[kx] * (int32_t)(in[y * w->width + x] - zero);
      }
    }
  return sum;
}

/* The sum of a window that lies inside of the image; the zero point of the input is already in `sum`. */
static int32_t inner_sum(const int8_t *in, const int8_t *weight, int32_t sum, const struct window *w) {
  int i, ky, kx;
  for (i = 0; i < w->group_channels; ++i)
    for (ky = 0; ky < w->kernel; ++ky, weight += w->kernel) {
      const int8_t *row = in + (i * w->height + ky) * w->width;
      for (kx = 0; kx < w->kernel; ++kx) sum += (int32_t)weight[kx] * (int32_t)row[kx];
    }
  return sum;
}

static void conv2d(const int8_t *in, int8_t *out, const struct integers *n, const struct window *w) {
  const int row = w->group_channels * w->kernel * w->kernel;
  const int last_top = w->height - w->kernel, last_left = w->width - w->kernel;
  int c, i, y, x, py, px;
  for (c = 0; c < w->out_channels; ++c) {
    const int8_t *group = in + c / w->group_outputs * w->group_channels * w->height * w->width;
    const int8_t *weight = n->weight + c * row;
    int32_t inner_bias = n->bias[c];
    for (i = 0; i < row; ++i) inner_bias -= (int32_t)weight[i] * (int32_t)n->in_zero;
    for (y = 0; y < w->out_height; ++y)
      for (x = 0; x < w->out_width; ++x) {
        int32_t most = 0;
        for (py = 0; py < w->pool; ++py)
          for (px = 0; px < w->pool; ++px) {
            const int top = (y * w->pool_stride + py) * w->stride - w->padding;
            const int left = (x * w->pool_stride + px) * w->stride - w->padding;
            const int inner = top >= 0 && left >= 0 && top <= last_top && left <= last_left;
            const int32_t sum = inner ? inner_sum(group + top * w->width + left, weight, inner_bias, w)
                                      : border_sum(group, weight, n->bias[c], top, left, n->in_zero, w);
            if ((py == 0 && px == 0) || sum > most) most = sum;
          }
        *out++ = requantize(most, n, c, w->relu);
      }
  }
}
)";

constexpr const char* kInt8Dense = R"(
/* Returns the index of the largest sum. */
static int dense(const int8_t *in, int8_t *out, const struct integers *n, int inputs, int outputs, int relu) {
  const int8_t *weight = n->weight;
  int32_t most = 0;
  int i, o, largest = 0;
  for (o = 0; o < outputs; ++o, weight += inputs) {
    int32_t sum = n->bias[o];
    for (i = 0; i < inputs; ++i) sum += (int32_t)weight[i] * (int32_t)(in[i] - n->in_zero);
    if (o == 0 || sum > most) {
      most = sum;
      largest = o;
    }
    out[o] = requantize(sum, n, o, relu);
  }
  return largest;
}
)";

constexpr const char* kInt8Relu = R"(
static void leaky_relu(const int8_t *in, int8_t *out, int count, int zero) {
  int i;
  for (i = 0; i < count; ++i) out[i] = (int8_t)(in[i] < zero ? zero : in[i]);
}
)";

std::string with(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

std::string preamble(const LoweredNetwork& network, bool int8) {
  const auto uses = [&](Kind kind) {
    return std::ranges::any_of(network.steps,
                               [&](const LoweredStep& step) { return step.kind == kind; });
  };
  const std::string type = int8 ? "int8_t" : "float";
  std::string text;
  if (int8 && (uses(Kind::kConv2d) || uses(Kind::kDense))) text += kIntegers;
  if (uses(Kind::kConv2d) || uses(Kind::kMaxPool2d) || uses(Kind::kAvgPool2d) ||
      uses(Kind::kCrop2d))
    text += kWindow;
  if (uses(Kind::kConv2d)) text += int8 ? kInt8Conv2d : kFloatConv2d;
  if (uses(Kind::kDense)) text += int8 ? kInt8Dense : kFloatDense;
  if (uses(Kind::kLeakyRelu)) text += int8 ? kInt8Relu : kFloatLeakyRelu;
  if (uses(Kind::kAdd)) text += kFloatAdd;
  if (uses(Kind::kMaxPool2d)) text += with(kMaxPool2d, "{T}", type);
  if (uses(Kind::kCrop2d)) text += with(kCrop2d, "{T}", type);
  if (uses(Kind::kAvgPool2d))
    text += with(
        with(with(kAvgPool2d, "{T}", type), "{SUM}", int8 ? "int32_t" : "float"), "{MEAN}",
        int8 ? "(int8_t)((sum >= 0 ? sum + count / 2 : sum - count / 2) / count)" : "sum / count");
  return text;
}

}  // namespace digitry::c_kernels
