# basalt_add_test(NAME KIND unit|property|scenario|fuzz|stress|integration SOURCES … [LIBRARIES …])
#
# One test program from its sources, registered with CTest under its kind as label, so that
# `ctest -L property` runs one kind. A fuzz target is a libFuzzer program under clang; elsewhere its
# corpus is replayed by a plain main (tests/fuzz/replay_main.cpp), so that g++ builds run it too.
function(basalt_add_test name)
  cmake_parse_arguments(arg "" "KIND;TIMEOUT" "SOURCES;LIBRARIES;ARGS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE basalt_flags ${arg_LIBRARIES})
  if(arg_KIND STREQUAL "fuzz")
    set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT BASALT_SANITIZE STREQUAL "thread")
      target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
      # The corpus in the tree is read, never written: new inputs go to the build folder.
      add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E env
        ${PROJECT_SOURCE_DIR}/tests/fuzz/run $<TARGET_FILE:${name}> ${corpus} ${CMAKE_BINARY_DIR}/fuzz/${name})
    else()
      target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
      add_test(NAME ${name} COMMAND ${name} ${corpus})
    endif()
  else()
    target_link_libraries(${name} PRIVATE GTest::gtest_main GTest::gmock)
    add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${arg_KIND} TIMEOUT ${arg_TIMEOUT})
endfunction()
