# Builds with -DNESCIO_EXTRA_DETECTORS=constant_shift.cpp and finds the detector in list, describe and conformance.
function(run expected)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR NOT output MATCHES "${expected}")
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}\nexited with ${status}; expected 0 and '${expected}' in:\n${output}")
  endif()
endfunction()

file(REMOVE ${BUILD}/CMakeCache.txt)
run("" ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} ${SETTINGS}
    -DNESCIO_EXTRA_DETECTORS=${CMAKE_CURRENT_LIST_DIR}/constant_shift.cpp)
run("" ${CMAKE_COMMAND} --build ${BUILD} --target nescio nescio_conformance_test --parallel 2)
run("(^|\n)[^a-z\n]*constant_shift" ${BUILD}/nescio list detectors)
run("Largest logit, negated.*shift - max_c z_c.*shift.*added to every score" ${BUILD}/nescio describe constant_shift)
run("[1-9][0-9]* tests? from .*\\[  PASSED  \\]" ${BUILD}/tests/conformance/nescio_conformance_test
    --gtest_filter=*constant_shift*)
