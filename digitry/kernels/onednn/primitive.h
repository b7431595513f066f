#pragma once

#include <dnnl.h>

#include <dnnl.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace digitry::kernels::onednn {

/// The one CPU engine of the process, and its stream.
const dnnl::engine& cpu_engine();
dnnl::stream& cpu_stream();

/// A oneDNN primitive with its arguments, bound once, run many times: running allocates nothing on
/// this side.
class BoundPrimitive {
 public:
  using Arguments = std::vector<std::pair<int, dnnl::memory>>;
  BoundPrimitive(dnnl::primitive primitive, const Arguments& arguments);
  void operator()() const;

 private:
  dnnl::primitive primitive_;
  std::vector<dnnl::memory> memories_;  // Keeps alive what arguments_ points to.
  std::vector<dnnl_exec_arg_t> arguments_;
};

/// The elements of a float32 memory, padding of blocked layouts included.
std::span<float> elements(const dnnl::memory& memory);

/// Row-major layout of float32 elements.
dnnl::memory::desc plain_layout(const std::vector<std::int64_t>& extents);

/// Copies `from` to `to`, changing the layout.
void reorder(const dnnl::memory& from, const dnnl::memory& to);

}  // namespace digitry::kernels::onednn
