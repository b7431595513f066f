#include "python/src/module.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <exception>

#include "digitry/base/error.h"
#include "digitry/base/log.h"
#include "digitry/base/version.h"
#include "digitry/nn/cpu_info.h"
#include "python/src/compute.h"

namespace digitry::python {
namespace nb = nanobind;
namespace {

const char* exception_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "ArgumentError";
    case ErrorCode::kShapeMismatch:
      return "ShapeError";
    case ErrorCode::kBadData:
      return "DataError";
    case ErrorCode::kIo:
      return "FileError";
    case ErrorCode::kUnavailable:
      return "UnavailableError";
    case ErrorCode::kDiverged:
      return "DivergedError";
    case ErrorCode::kInterrupted:
      return "InterruptedError";
  }
  return "Error";
}

// Warnings of the library become Python warnings, if the thread that logs holds the GIL; others are
// dropped, as Python may be about to end.
void log_to_python(LogLevel level, std::string_view message) {
  if (level != LogLevel::kWarning || !Py_IsInitialized()) return;
  const nb::gil_scoped_acquire gil;
  if (PyErr_WarnEx(PyExc_RuntimeWarning, std::string(message).c_str(), 2) != 0) PyErr_Clear();
}

}  // namespace

void bind_errors(nb::module_& module) {
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const Error& error) {
      const nb::object type =
          nb::module_::import_("digitry._errors").attr(exception_name(error.code()));
      PyErr_SetString(type.ptr(), error.what());
    }
  });
  module.def("version", [] { return std::string(version()); });
  module.def("set_num_threads", &set_process_threads, nb::arg("count"),
             "Sets the number of threads that every computation of this process uses; 0 for the "
             "default:\n``OMP_NUM_THREADS``, or one per processor.\n\nRaises:\n    ValueError: if "
             "``count`` is not in [0, 1024].");
  module.def("num_threads", &process_threads,
             "The number of threads that a computation of this process uses.");
  module.def(
      "cpu_info",
      [] {
        const CpuInfo info = cpu_info();
        nb::dict facts;
        facts["processor"] = info.model;
        facts["num_processors"] = info.num_processors;
        facts["instruction_sets"] = info.instruction_sets;
        facts["native_bf16"] = info.has_bf16;
        facts["loops"] = info.loops;
        facts["onednn_version"] = info.onednn_version;
        facts["onednn_kernels"] = info.onednn_isa;
        facts["onednn_threads"] = info.onednn_runtime;
        return facts;
      },
      nb::sig("def cpu_info() -> dict[str, object]"),
      "The processor, and the kernels that run on it.");
}

}  // namespace digitry::python

// NOLINTNEXTLINE: the macro's names.
NB_MODULE(_core, module) {
  using namespace digitry::python;
  watch_for_forks();
  digitry::set_log_sink(log_to_python);
  bind_errors(module);
  bind_data(module);
  bind_evaluation(module);
  bind_model(module);
  bind_training(module);
  bind_reading(module);
  bind_interchange(module);
  bind_tuning(module);
  bind_explanation(module);
  bind_report(module);
}
