# cmake -DPROGRAMS='a;b' -P no_torch_is_loaded.cmake: fails where one of the programs would load libtorch.
foreach(program ${PROGRAMS})
  execute_process(COMMAND ldd ${program} OUTPUT_VARIABLE loaded COMMAND_ERROR_IS_FATAL ANY)
  if(loaded MATCHES "lib(torch|c10)[a-z_]*\\.so")
    message(FATAL_ERROR "${program} must not load libtorch, but would load ${CMAKE_MATCH_0}")
  endif()
endforeach()
