#pragma once

#include <nanobind/nanobind.h>

namespace digitry::python {

// Each adds its part to the module digitry._core.
void bind_errors(nanobind::module_& module);
void bind_data(nanobind::module_& module);
void bind_evaluation(nanobind::module_& module);
void bind_model(nanobind::module_& module);
void bind_training(nanobind::module_& module);
void bind_reading(nanobind::module_& module);
void bind_interchange(nanobind::module_& module);
void bind_tuning(nanobind::module_& module);
void bind_explanation(nanobind::module_& module);
void bind_report(nanobind::module_& module);

}  // namespace digitry::python
