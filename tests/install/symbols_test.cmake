# The shared library exports what symbols/VERSION.txt lists and nothing else, and nescio.h declares what it says there. A
# version's file does not change once it was released: what comes, goes or changes is a new version's. What goes or changes is
# also a new soname (NESCIO_ABI in cmake/NescioInstall.cmake).
cmake_policy(VERSION 3.22)
set(folder ${CMAKE_CURRENT_LIST_DIR}/symbols)
set(file ${folder}/${VERSION}.txt)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY} OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${names}")
set(found "")
foreach(line ${lines})
  string(REGEX REPLACE "^[^ ]* *([A-Za-z]) (.*)$" "\\1;\\2" parts "${line}")
  list(GET parts 0 type)
  list(GET parts 1 name)
  if(type STREQUAL "A")  # the name of the version itself
    continue()
  endif()
  if(NOT name MATCHES "^nescio_[a-z_]+@@NESCIO_${ABI}$")
    message(FATAL_ERROR "${LIBRARY} exports ${name}; expected nescio_... of NESCIO_${ABI} alone (cmake/libnescio.map)")
  endif()
  string(REGEX REPLACE "@.*" "" name "${name}")
  list(APPEND found ${name})
endforeach()
list(SORT found)
string(REPLACE ";" "\n" found "${found}")

# Declarations without comments, preprocessor lines and layout: what a compiled program depends on.
file(READ ${HEADER} header)
string(REPLACE ";" "<semicolon>" header "${header}")
string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" "" header "${header}")
string(REGEX REPLACE "\\\\\n" "" header "${header}")
string(REGEX REPLACE "(^|\n)#(if|ifdef|ifndef|else|endif|include|define NESCIO_(API|NOEXCEPT|NESCIO_H))[^\n]*" "\n" header "${header}")
string(REGEX REPLACE "[ \t\n]+" " " header "${header}")
string(REGEX REPLACE " ?<semicolon> ?" "<semicolon>\n" header "${header}")
string(REPLACE "<semicolon>" ";" header "${header}")
set(text "libnescio.so.${ABI}\n\n${found}\n\n${header}\n")

if(DEFINED WRITE)  # by hand, for a new version: cmake -DWRITE=1 ...
  file(WRITE ${file} "${text}")
  return()
endif()
set(again "cmake -DWRITE=1 -DLIBRARY=${LIBRARY} -DHEADER=${HEADER} -DVERSION=${VERSION} -DABI=${ABI} -DNM=${NM} -P ${CMAKE_CURRENT_LIST_FILE}")
if(NOT EXISTS ${file})
  message(FATAL_ERROR "there is no ${file}; a new version's is written by\n  ${again}")
endif()
file(READ ${file} expected)
if(NOT text STREQUAL expected)
  message(FATAL_ERROR "What libnescio.so exports or nescio.h declares is not what ${file} says.\n"
    "Raise the version in CMakeLists.txt, and NESCIO_ABI in cmake/NescioInstall.cmake with NESCIO_${ABI} in "
    "cmake/libnescio.map if something went or changed, then write the new version's file by\n  ${again}\n"
    "Found:\n${text}")
endif()

# Within one soname nothing goes.
string(REPLACE "\n" ";" found "${found}")
file(GLOB versions ${folder}/*.txt)
foreach(other ${versions})
  get_filename_component(name ${other} NAME_WLE)
  file(READ ${other} content)
  if(NOT content MATCHES "^libnescio\\.so\\.${ABI}\n\n([a-z_\n]+)\n\n" OR name VERSION_GREATER VERSION)
    continue()
  endif()
  string(REPLACE "\n" ";" promised "${CMAKE_MATCH_1}")
  foreach(symbol ${promised})
    if(NOT symbol IN_LIST found)
      message(FATAL_ERROR "${symbol} of version ${name} is gone, and libnescio.so.${ABI} still promises it: raise NESCIO_ABI")
    endif()
  endforeach()
endforeach()
