# libwebp as the target digitry_webp::webp; CMake has no module for it.
find_path(DIGITRY_WEBP_INCLUDE_DIR webp/decode.h)
find_library(DIGITRY_WEBP_LIBRARY webp)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DigitryWebP
  REASON_FAILURE_MESSAGE "Debian: apt-get install libwebp-dev"
  REQUIRED_VARS DIGITRY_WEBP_LIBRARY DIGITRY_WEBP_INCLUDE_DIR)
mark_as_advanced(DIGITRY_WEBP_INCLUDE_DIR DIGITRY_WEBP_LIBRARY)
if(DigitryWebP_FOUND AND NOT TARGET digitry_webp::webp)
  add_library(digitry_webp::webp UNKNOWN IMPORTED)
  set_target_properties(digitry_webp::webp PROPERTIES
    IMPORTED_LOCATION ${DIGITRY_WEBP_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${DIGITRY_WEBP_INCLUDE_DIR})
endif()
