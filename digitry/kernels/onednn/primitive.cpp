#include "digitry/kernels/onednn/primitive.h"

#include "digitry/base/error.h"

namespace digitry::kernels::onednn {

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& cpu_stream() {
  // Streams of the CPU engine run in the calling thread; one each keeps callers apart.
  thread_local dnnl::stream stream(cpu_engine());
  return stream;
}

BoundPrimitive::BoundPrimitive(dnnl::primitive primitive, const Arguments& arguments)
    : primitive_(std::move(primitive)) {
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

dnnl::memory::desc plain_layout(const std::vector<std::int64_t>& extents, DataType type) {
  dnnl::memory::dims strides(extents.size(), 1);
  for (std::size_t i = extents.size(); i-- > 1;) strides[i - 1] = strides[i] * extents[i];
  return {extents, type, strides};
}

dnnl::memory::desc any_layout(const std::vector<std::int64_t>& extents, DataType type) {
  return {extents, type, dnnl::memory::format_tag::any};
}

dnnl::memory::desc with_type(const dnnl::memory::desc& layout, DataType type) {
  dnnl::memory::desc other = layout;
  other.data.data_type = static_cast<dnnl_data_type_t>(type);
  return other;
}

void reorder(const dnnl::memory& from, const dnnl::memory& to) {
  dnnl::memory source = from;
  dnnl::memory target = to;
  dnnl::reorder(source, target).execute(cpu_stream(), source, target);
  cpu_stream().wait();
}

}  // namespace digitry::kernels::onednn
