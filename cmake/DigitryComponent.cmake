# digitry_public_headers(TARGET FOLDER...): the target installs those of digitry/public_headers.txt that are in these
# folders of digitry/ ("." for none). Other symbols and headers are internal; tests/tree/ checks the list.
function(digitry_public_headers target)
  file(STRINGS ${PROJECT_SOURCE_DIR}/digitry/public_headers.txt headers)
  set(files)
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "/.*" "" folder ${header})
    if(folder STREQUAL header)
      set(folder .)
    endif()
    if(folder IN_LIST ARGN)
      list(APPEND files ${PROJECT_SOURCE_DIR}/digitry/${header})
    endif()
  endforeach()
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${files})
  digitry_visibility(${target})
endfunction()

# A static library hides its symbols. A shared one exports all: nothing marks those of the public headers.
function(digitry_visibility target)
  if(NOT BUILD_SHARED_LIBS)
    set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
endfunction()

# digitry_add_component(NAME): the library digitry::NAME of this folder's sources, beside the core, on which it
# stands. A program that does not ask for it needs none of its dependencies.
#   FOLDER                  of digitry/, if it is not NAME
#   NON_NUMERIC | SERVING   it does not compute: its options are DIGITRY_NON_NUMERIC_OPTIONS, DIGITRY_SERVING_OPTIONS
function(digitry_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NON_NUMERIC;SERVING" "FOLDER" "")
  if(NOT arg_FOLDER)
    set(arg_FOLDER ${name})
  endif()
  set(target digitry_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${target} ${sources})
  add_library(digitry::${name} ALIAS ${target})
  digitry_public_headers(${target} ${arg_FOLDER})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION} SOVERSION ${digitry_abi_version} POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target}
    PUBLIC digitry::digitry
    PRIVATE $<BUILD_INTERFACE:digitry_compile_options> fmt::fmt $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
  if(arg_NON_NUMERIC)
    target_compile_options(${target} PRIVATE ${DIGITRY_NON_NUMERIC_OPTIONS})
  elseif(arg_SERVING)
    target_compile_options(${target} PRIVATE ${DIGITRY_SERVING_OPTIONS})
  else()
    target_compile_options(${target} PRIVATE ${DIGITRY_NUMERIC_OPTIONS})
  endif()
endfunction()
