# SPDX-License-Identifier: Apache-2.0
# Helpers for tests/<kind>/CMakeLists.txt. A test is named <kind>.<name> and carries its kind as its ctest label, which
# is its directory's name unless LABELS says otherwise.
#
#   zobo_test(NAME n SOURCES files... [LIBS ...] [LABELS kind] [TIMEOUT s] [SERIAL] [ARGS ...])
#       a cmocka program over zobo_testing: the whole library with its internals (src/ is on the include path, so
#       "core/session.h" works) and everything in tests/support. ZOBO_TESTS_DIR is defined as the path of tests/.
#   zobo_fuzzer(NAME n SOURCES files...)
#       a fuzz target: under the fuzz preset bin/fuzz-<n>, else a test that replays tests/fuzz/corpus/<n>/.
#   zobo_script_test(NAME n SCRIPT file [LABELS kind] [TIMEOUT s] [SERIAL] [ARGS ...])
#       an executable script. Exit 77 is "skipped": print why on the last line.
#   zobo_skip_test(NAME n REASON text [LABELS kind])
#       stands in for a test that cannot be built here, so that its absence is seen.
#
# Every test sees ZOBO_SRC (the source tree), ZOBO_BUILD (the build tree), ZOBO_BIN (its programs), ZOBO_LIB (its
# libraries), ZOBO_SANITIZE (empty, or the sanitizers), CC and CXX. TIMEOUT (default 60 s) is what the test may take in
# a plain build; sanitizers get more.

include_guard(GLOBAL)

set(test_env
  ZOBO_SRC=${PROJECT_SOURCE_DIR}
  ZOBO_BUILD=${PROJECT_BINARY_DIR}
  ZOBO_BIN=${PROJECT_BINARY_DIR}/bin
  ZOBO_LIB=${PROJECT_BINARY_DIR}/lib
  CC=${CMAKE_C_COMPILER}
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1"
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
list(JOIN ZOBO_SANITIZE "," sanitize)
list(APPEND test_env "ZOBO_SANITIZE=${sanitize}")
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  list(APPEND test_env CXX=g++)
else()
  list(APPEND test_env CXX=clang++)
endif()

set(timeout_factor 1)
if(sanitize MATCHES thread)
  set(timeout_factor 6)
elseif(sanitize)
  set(timeout_factor 3)
endif()

# --- the library under test -----------------------------------------------------------------------------------------

if(PkgConfig_FOUND)
  pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
endif()
if(CMOCKA_FOUND)
  file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
  # The library's objects, but for the allocator: tests have one that can fail when told to (zb_mem_fail_after).
  add_library(zobo_testing STATIC
    $<FILTER:$<TARGET_OBJECTS:zobo_objects>,EXCLUDE,/base/mem\\.c\\.o$> ${PROJECT_SOURCE_DIR}/src/base/mem.c
    $<$<BOOL:${ZOBO_SERVER}>:$<TARGET_OBJECTS:zobo_server_objects>>
    ${support_sources})
  if(ZOBO_SERVER)
    target_link_libraries(zobo_testing PUBLIC PkgConfig::LMDB PkgConfig::LIBUV)
  endif()
  if(ZOBO_JSON)
    target_link_libraries(zobo_testing PUBLIC PkgConfig::JANSSON)
  endif()
  target_include_directories(zobo_testing PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests ${adapter_include})
  target_compile_definitions(zobo_testing PUBLIC
    _POSIX_C_SOURCE=200809L ZB_TESTING ZOBO_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(zobo_testing PUBLIC PkgConfig::CMOCKA Threads::Threads)
  set_target_properties(zobo_testing PROPERTIES
    LINKER_LANGUAGE C ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endif()

# --- helpers --------------------------------------------------------------------------------------------------------

# zobo_register gives the test <kind>.<name> what every test has.
function(zobo_register test kind timeout serial)
  math(EXPR timeout "${timeout} * ${timeout_factor}")
  set_tests_properties(${test} PROPERTIES
    LABELS "${kind}" TIMEOUT ${timeout} RUN_SERIAL ${serial} SKIP_RETURN_CODE 77 ENVIRONMENT "${test_env}")
endfunction()

# zobo_parse reads a helper's arguments into its caller's arg_*, and fills in the defaults.
macro(zobo_parse helper)
  cmake_parse_arguments(arg "SERIAL" "NAME;SCRIPT;TIMEOUT;REASON;LABELS" "SOURCES;LIBS;ARGS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME)
    message(FATAL_ERROR "${helper}: wrong arguments: ${ARGN}")
  endif()
  if(NOT arg_LABELS)
    get_filename_component(arg_LABELS ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set(test ${arg_LABELS}.${arg_NAME})
endmacro()

function(zobo_skip_test)
  zobo_parse(zobo_skip_test ${ARGN})
  add_test(NAME ${test} COMMAND sh -c "echo \"skipped: $1\"; exit 77" sh "${arg_REASON}")
  zobo_register(${test} ${arg_LABELS} ${arg_TIMEOUT} ${arg_SERIAL})
endfunction()

function(zobo_test)
  zobo_parse(zobo_test ${ARGN})
  if(NOT TARGET zobo_testing)
    zobo_skip_test(NAME ${arg_NAME} LABELS ${arg_LABELS}
      REASON "libcmocka-dev is not installed: run scripts/setup test")
    return()
  endif()
  set(target ${arg_LABELS}_${arg_NAME})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LIBS} zobo_testing)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${test} COMMAND ${target} ${arg_ARGS})
  zobo_register(${test} ${arg_LABELS} ${arg_TIMEOUT} ${arg_SERIAL})
endfunction()

function(zobo_script_test)
  zobo_parse(zobo_script_test ${ARGN})
  get_filename_component(script ${arg_SCRIPT} ABSOLUTE)
  add_test(NAME ${test} COMMAND ${script} ${arg_ARGS})
  zobo_register(${test} ${arg_LABELS} ${arg_TIMEOUT} ${arg_SERIAL})
endfunction()

function(zobo_fuzzer)
  zobo_parse(zobo_fuzzer ${ARGN})
  if(ZOBO_FUZZ)
    add_executable(fuzz-${arg_NAME} ${arg_SOURCES})
    target_link_libraries(fuzz-${arg_NAME} PRIVATE zobo_testing)
    target_link_options(fuzz-${arg_NAME} PRIVATE -fsanitize=fuzzer)
  else()
    zobo_test(NAME ${arg_NAME} LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT}
      SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.c
      ARGS ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${arg_NAME})
  endif()
endfunction()
