# OpenCV's core and imgproc, as the targets digitry_opencv::core and digitry_opencv::imgproc. Debian's
# OpenCVConfig.cmake comes with all of OpenCV alone (libopencv-dev); two of its libraries are enough here.
find_path(DIGITRY_OPENCV_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
find_library(DIGITRY_OPENCV_CORE_LIBRARY opencv_core)
find_library(DIGITRY_OPENCV_IMGPROC_LIBRARY opencv_imgproc)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DigitryOpenCV
  REASON_FAILURE_MESSAGE "Debian: apt-get install libopencv-imgproc-dev"
  REQUIRED_VARS DIGITRY_OPENCV_IMGPROC_LIBRARY DIGITRY_OPENCV_CORE_LIBRARY DIGITRY_OPENCV_INCLUDE_DIR)
mark_as_advanced(
  DIGITRY_OPENCV_INCLUDE_DIR DIGITRY_OPENCV_CORE_LIBRARY DIGITRY_OPENCV_IMGPROC_LIBRARY)
if(DigitryOpenCV_FOUND AND NOT TARGET digitry_opencv::core)
  foreach(part core imgproc)
    string(TOUPPER ${part} upper)
    add_library(digitry_opencv::${part} UNKNOWN IMPORTED)
    set_target_properties(digitry_opencv::${part} PROPERTIES
      IMPORTED_LOCATION ${DIGITRY_OPENCV_${upper}_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${DIGITRY_OPENCV_INCLUDE_DIR})
  endforeach()
endif()
