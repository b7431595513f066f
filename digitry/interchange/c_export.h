#pragma once

#include <cstdint>
#include <string>

#include "digitry/model_io/model.h"
#include "digitry/tensor/tensor.h"

namespace digitry {

struct CExportOptions {
  /// Computes with 8-bit integers instead of float32: four times smaller, and fast without a
  /// floating-point unit.
  bool int8 = false;
  /// For `int8`: training images, uint8 [N,C,H,W], that show the ranges of values; some hundred
  /// suffice. They must outlive the call.
  const Tensor* calibration_images = nullptr;
};

/// A model as C99 source, and what it needs.
struct CSource {
  std::string header;
  std::string source;
  std::int64_t constant_bytes = 0;  ///< Weights and other tables.
  std::int64_t arena_bytes = 0;     ///< Memory that the caller passes.
  std::int64_t multiply_adds = 0;   ///< Per image.
};

/// The model as C99 source that includes only <stdint.h>, allocates nothing and calls nothing:
///
///   int NAME_classify(const uint8_t pixels[], float logits[], float arena[]);        // float
///   int NAME_classify(const uint8_t pixels[], int8_t scores[], int8_t arena[]);      // int8
///
/// It returns the index of the class. `logits` are those of `Classifier` for a model of one network
/// and one view; `scores` are those of `classify(QuantizedNetwork)`, to the bit. Test-time
/// augmentation, temperatures and the in-distribution score are left out.
/// `name` begins all names; NAME.h is included by the source. Throws Error{kInvalidArgument} if it
/// is not a C identifier of up to 64 characters or begins with an underscore; throws what `lower`
/// throws; for int8 also what `quantize` throws, and Error{kInvalidArgument} without images.
CSource model_to_c(const Model& model, const std::string& name, const CExportOptions& options = {});

/// Writes `path`.h and `path`.c, each atomically. The name is the last part of the path. Throws
/// what `model_to_c` throws, and Error{kIo}.
CSource export_c(const Model& model, const std::string& path, const CExportOptions& options = {});

}  // namespace digitry
