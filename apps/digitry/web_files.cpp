#include "apps/digitry/web_files.h"

#include "digitry_embedded/web_icon_svg.h"
#include "digitry_embedded/web_index_html.h"
#include "digitry_embedded/web_page_css.h"
#include "digitry_embedded/web_page_js.h"

namespace digitry::app {

std::map<std::string, serving::PageFile> web_files() {
  return {{"index.html", {"text/html; charset=utf-8", embedded::web_index_html()}},
          {"page.js", {"text/javascript; charset=utf-8", embedded::web_page_js()}},
          {"page.css", {"text/css; charset=utf-8", embedded::web_page_css()}},
          {"icon.svg", {"image/svg+xml", embedded::web_icon_svg()}}};
}

}  // namespace digitry::app
