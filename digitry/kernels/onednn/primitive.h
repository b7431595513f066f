#pragma once

#include <dnnl.h>

#include <dnnl.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/kernels/bfloat16.h"

namespace digitry::kernels::onednn {

using DataType = dnnl::memory::data_type;

/// The one CPU engine of the process, and its stream.
const dnnl::engine& cpu_engine();
dnnl::stream& cpu_stream();

/// A oneDNN primitive with its arguments, bound once, run many times: running allocates nothing on
/// this side.
class BoundPrimitive {
 public:
  using Arguments = std::vector<std::pair<int, dnnl::memory>>;
  /// Arguments with empty memory are left out.
  BoundPrimitive(dnnl::primitive primitive, const Arguments& arguments);
  void operator()() const;

 private:
  dnnl::primitive primitive_;
  std::vector<dnnl::memory> memories_;  // Keeps alive what arguments_ points to.
  std::vector<dnnl_exec_arg_t> arguments_;
};

/// The elements of a memory of T, padding of blocked layouts included.
template <typename T>
std::span<T> elements_as(const dnnl::memory& memory) {
  return {static_cast<T*>(memory.get_data_handle()), memory.get_desc().get_size() / sizeof(T)};
}
inline std::span<float> elements(const dnnl::memory& memory) { return elements_as<float>(memory); }

/// Calls `body` with the elements of each memory, all of the one type that `first` has: float32 or
/// bfloat16.
template <typename Body, typename... Memories>
void with_elements(const Body& body, const dnnl::memory& first, const Memories&... rest) {
  if (first.get_desc().data_type() == DataType::bf16)
    body(elements_as<BFloat16>(first), elements_as<BFloat16>(rest)...);
  else
    body(elements_as<float>(first), elements_as<float>(rest)...);
}

/// For functions overloaded on spans, which convert no span<T> to span<const T> by themselves.
template <typename T>
std::span<const T> read_only(std::span<T> values) {
  return values;
}

/// Row-major layout.
dnnl::memory::desc plain_layout(const std::vector<std::int64_t>& extents,
                                DataType type = DataType::f32);
/// A layout that a kernel is to choose.
dnnl::memory::desc any_layout(const std::vector<std::int64_t>& extents,
                              DataType type = DataType::f32);
/// The same layout with elements of another type.
dnnl::memory::desc with_type(const dnnl::memory::desc& layout, DataType type);

/// Copies `from` to `to`, changing layout and type.
void reorder(const dnnl::memory& from, const dnnl::memory& to);

}  // namespace digitry::kernels::onednn
