# cmake -DPROGRAMS='a;b' -DNESCIO=nescio -P no_torch_is_loaded.cmake: fails where one of the programs would load libtorch
# when it starts, or the last one with verbs that need no network.
foreach(program ${PROGRAMS})
  execute_process(COMMAND ldd ${program} OUTPUT_VARIABLE loaded COMMAND_ERROR_IS_FATAL ANY)
  if(loaded MATCHES "lib(torch|c10)[a-z_]*\\.so")
    message(FATAL_ERROR "${program} must not load libtorch, but would load ${CMAKE_MATCH_0}")
  endif()
endforeach()
foreach(arguments --help "list;detectors" "list;datasets" "fit;--help" "evaluate;--help" "score;--help" "evaluate;bank=none")
  execute_process(COMMAND ${CMAKE_COMMAND} -E env LD_DEBUG=files ${NESCIO} ${arguments} OUTPUT_QUIET ERROR_VARIABLE loaded)
  if(NOT loaded MATCHES "libdnnl" OR loaded MATCHES "lib(torch|c10)[a-z_]*\\.so")
    message(FATAL_ERROR "nescio ${arguments} must not load libtorch, but did (or the loader did not say what it loads)")
  endif()
endforeach()
