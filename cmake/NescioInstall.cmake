# The library that others link, and what `cmake --install` puts where.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Of the shared library's name, libnescio.so.0: goes up when a function goes or changes, or a structure of nescio.h does.
# tests/install/symbols/ holds what each version has.
set(NESCIO_ABI 0)

# Without libtorch and protobuf: what src/api needs.
set(library_folders base io math expr bank statistics metrics calibration detectors api)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/library.cpp CONTENT "// All of the library is in its archives.\n")
add_library(nescio_shared SHARED ${CMAKE_CURRENT_BINARY_DIR}/library.cpp)
_nescio_archives(archives api)
set(map ${PROJECT_SOURCE_DIR}/cmake/libnescio.map)
target_link_libraries(nescio_shared PRIVATE ${archives} nescio_api)
# Compiled as for the program, whose networks need our names; from here nobody does.
target_link_options(nescio_shared PRIVATE "LINKER:--version-script=${map},--as-needed")
target_include_directories(nescio_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(nescio_shared PROPERTIES
  OUTPUT_NAME nescio EXPORT_NAME nescio VERSION ${PROJECT_VERSION} SOVERSION ${NESCIO_ABI}
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
  LINK_DEPENDS "${map};$<TARGET_FILE:nescio_api>")
add_dependencies(nescio_shared nescio_api)
add_library(nescio::nescio ALIAS nescio_shared)

# One archive of all of them, for those who link statically.
set(script "CREATE libnescio.a\n")
set(parts "")
foreach(folder ${library_folders})
  string(APPEND script "ADDLIB $<TARGET_FILE:nescio_${folder}>\n")
  list(APPEND parts nescio_${folder})
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/libnescio.mri CONTENT "${script}SAVE\nEND\n")
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/libnescio.a
                   COMMAND ${CMAKE_COMMAND} -E rm -f libnescio.a
                   COMMAND ${CMAKE_AR} -M < libnescio.mri
                   DEPENDS ${parts}
                   WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
                   COMMENT "Collecting libnescio.a" VERBATIM)
add_custom_target(nescio_static ALL DEPENDS ${CMAKE_BINARY_DIR}/libnescio.a)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/nescio)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/nescioConfig.cmake.in ${CMAKE_BINARY_DIR}/nescioConfig.cmake
                              INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/nescioConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)  # the folder may be moved
configure_file(${PROJECT_SOURCE_DIR}/cmake/nescio.pc.in ${CMAKE_BINARY_DIR}/nescio.pc @ONLY)

if(NOT NESCIO_INSTALL)
  return()
endif()
install(TARGETS nescio RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET nescio_networks)
  # Where src/cli/network_part.cpp looks; libtorch stays where it was found.
  set_target_properties(nescio_networks PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS nescio_networks LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/nescio)
endif()
if(TARGET nescio_mpi)
  install(TARGETS nescio_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/nescio)
endif()
if(TARGET nescio_tcp)
  set_target_properties(nescio_tcp PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS nescio_tcp LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/nescio)
endif()
install(TARGETS nescio_shared EXPORT nescioTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${CMAKE_BINARY_DIR}/libnescio.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/nescio DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(EXPORT nescioTargets NAMESPACE nescio:: DESTINATION ${package})
install(FILES ${CMAKE_BINARY_DIR}/nescioConfig.cmake ${CMAKE_BINARY_DIR}/nescioConfigVersion.cmake
              cmake/Finddnnl.cmake cmake/FindLAPACKE.cmake
        DESTINATION ${package})
install(FILES ${CMAKE_BINARY_DIR}/nescio.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY protocols configs DESTINATION ${CMAKE_INSTALL_DATADIR}/nescio)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE README.md docs/library.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
