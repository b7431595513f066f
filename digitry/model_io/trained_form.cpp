#include "digitry/model_io/trained_form.h"

namespace digitry {

std::string trained_form(const Model& model) {
  const auto form = model.provenance.find("image_form");
  return form == model.provenance.end() ? "mnist" : form->second;
}

bool expects_light_on_dark(const Model& model) { return trained_form(model) != "as found"; }

}  // namespace digitry
