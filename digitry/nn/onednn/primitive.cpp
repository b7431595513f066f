#include "digitry/nn/onednn/primitive.h"

#include <dnnl_version.h>
#include <fmt/format.h>

#include "digitry/base/error.h"

namespace digitry::onednn {

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& cpu_stream() {
  // A stream of the CPU engine runs in the calling thread. One stream per thread keeps callers
  // apart.
  thread_local dnnl::stream stream(cpu_engine());
  return stream;
}

BoundPrimitive::BoundPrimitive(const dnnl::primitive_desc_base& kernel, const Arguments& arguments)
    : primitive_(kernel.get()) {
  for (const auto& [index, memory] : arguments) {
    if (!memory) continue;
    memories_.push_back(memory);
    arguments_.push_back({index, memory.get()});
  }
}

void BoundPrimitive::operator()() const {
  const dnnl_status_t status = dnnl_primitive_execute(
      primitive_.get(), cpu_stream().get(), static_cast<int>(arguments_.size()), arguments_.data());
  if (status != dnnl_success)
    throw Error(ErrorCode::kUnavailable, "oneDNN could not run a primitive (status {})",
                static_cast<int>(status));
}

// Version 3 made the fields of a layout private and renamed their accessors.
namespace {

struct Blocking {
  Extents strides;
  Extents blocks, block_axes;  ///< Sizes and axes of the inner blocks, outermost first.
};

#if DNNL_VERSION_MAJOR >= 3

Blocking blocking_of(const Layout& layout) {
  return {layout.get_strides(), layout.get_inner_blks(), layout.get_inner_idxs()};
}

#else

Blocking blocking_of(const Layout& layout) {
  const dnnl_blocking_desc_t& from = layout.data.format_desc.blocking;
  return {{from.strides, from.strides + layout.data.ndims},
          {from.inner_blks, from.inner_blks + from.inner_nblks},
          {from.inner_idxs, from.inner_idxs + from.inner_nblks}};
}

#endif

}  // namespace

#if DNNL_VERSION_MAJOR >= 3

Extents extents_of(const Layout& layout) { return layout.get_dims(); }
DataType type_of(const Layout& layout) { return layout.get_data_type(); }
bool is_blocked(const Layout& layout) {
  return layout.get_format_kind() == dnnl::memory::format_kind::blocked;
}

#else

Extents extents_of(const Layout& layout) { return layout.dims(); }
DataType type_of(const Layout& layout) { return layout.data_type(); }
bool is_blocked(const Layout& layout) { return layout.data.format_kind == dnnl_blocked; }

#endif

std::int64_t channel_block(const Layout& layout) {
  const Blocking blocking = blocking_of(layout);
  if (blocking.blocks.empty()) return 1;
  return blocking.blocks.size() == 1 && blocking.block_axes[0] == 1 ? blocking.blocks[0] : 0;
}

Layout with_type(const Layout& layout, DataType type) {
  if (type_of(layout) == type) return layout;
  const Extents extents = extents_of(layout);
  if (is_blocked(layout)) {
    const Blocking blocking = blocking_of(layout);
    if (blocking.blocks.empty()) return {extents, type, blocking.strides};
    using Tag = dnnl::memory::format_tag;
    for (const Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nChw4c})
      if (extents.size() == 4 && Layout(extents, type_of(layout), tag) == layout)
        return {extents, type, tag};
  }
  throw Error(ErrorCode::kUnavailable,
              "oneDNN chose a memory layout that Digitry does not support; expected a plain one or "
              "one with 4, 8 or 16 channels per block");
}

Layout plain_layout(const Extents& extents, DataType type) {
  Extents strides(extents.size(), 1);
  for (std::size_t i = extents.size(); i-- > 1;) strides[i - 1] = strides[i] * extents[i];
  return {extents, type, strides};
}

Layout any_layout(const Extents& extents, DataType type) {
  return {extents, type, dnnl::memory::format_tag::any};
}

// A set has the bits of every set that it includes. On processors other than x86 it is "all": 0.
static unsigned bits_of(dnnl::cpu_isa set) { return static_cast<unsigned>(set); }

std::string effective_instruction_set() {
#if defined(__aarch64__)
  // The sets of arm64 are not in the enumeration, which uses the same numbers for sets of x86.
  switch (bits_of(dnnl::get_effective_cpu_isa())) {
    case 0x01:
      return "asimd";
    case 0x03:
      return "sve128";
    case 0x07:
      return "sve256";
    case 0x0F:
      return "sve384";
    case 0x1F:
    case 0x27:
      return "sve512";
    default:
      return "generic";
  }
#else
  using dnnl::cpu_isa;
  switch (dnnl::get_effective_cpu_isa()) {
    case cpu_isa::sse41:
      return "sse4.1";
    case cpu_isa::avx:
      return "avx";
    case cpu_isa::avx2:
      return "avx2";
    case cpu_isa::avx2_vnni:
      return "avx2-vnni";
    case cpu_isa::avx512_core:
      return "avx512-core";
    case cpu_isa::avx512_core_vnni:
      return "avx512-core-vnni";
    case cpu_isa::avx512_core_bf16:
      return "avx512-core-bf16";
    case cpu_isa::avx512_core_amx:
      return "avx512-core-amx";
#if DNNL_VERSION_MAJOR >= 3
    case cpu_isa::avx2_vnni_2:
      return "avx2-vnni-2";
    case cpu_isa::avx512_core_fp16:
      return "avx512-core-fp16";
    case cpu_isa::avx512_core_amx_fp16:
      return "avx512-core-amx-fp16";
#endif
    default:
      return bits_of(dnnl::get_effective_cpu_isa()) == 0
                 ? "generic"
                 : fmt::format("0x{:x}", bits_of(dnnl::get_effective_cpu_isa()));
  }
#endif
}

bool has_bf16_products() {
  const unsigned required = bits_of(dnnl::cpu_isa::avx512_core_bf16);
  return (bits_of(dnnl::get_effective_cpu_isa()) & required) == required;
}

void reorder(const dnnl::memory& from, const dnnl::memory& to) {
  dnnl::memory source = from;
  dnnl::memory target = to;
  dnnl::reorder(source, target).execute(cpu_stream(), source, target);
  cpu_stream().wait();
}

}  // namespace digitry::onednn
