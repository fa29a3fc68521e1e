# Libtorch::Libtorch: the C++ libraries and headers of PyTorch.
#
# Torch's own package file is not used: with a CUDA build it asks for nvcc even where only plain C++ is compiled.
# A torch folder holds include/ and lib/: the folder `torch` of a Python package, or an unpacked libtorch.
# The first of these that exists is taken:
#   -DNESCIO_LIBTORCH=DIR, the environment variable NESCIO_LIBTORCH (these must hold it),
#   ~/.cache/nescio/libtorch/torch (where tools/setup puts it),
#   the torch of python3.
# Sets Libtorch_FOUND, Libtorch_VERSION, Libtorch_FOLDER, Libtorch_CUDA (true for a build with CUDA), and
# Libtorch_CUDA_HEADERS, the folder of CUDA's own headers, where there is one: what records CUDA graphs and what sums by NCCL needs them.
set(NESCIO_LIBTORCH "" CACHE PATH "Folder of libtorch: holds include/ and lib/")

# The torch that python3 would import, found without importing it.
function(_libtorch_of_python result)
  find_program(NESCIO_PYTHON3 python3)
  mark_as_advanced(NESCIO_PYTHON3)
  set(folder "")
  if(NESCIO_PYTHON3)
    execute_process(
      COMMAND ${NESCIO_PYTHON3} -c
              "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(${result} "${folder}" PARENT_SCOPE)
endfunction()

# An unpacked libtorch says its version in build-version, a Python package in version.py.
function(_libtorch_version folder result)
  set(version "")
  if(EXISTS "${folder}/build-version")
    file(READ "${folder}/build-version" version)
  elseif(EXISTS "${folder}/version.py")
    file(STRINGS "${folder}/version.py" line REGEX "^__version__")
    string(REGEX REPLACE ".*['\"]([^'\"]+)['\"].*" "\\1" version "${line}")
  else()
    foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
      if(NOT version AND EXISTS "${folder}/include/${header}")
        file(STRINGS "${folder}/include/${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
        string(REGEX MATCHALL "[0-9]+" version "${lines}")
        string(REPLACE ";" "." version "${version}")
      endif()
    endforeach()
  endif()
  string(STRIP "${version}" version)
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

# Why the folder cannot be used; empty if it can.
function(_libtorch_fault folder version result)
  set(fault "")
  string(REGEX MATCH "^[0-9.]+" number "${version}")
  foreach(file include/torch/csrc/api/include/torch/torch.h lib/libtorch.so lib/libtorch_cpu.so lib/libc10.so)
    if(NOT fault AND NOT EXISTS "${folder}/${file}")
      set(fault "${folder} holds no ${file}")
    endif()
  endforeach()
  if(NOT fault AND (NOT number OR number VERSION_LESS 2.0))
    set(fault "libtorch ${version} in ${folder} is too old, at least 2.0 is needed")
  endif()
  if(NOT fault)
    # Strings of the other ABI would fail at link time only, with pages of undefined symbols.
    file(STRINGS "${folder}/lib/libc10.so" symbol REGEX "NSt7__cxx1112basic_string" LIMIT_COUNT 1)
    if(NOT symbol)
      set(fault "libtorch ${version} in ${folder} is built for the C++ ABI before GCC 5")
    endif()
  endif()
  set(${result} "${fault}" PARENT_SCOPE)
endfunction()

function(_libtorch_find)
  set(asked "${NESCIO_LIBTORCH}")
  if(NOT asked)
    set(asked "$ENV{NESCIO_LIBTORCH}")
  endif()
  if(asked)
    set(candidates "${asked}")
  else()
    _libtorch_of_python(of_python)
    set(candidates "$ENV{HOME}/.cache/nescio/libtorch/torch" ${of_python})
  endif()
  set(remedy "Install a newer one (tools/setup does) or give its folder, which holds include/ and lib/, with -DNESCIO_LIBTORCH=DIR.")
  foreach(candidate ${candidates})
    if(NOT asked AND NOT IS_DIRECTORY "${candidate}/lib")
      continue()
    endif()
    get_filename_component(folder "${candidate}" REALPATH)
    _libtorch_version("${folder}" version)
    _libtorch_fault("${folder}" "${version}" fault)
    if(NOT fault)
      set(Libtorch_FOLDER "${folder}" PARENT_SCOPE)
      set(Libtorch_VERSION "${version}" PARENT_SCOPE)
      return()
    elseif(asked)
      message(FATAL_ERROR "NESCIO_LIBTORCH: ${fault}. ${remedy}")
    endif()
    message(STATUS "Passed over: ${fault}. ${remedy}")
  endforeach()
  set(Libtorch_FOLDER "" PARENT_SCOPE)
  set(Libtorch_VERSION "" PARENT_SCOPE)
endfunction()

_libtorch_find()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch REQUIRED_VARS Libtorch_FOLDER VERSION_VAR Libtorch_VERSION
                                  REASON_FAILURE_MESSAGE "what runs networks is left out. Name its folder with -DNESCIO_LIBTORCH=DIR")

if(Libtorch_FOUND)
  set(Libtorch_CUDA FALSE)
  if(EXISTS "${Libtorch_FOLDER}/lib/libtorch_cuda.so" AND EXISTS "${Libtorch_FOLDER}/lib/libc10_cuda.so")
    set(Libtorch_CUDA TRUE)
    # Beside a Python package of libtorch lie those of CUDA's run time, of the same version.
    file(GLOB beside "${Libtorch_FOLDER}/../nvidia/cu*/include" "${Libtorch_FOLDER}/../nvidia/cuda_runtime/include")
    find_path(Libtorch_CUDA_HEADERS cuda_runtime_api.h HINTS ${beside} "$ENV{CUDA_HOME}/include" "$ENV{CUDA_PATH}/include"
              PATHS /usr/local/cuda/include /opt/cuda/include DOC "Folder of CUDA's headers")
    mark_as_advanced(Libtorch_CUDA_HEADERS)
  endif()
endif()
if(Libtorch_FOUND AND NOT TARGET Libtorch::Libtorch)
  add_library(Libtorch::Libtorch INTERFACE IMPORTED)
  target_include_directories(Libtorch::Libtorch SYSTEM INTERFACE
    "${Libtorch_FOLDER}/include" "${Libtorch_FOLDER}/include/torch/csrc/api/include")
  target_compile_definitions(Libtorch::Libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  # By name and with our own rpath: given paths, CMake warns that the libgomp.so.1 which wheels bring may hide
  # the compiler's. It may: both have one name, so the process loads one of them, for libtorch, oneDNN,
  # OpenBLAS and ourselves. (Were they two, all would still call the first.)
  target_link_options(Libtorch::Libtorch INTERFACE "-L${Libtorch_FOLDER}/lib" "LINKER:-rpath,${Libtorch_FOLDER}/lib")
  target_link_libraries(Libtorch::Libtorch INTERFACE -ltorch_cpu -lc10)
  if(Libtorch_CUDA)
    # The CUDA part registers itself when it is loaded; nothing refers to it, so the linker must not drop it.
    target_link_libraries(Libtorch::Libtorch INTERFACE
      "-Wl,--push-state,--no-as-needed,-ltorch_cuda,-lc10_cuda,--pop-state")
  endif()
endif()
