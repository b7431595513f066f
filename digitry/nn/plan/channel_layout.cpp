#include "digitry/nn/plan/channel_layout.h"

namespace digitry {

std::optional<kernels::ChannelLayout> channel_layout(const onednn::Layout& layout) {
  const auto extents = onednn::extents_of(layout);
  kernels::ChannelLayout channels{.batch_size = extents[0],
                                  .channels = extents[1],
                                  .positions = extents[2] * extents[3],
                                  .block = 1};
  if (const std::int64_t block = onednn::channel_block(layout); block > 1)
    channels.block = block;
  else if (layout ==
           dnnl::memory::desc(extents, onednn::type_of(layout), dnnl::memory::format_tag::nhwc))
    channels.block = extents[1];
  else if (layout != onednn::plain_layout(extents, onednn::type_of(layout)))
    return std::nullopt;
  return channels;
}

}  // namespace digitry
