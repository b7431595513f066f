# An overlay port: builds the tree that it lies in. vcpkg install digitry --overlay-ports=packaging/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../.." ABSOLUTE)

set(components)
foreach(feature IN ITEMS fetch interchange report tuning vision)
  if(feature IN_LIST FEATURES)
    list(APPEND components ${feature})
  endif()
endforeach()

# The unit and the command belong to a system, not to a library.
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DDIGITRY_BUILD_APP=OFF "-DDIGITRY_COMPONENTS=${components}" -DDIGITRY_POSTGRESQL=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME digitry CONFIG_PATH lib/cmake/digitry)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
