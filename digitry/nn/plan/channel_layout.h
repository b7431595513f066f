#pragma once

#include <optional>

#include "digitry/kernels/elementwise.h"
#include "digitry/nn/onednn/primitive.h"

namespace digitry {

/// A layout of images as own kernels see it: empty unless it is plain, channels last, or has one
/// block of channels. Internal.
std::optional<kernels::ChannelLayout> channel_layout(const onednn::Layout& layout);

}  // namespace digitry
