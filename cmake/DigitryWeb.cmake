# digitry_embed_web(target FOLDER): bundles the page of FOLDER and makes it available to `target` as
# digitry::embedded::web_index_html(), web_page_js(), web_page_css() and web_icon_svg().
function(digitry_embed_web target folder)
  find_program(DIGITRY_ESBUILD esbuild)
  if(NOT DIGITRY_ESBUILD)
    message(FATAL_ERROR "The web page is bundled by esbuild (Debian: esbuild), which is not there")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.ts ${folder}/*.css)
  set(bundle ${CMAKE_CURRENT_BINARY_DIR}/web)
  add_custom_command(
    OUTPUT ${bundle}/page.js ${bundle}/page.css
    COMMAND ${DIGITRY_ESBUILD} page.ts page.css --bundle --minify --target=es2020 --charset=utf8
            --outdir=${bundle} --log-level=warning
    WORKING_DIRECTORY ${folder}
    DEPENDS ${sources} VERBATIM)
  digitry_embed(${target} web_page_js ${bundle}/page.js)
  digitry_embed(${target} web_page_css ${bundle}/page.css)
  digitry_embed(${target} web_index_html ${folder}/index.html)
  digitry_embed(${target} web_icon_svg ${folder}/icon.svg)
endfunction()
