# LAPACKE::LAPACKE: LAPACK's C interface and CBLAS, from OpenBLAS.
# Debian's liblapacke brings the reference BLAS along, so OpenBLAS, which holds all of it, is linked first.
find_path(LAPACKE_INCLUDE_DIR lapacke.h)
find_path(CBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas openblas-openmp x86_64-linux-gnu/openblas-openmp
          aarch64-linux-gnu/openblas-openmp x86_64-linux-gnu aarch64-linux-gnu)
find_library(OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-openmp)
find_library(LAPACKE_LIBRARY lapacke)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LAPACKE DEFAULT_MSG OPENBLAS_LIBRARY LAPACKE_LIBRARY LAPACKE_INCLUDE_DIR CBLAS_INCLUDE_DIR)
if(LAPACKE_FOUND AND NOT TARGET LAPACKE::LAPACKE)
  add_library(LAPACKE::LAPACKE INTERFACE IMPORTED)
  target_include_directories(LAPACKE::LAPACKE INTERFACE ${LAPACKE_INCLUDE_DIR} ${CBLAS_INCLUDE_DIR})
  target_link_libraries(LAPACKE::LAPACKE INTERFACE ${OPENBLAS_LIBRARY} ${LAPACKE_LIBRARY})
endif()
