#pragma once

#include "digitry/model_io/model.h"
#include "tests/support/networks.h"

namespace digitry::test {

/// A small model with everything a model has: 1×4×4 images, three classes.
inline Model small_model() {
  return {.network =
              random_network({1, 4, 4}, 3, {flatten(), dense(5), relu(), dropout(0.25), dense(3)}),
          .preprocessing = {.pixel_scale = 0.01F, .pixel_offset = -0.5F},
          .class_names = {"zero", "one \"1\"", "zwei \xC3\xA4"},
          .provenance = {{"seed", "7"}, {"recipe", "name = \"mlp\"\n[training]\n"}}};
}

}  // namespace digitry::test
