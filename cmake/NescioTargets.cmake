# The few functions that all CMakeLists.txt of this project are made of.

# Settings that every target of ours has.
add_library(nescio_settings INTERFACE)
target_compile_features(nescio_settings INTERFACE cxx_std_20)
target_compile_options(nescio_settings INTERFACE -Wall -Wextra -Wconversion $<$<BOOL:${NESCIO_WERROR}>:-Werror>)
# GCC 12 takes "text" + string for overlapping copies (its bug 105651).
target_compile_options(nescio_settings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# GCC 13 and 14 take what is found in a catalogue for a part of the name that it was looked up by.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  target_compile_options(nescio_settings INTERFACE -Wno-dangling-reference)
endif()
# With sanitizers, GCC sees uninitialised values in its own <regex>.
if(NESCIO_SANITIZE)
  target_compile_options(nescio_settings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
target_include_directories(nescio_settings INTERFACE ${PROJECT_SOURCE_DIR}/src)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
if(NESCIO_ASSERTIONS)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endif()
if(NESCIO_SANITIZE)
  add_compile_options(-fsanitize=${NESCIO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NESCIO_SANITIZE})
endif()
if(NESCIO_FUZZ)
  set(sanitizers address,undefined)
  add_compile_options(-fsanitize=fuzzer-no-link,${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitizers})
endif()
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A clone in another folder finds the same objects; files with a precompiled header are found at all.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD AND NOT NESCIO_FUZZ)
  # Without the second one, mold 1.10 now and then (where .tbss begins a page behind the code) asks for a page that
  # the program does not have to be protected, and nothing starts: "cannot apply additional memory protection".
  add_link_options(-fuse-ld=mold -Wl,-z,separate-loadable-segments)
endif()

# For code that is waited for less than its compiler is. GCC from 13 on takes a precompiled header only at the level of
# optimisation that it was compiled at, so what shares the one of a library (`headers`) stays at that of the library.
function(nescio_compile_fast name headers)
  if(headers AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    return()
  endif()
  target_compile_options(nescio_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# Several sources of a target at once: most of what a compiler does for a file it does for the headers of others, above
# all libtorch's. The sources of a target share their anonymous namespaces then, so no two of them may have the same name
# there, or one is named by nescio_compile_alone(). NESCIO_TOGETHER=OFF compiles each alone, which finds what it forgets
# to include.
option(NESCIO_TOGETHER "Compile several sources at once" ON)
function(nescio_compile_together name)
  if(NESCIO_TOGETHER)
    set_target_properties(nescio_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # Kernels are compiled by reading their own file once for each instruction set.
    get_target_property(sources nescio_${name} SOURCES)
    foreach(source ${sources})
      get_filename_component(path ${source} ABSOLUTE)
      if(EXISTS ${path})
        file(STRINGS ${path} kernels REGEX "HWY_TARGET_INCLUDE" LIMIT_COUNT 1)
        if(kernels)
          nescio_compile_alone(${source})
        endif()
      endif()
    endforeach()
  endif()
endfunction()

# Files that share no names with others of their folder; after nescio_library.
function(nescio_compile_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# Files of a target with HEADERS that do without: they are spared the header, which the compiler would read for each.
function(nescio_without_headers)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# nescio_library(io SOURCES npy csv LINK nescio_base PRIVATE ZLIB::ZLIB)
#   -> target nescio_io of npy.cpp and csv.cpp; npy_test.cpp, where it lies beside npy.cpp, joins nescio_io_test.
# TESTS names further test files without a source of the same name; GENERATED names whole paths.
# HEADERS is a target whose precompiled header the library and its tests share. Other libraries have none: a second
# build (extra_detector_test) would find nothing of them in the compiler cache.
# COLD is code that is waited for less than its compiler is.
function(nescio_library name)
  cmake_parse_arguments(arg "COLD" "HEADERS" "SOURCES;LINK;PRIVATE;TESTS;GENERATED" ${ARGN})
  set(sources ${arg_GENERATED})
  set(tests)
  foreach(stem ${arg_SOURCES})
    list(APPEND sources ${stem}.cpp)
  endforeach()
  foreach(stem ${arg_SOURCES} ${arg_TESTS})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${stem}_test.cpp)
      list(APPEND tests ${stem}_test.cpp)
    endif()
  endforeach()
  if(sources)
    add_library(nescio_${name} STATIC ${sources})
    target_link_libraries(nescio_${name} PUBLIC nescio_settings ${arg_LINK} PRIVATE ${arg_PRIVATE})
  else()
    add_library(nescio_${name} INTERFACE)
    target_link_libraries(nescio_${name} INTERFACE nescio_settings ${arg_LINK})
  endif()
  if(arg_HEADERS)
    target_precompile_headers(nescio_${name} REUSE_FROM ${arg_HEADERS})
  endif()
  if(sources)
    nescio_compile_together(${name})
  endif()
  if(arg_COLD)
    nescio_compile_fast(${name} "${arg_HEADERS}")
  endif()
  if(NESCIO_TESTS AND tests)
    nescio_test(${name}_test SOURCES ${tests} LINK nescio_${name} HEADERS ${arg_HEADERS})
  endif()
endfunction()

# What most tests include, compiled once. A precompiled header is taken only where the options are the same, so what
# tests link is linked here too.
set(common_headers <algorithm> <cmath> <filesystem> <functional> <map> <memory> <optional> <span> <sstream> <string> <vector>
    <nlohmann/json.hpp>)
if(NESCIO_TESTS)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cpp CONTENT "// All is in the precompiled header.\n")
  add_library(nescio_test_headers OBJECT ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cpp)
  target_link_libraries(nescio_test_headers PRIVATE nescio_settings nescio_base GTest::gmock nlohmann_json::nlohmann_json)
  nescio_compile_fast(test_headers "")
  target_precompile_headers(nescio_test_headers PRIVATE ${common_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# A GoogleTest program whose cases ctest sees one by one. HEADERS as in nescio_library.
function(nescio_test name)
  cmake_parse_arguments(arg "" "HEADERS" "SOURCES;LINK" ${ARGN})
  add_executable(nescio_${name} ${arg_SOURCES})
  target_link_libraries(nescio_${name} PRIVATE ${arg_LINK} nescio_settings GTest::gmock GTest::gtest_main)
  # Tests wait for the compiler longer than for themselves. -fPIC: as the headers were compiled.
  nescio_compile_fast(${name} "${arg_HEADERS}")
  target_compile_options(nescio_${name} PRIVATE -fPIC)
  nescio_compile_together(${name})
  if(NOT arg_HEADERS)
    set(arg_HEADERS nescio_test_headers)
  endif()
  target_precompile_headers(nescio_${name} REUSE_FROM ${arg_HEADERS})
  gtest_discover_tests(nescio_${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES TEST_PREFIX "${name}." PROPERTIES TIMEOUT 300)
endfunction()

# One entry of a catalogue: remembers that `function` describes it. The entry's file is compiled by its folder.
#   nescio_entry(detectors energy)
function(nescio_entry catalogue function)
  set_property(GLOBAL APPEND PROPERTY NESCIO_CATALOGUE_${catalogue} ${function})
endfunction()

# Writes the function table of a catalogue; nothing runs before main and no linker can drop an entry.
#   nescio_catalogue(detectors HEADER detectors/detector.h TYPE DetectorInfo NAMESPACE nescio::detectors OUT file)
# declares `TYPE energy();` for each entry and defines `const std::vector<TYPE>& catalogue();` in NAMESPACE.
function(nescio_catalogue catalogue)
  cmake_parse_arguments(arg "" "HEADER;TYPE;NAMESPACE;OUT" "" ${ARGN})
  get_property(entries GLOBAL PROPERTY NESCIO_CATALOGUE_${catalogue})
  list(SORT entries)
  set(declarations "")
  set(calls "")
  foreach(entry ${entries})
    string(APPEND declarations "${arg_TYPE} ${entry}();\n")
    string(APPEND calls "      ${entry}(),\n")
  endforeach()
  set(path ${CMAKE_CURRENT_BINARY_DIR}/${catalogue}_catalogue.cpp)
  file(CONFIGURE OUTPUT ${path} @ONLY CONTENT "// Generated by CMake from the entries of ${CMAKE_CURRENT_SOURCE_DIR}/CMakeLists.txt.
#include \"${arg_HEADER}\"

namespace ${arg_NAMESPACE} {

${declarations}
const std::vector<${arg_TYPE}>& catalogue() {
  static const std::vector<${arg_TYPE}> entries = {
${calls}  };
  return entries;
}

}  // namespace ${arg_NAMESPACE}
")
  set(${arg_OUT} ${path} PARENT_SCOPE)
endfunction()

# A text file of the tree as a constant of the program: writes a source that defines
# `const char* const NAMESPACE::NAME` as a header of the same folder declares it.
#   nescio_text(report_css FILE report.css HEADER report/report_css.h NAMESPACE nescio::report OUT source)
function(nescio_text name)
  cmake_parse_arguments(arg "" "FILE;HEADER;NAMESPACE;OUT" "" ${ARGN})
  get_filename_component(from ${arg_FILE} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${from})
  file(READ ${from} content)
  set(path ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${path} @ONLY CONTENT "// Generated by CMake from ${from}.
#include \"${arg_HEADER}\"

const char* const @arg_NAMESPACE@::@name@ = R\"text(@content@)text\";
")
  set(${arg_OUT} ${path} PARENT_SCOPE)
endfunction()

# The program: main and the catalogues of verbs and executors over the libraries of `folders`.
# Where libtorch is found, libnescio_networks.so beside it: the libraries below the line, which take the others' code
# from the program that loads them. So the program holds all of its libraries and exports our names.
function(nescio_program folders)
  nescio_catalogue(verbs HEADER cli/verb.h TYPE VerbInfo NAMESPACE nescio::cli::verbs OUT verbs)
  nescio_catalogue(executors HEADER cli/executors.h TYPE Executor NAMESPACE nescio::expr::executors OUT executors)
  # Objects and no archive: the libraries refer to them, and they to the libraries.
  add_library(nescio_verbs OBJECT ${verbs} ${executors})
  target_link_libraries(nescio_verbs PUBLIC nescio_settings nescio_cli)
  add_executable(nescio src/cli/main.cpp)
  _nescio_archives(archives ${folders})
  target_link_libraries(nescio PRIVATE ${archives} nescio_verbs)
  target_link_options(nescio PRIVATE "LINKER:--dynamic-list=${PROJECT_SOURCE_DIR}/cmake/exported_names.txt")
  set_target_properties(nescio PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  if(MPI_C_FOUND)
    _nescio_communicator(mpi MPI::MPI_C)
  endif()
  if(Libtorch_FOUND)
    _nescio_communicator(tcp Libtorch::Libtorch)
  endif()
  if(NOT Libtorch_FOUND)
    # Of a build that had it.
    file(REMOVE ${CMAKE_BINARY_DIR}/libnescio_networks.so ${CMAKE_BINARY_DIR}/libnescio_tcp.so)
    return()
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/networks.cpp CONTENT "// All of the module is in its libraries.\n")
  add_library(nescio_networks MODULE ${CMAKE_CURRENT_BINARY_DIR}/networks.cpp)
  _nescio_archives(archives cli_torch train expr_torch nn)
  target_link_libraries(nescio_networks PRIVATE ${archives} Libtorch::Libtorch)
  foreach(folder cli_torch train expr_torch nn)
    add_dependencies(nescio_networks nescio_${folder})
  endforeach()
  set_target_properties(nescio_networks PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
    LINK_DEPENDS "$<TARGET_FILE:nescio_cli_torch>;$<TARGET_FILE:nescio_train>;$<TARGET_FILE:nescio_expr_torch>;$<TARGET_FILE:nescio_nn>")
  add_dependencies(nescio nescio_networks)
endfunction()

# libnescio_NAME.so, through which processes meet by `library`; takes our code from the program, as the networks do.
function(_nescio_communicator name library)
  add_library(nescio_${name} MODULE src/distributed/${name}_communicator.cpp)
  target_link_libraries(nescio_${name} PRIVATE nescio_settings ${library})
  set_target_properties(nescio_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  add_dependencies(nescio nescio_${name})
endfunction()

# One item for the linker: all objects of these libraries, and of no library that they link.
function(_nescio_archives result)
  set(files "")
  foreach(folder ${ARGN})
    string(APPEND files ",$<TARGET_FILE:nescio_${folder}>")
  endforeach()
  set(${result} "-Wl,--push-state,--whole-archive${files},--pop-state" PARENT_SCOPE)
endfunction()
