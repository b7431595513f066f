list(TRANSFORM OpenMP_CXX_LIB_NAMES PREPEND "-l" OUTPUT_VARIABLE openmp)
list(JOIN openmp " " openmp)
# What the libraries link, in the words of pkg-config and of Debian: for digitry.pc and libdigitry-dev.
# TARGET|pkg-config module or linker options|Debian packages; =: of this minor version alone, as C++ interfaces change
set(digitry_linked
  "DNNL::dnnl|-ldnnl|=libdnnl-dev ocl-icd-opencl-dev"
  "OpenMP::OpenMP_CXX|${openmp}|"
  "fmt::fmt|fmt|=libfmt-dev"
  "ZLIB::ZLIB|zlib|zlib1g-dev"
  "PNG::PNG|libpng|libpng-dev"
  "OpenSSL::Crypto|libcrypto|libssl-dev"
  "OpenSSL::SSL|libssl|libssl-dev"
  "CURL::libcurl|libcurl|libcurl4-openssl-dev"
  "SQLite::SQLite3|sqlite3|libsqlite3-dev"
  "PostgreSQL::PostgreSQL|libpq|libpq-dev"
  "MPI::MPI_CXX|ompi-c|libopenmpi-dev"
  "simdjson::simdjson|simdjson|=libsimdjson-dev"
  "prometheus-cpp::core|prometheus-cpp-core|=prometheus-cpp-dev"
  "Threads::Threads|-lpthread|"
  "digitry_opencv::core|-lopencv_core|=libopencv-imgproc-dev"
  "digitry_opencv::imgproc|-lopencv_imgproc|=libopencv-imgproc-dev"
  "JPEG::JPEG|libjpeg|libjpeg-dev"
  "TIFF::TIFF|libtiff-4|libtiff-dev"
  "digitry_webp::webp|libwebp|libwebp-dev")

# digitry_linked_by(TARGET MODULES OPTIONS PACKAGES): what TARGET links besides Digitry's own libraries, as pkg-config's
# modules, the linker's options and Debian's packages.
function(digitry_linked_by target out_modules out_options out_packages)
  set(modules)
  set(options)
  set(packages)
  get_target_property(linked ${target} LINK_LIBRARIES)
  list(FILTER linked EXCLUDE REGEX "^(\\$<BUILD_INTERFACE:.*|digitry::digitry)$")
  foreach(library IN LISTS linked)
    set(rows ${digitry_linked})
    list(FILTER rows INCLUDE REGEX "^${library}\\|")
    if(NOT rows MATCHES "^[^|]*\\|([^|]*)\\|([^|]*)$")
      message(FATAL_ERROR "${target} links ${library}, which cmake/DigitryLinked.cmake does not list")
    endif()
    set(words ${CMAKE_MATCH_1})
    separate_arguments(debian UNIX_COMMAND "${CMAKE_MATCH_2}")
    list(APPEND packages ${debian})
    if(words MATCHES "^-")
      list(APPEND options ${words})
    else()
      list(APPEND modules ${words})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES packages)
  list(JOIN modules " " modules)
  list(JOIN options " " options)
  set(${out_modules} ${modules} PARENT_SCOPE)
  set(${out_options} ${options} PARENT_SCOPE)
  set(${out_packages} ${packages} PARENT_SCOPE)
endfunction()

# digitry_pkg_config(TARGET NAME): NAME.pc. A static library leaves what it needs to its user, so that is listed where
# pkg-config --libs shows it without --static.
function(digitry_pkg_config target name)
  digitry_linked_by(${target} modules options packages)
  if(NOT name STREQUAL "digitry")
    string(PREPEND modules "digitry ")
  endif()
  set(private "")
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "STATIC_LIBRARY")
    set(private ".private")
  endif()
  set(folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  file(RELATIVE_PATH up "/prefix/${folder}" /prefix)
  string(REGEX REPLACE "/$" "" up "${up}")
  if(private)
    set(libs "Libs: -L\${libdir} -l${target}\nLibs.private: ${options}")
  else()
    string(STRIP "Libs: -L\${libdir} -l${target} ${options}" libs)
  endif()
  string(STRIP "${modules}" modules)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc @ONLY CONTENT [[prefix=${pcfiledir}/@up@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: @name@
Description: @PROJECT_DESCRIPTION@
Version: @PROJECT_VERSION@
Requires@private@: @modules@
@libs@
Cflags: -I${includedir}
]])
  install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc DESTINATION ${folder} COMPONENT development)
endfunction()
