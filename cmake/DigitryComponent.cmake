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
#   NUMERIC SOURCES         these do: theirs are DIGITRY_NUMERIC_OPTIONS all the same
function(digitry_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NON_NUMERIC;SERVING" "FOLDER" "NUMERIC")
  if(NOT arg_FOLDER)
    set(arg_FOLDER ${name})
  endif()
  set(target digitry_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(TRANSFORM arg_NUMERIC PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(REMOVE_ITEM sources ${arg_NUMERIC})
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
  if(arg_NUMERIC)
    add_library(${target}_numeric OBJECT ${arg_NUMERIC})
    digitry_visibility(${target}_numeric)
    set_target_properties(${target}_numeric PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_features(${target}_numeric PRIVATE cxx_std_20)
    target_compile_options(${target}_numeric PRIVATE ${DIGITRY_NUMERIC_OPTIONS})
    target_include_directories(${target}_numeric PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target}_numeric PRIVATE digitry_compile_options fmt::fmt)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_numeric>)
  endif()
endfunction()
