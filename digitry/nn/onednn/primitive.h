#pragma once

#include <dnnl.h>

#include <dnnl.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "digitry/kernels/lanes.h"

/// The parts of oneDNN that Digitry uses, for both version 2 and version 3. All differences between
/// the two are in this folder. Internal: no public header includes it.
namespace digitry::onednn {

using DataType = dnnl::memory::data_type;
using Layout = dnnl::memory::desc;
using Extents = dnnl::memory::dims;

/// The one CPU engine of the process, and the calling thread's stream.
const dnnl::engine& cpu_engine();
dnnl::stream& cpu_stream();

/// A oneDNN primitive with its arguments: bound once, run many times. A run allocates nothing
/// outside oneDNN. It may run on another thread than the one that made it, if its arguments include
/// the memory for its `scratchpad_layout` (oneDNN's own scratchpad belongs to the creating thread).
class BoundPrimitive {
 public:
  using Arguments = std::vector<std::pair<int, dnnl::memory>>;
  /// Arguments with empty memory are left out.
  BoundPrimitive(const dnnl::primitive_desc_base& kernel, const Arguments& arguments);
  void operator()() const;

 private:
  dnnl::primitive primitive_;
  std::vector<dnnl::memory> memories_;  // Keeps alive what arguments_ points to.
  std::vector<dnnl_exec_arg_t> arguments_;
};

Extents extents_of(const Layout& layout);
DataType type_of(const Layout& layout);
inline Extents extents_of(const dnnl::memory& memory) { return extents_of(memory.get_desc()); }
inline DataType type_of(const dnnl::memory& memory) { return type_of(memory.get_desc()); }

/// Whether the layout is plain or blocked. Any other layout can be read only by the kernel that
/// chose it.
bool is_blocked(const Layout& layout);
/// Channels per block, if that is the only block of the layout (nChw16c: 16); 1 if the layout has
/// no blocks, 0 if it has other blocks.
std::int64_t channel_block(const Layout& layout);

/// The elements of a memory as values of type T, including the padding of blocked layouts.
template <typename T>
std::span<T> elements_as(const dnnl::memory& memory) {
  return {static_cast<T*>(memory.get_data_handle()), memory.get_desc().get_size() / sizeof(T)};
}
inline std::span<float> elements(const dnnl::memory& memory) { return elements_as<float>(memory); }

/// Calls `body` with the elements of each memory. All must have the type of `first`: float32 or
/// bfloat16.
template <typename Body, typename... Memories>
void with_elements(const Body& body, const dnnl::memory& first, const Memories&... rest) {
  if (type_of(first) == DataType::bf16)
    body(elements_as<kernels::BFloat16>(first), elements_as<kernels::BFloat16>(rest)...);
  else
    body(elements_as<float>(first), elements_as<float>(rest)...);
}

/// For overloaded functions: overload resolution does not convert span<T> to span<const T>.
template <typename T>
std::span<const T> read_only(std::span<T> values) {
  return values;
}

/// Row-major layout.
Layout plain_layout(const Extents& extents, DataType type = DataType::f32);
/// A layout that the kernel chooses.
Layout any_layout(const Extents& extents, DataType type = DataType::f32);
/// The same layout with elements of another type. Throws Error{kUnavailable} if only the kernel
/// that chose the layout can read it.
Layout with_type(const Layout& layout, DataType type);

/// Copies `from` to `to`, converting layout and type.
void reorder(const dnnl::memory& from, const dnnl::memory& to);

/// The best instruction set that oneDNN uses in this process ("avx512-core-bf16"), limited by
/// ONEDNN_MAX_CPU_ISA. It is "generic" on processors other than x86 and arm64, and a number
/// ("0x3fef") for a set that is newer than this code.
std::string effective_instruction_set();
/// Whether that instruction set has native bfloat16 products.
bool has_bf16_products();

}  // namespace digitry::onednn
