# basalt_add_test(NAME KIND unit|property|scenario|fuzz|stress|integration SOURCES … [LIBRARIES …]
#                 [DEFINITIONS NAME="text" …] [ARGS …] [TIMEOUT seconds])
#   One test program from its sources. A fuzz target is a libFuzzer program under clang; elsewhere
#   its corpus is replayed by a plain main (tests/fuzz/replay_main.cpp), so that g++ runs it too.
#
# basalt_add_check(NAME KIND … COMMAND … [NEEDS target …] [ENVIRONMENT …] [TIMEOUT seconds])
#   One test that is a command: a script, or a program run in a certain way.
#
# basalt_add_codegen_check(NAME SOURCES … [LIBRARIES …])
#   Reads the machine code of the sources' functions; see tests/codegen/check_machine_code.
#
# All register with CTest under their kind as label, so that `ctest -L property` runs one kind, and
# hang below the targets `tests` and `<kind>-tests`. A build has only the kinds in
# BASALT_TEST_KINDS (empty: all), and says BASALT_TEST_PREFIX before each name, so that one summary
# over several builds can tell them apart.
set(basalt_test_kinds unit property scenario fuzz stress integration codegen bench tidy)

function(basalt_kind_is_wanted kind result)
  if(NOT kind IN_LIST basalt_test_kinds)
    message(FATAL_ERROR "'${kind}' is no kind of test; there are: ${basalt_test_kinds}")
  endif()
  set(wanted FALSE)
  if(BASALT_TESTS_BUILT AND (NOT BASALT_TEST_KINDS OR kind IN_LIST BASALT_TEST_KINDS))
    set(wanted TRUE)
  endif()
  set(${result} ${wanted} PARENT_SCOPE)
endfunction()

function(basalt_register_test name kind timeout)
  if(NOT timeout)
    set(timeout 120)
  endif()
  add_test(NAME ${BASALT_TEST_PREFIX}${name} COMMAND ${ARGN})
  set_tests_properties(${BASALT_TEST_PREFIX}${name} PROPERTIES LABELS ${kind} TIMEOUT ${timeout})
  # What measures, or starts engines that spin, has the machine to itself.
  if(kind MATCHES "^(integration|bench|stress)$")
    set_tests_properties(${BASALT_TEST_PREFIX}${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

function(basalt_hang_below_kind kind)
  foreach(target tests ${kind}-tests)
    if(NOT TARGET ${target})
      add_custom_target(${target})
    endif()
    add_dependencies(${target} ${ARGN})
  endforeach()
endfunction()

function(basalt_add_test name)
  cmake_parse_arguments(arg "" "KIND;TIMEOUT" "SOURCES;LIBRARIES;DEFINITIONS;ARGS" ${ARGN})
  basalt_kind_is_wanted("${arg_KIND}" wanted)
  if(NOT wanted)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  if(arg_KIND STREQUAL "unit")
    basalt_compile_briefly(${arg_SOURCES})
  endif()
  target_link_libraries(${name} PRIVATE basalt_flags ${arg_LIBRARIES})
  target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
  basalt_hang_below_kind(${arg_KIND} ${name})
  if(NOT arg_KIND STREQUAL "fuzz")
    target_link_libraries(${name} PRIVATE GTest::gtest_main GTest::gmock)
    basalt_register_test(${name} ${arg_KIND} "${arg_TIMEOUT}" ${name} ${arg_ARGS})
    return()
  endif()
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT BASALT_SANITIZE STREQUAL "thread")
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # The corpus in the tree is read, never written: new inputs go to the build folder.
    basalt_register_test(${name} fuzz "${arg_TIMEOUT}" ${PROJECT_SOURCE_DIR}/tests/fuzz/run
      $<TARGET_FILE:${name}> ${corpus} ${CMAKE_BINARY_DIR}/fuzz/${name})
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    basalt_register_test(${name} fuzz "${arg_TIMEOUT}" ${name} ${corpus})
  endif()
endfunction()

function(basalt_add_check name)
  cmake_parse_arguments(arg "" "KIND;TIMEOUT" "COMMAND;NEEDS;ENVIRONMENT" ${ARGN})
  basalt_kind_is_wanted("${arg_KIND}" wanted)
  if(NOT wanted)
    return()
  endif()
  if(arg_NEEDS)
    basalt_hang_below_kind(${arg_KIND} ${arg_NEEDS})
  endif()
  basalt_register_test(${name} ${arg_KIND} "${arg_TIMEOUT}" ${arg_COMMAND})
  if(arg_ENVIRONMENT)
    set_tests_properties(${BASALT_TEST_PREFIX}${name} PROPERTIES ENVIRONMENT "${arg_ENVIRONMENT}")
  endif()
endfunction()

function(basalt_add_codegen_check name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  basalt_kind_is_wanted(codegen wanted)
  # Debug and sanitizer builds call where a release does not.
  if(NOT wanted OR NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR BASALT_SANITIZE)
    return()
  endif()
  add_library(${name} OBJECT ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  basalt_add_check(${name} KIND codegen NEEDS ${name}
    COMMAND ${PROJECT_SOURCE_DIR}/tests/codegen/check_machine_code $<TARGET_OBJECTS:${name}>)
endfunction()
