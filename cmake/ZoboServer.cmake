# SPDX-License-Identifier: Apache-2.0
# libzobo-server: the embedded server. engine (the server without sockets, on LMDB), server (libuv, threads, the public
# API) and snapshot (Apache ZooKeeper's files).

if(PkgConfig_FOUND)
  pkg_check_modules(LMDB QUIET IMPORTED_TARGET lmdb)
  pkg_check_modules(LIBUV QUIET IMPORTED_TARGET libuv)
endif()
find_path(MICROHTTPD_INCLUDE microhttpd.h)
if(NOT LMDB_FOUND OR NOT LIBUV_FOUND OR NOT MICROHTTPD_INCLUDE)
  message(FATAL_ERROR "the embedded server needs liblmdb-dev, libuv1-dev and libmicrohttpd-dev: run scripts/setup build, or build with "
    "-DZOBO_SERVER=OFF")
endif()

set(server_layers engine server snapshot)
list(TRANSFORM server_layers REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/src/\\1/*.c" OUTPUT_VARIABLE server_globs)
file(GLOB server_sources CONFIGURE_DEPENDS ${server_globs})

add_library(zobo_server_objects OBJECT ${server_sources})
target_include_directories(zobo_server_objects PRIVATE include src)
target_compile_definitions(zobo_server_objects PRIVATE _POSIX_C_SOURCE=200809L ZOBO_VERSION="${PROJECT_VERSION}")
target_compile_options(zobo_server_objects PRIVATE -fvisibility=hidden -fno-semantic-interposition)
target_link_libraries(zobo_server_objects PUBLIC PkgConfig::LMDB PkgConfig::LIBUV Threads::Threads ${CMAKE_DL_LIBS})

# The shared library carries its own copies of the lower layers, so that it needs nothing of libzobo.so but its headers.
configure_file(src/zobo-server.map ${PROJECT_BINARY_DIR}/zobo-server.map @ONLY)
add_library(zobo_server SHARED $<TARGET_OBJECTS:zobo_server_objects>
  "$<FILTER:$<TARGET_OBJECTS:zobo_objects>,EXCLUDE,/src/(client|recipes)/>")
set_target_properties(zobo_server PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${abi} LINK_DEPENDS ${PROJECT_BINARY_DIR}/zobo-server.map)
target_link_options(zobo_server PRIVATE
  LINKER:--version-script=${PROJECT_BINARY_DIR}/zobo-server.map LINKER:-Bsymbolic-functions)

if(NOT ZOBO_SANITIZE)
  target_link_options(zobo_server PRIVATE LINKER:-z,defs)
endif()
target_link_libraries(zobo_server PRIVATE PkgConfig::LMDB PkgConfig::LIBUV ${CMAKE_DL_LIBS} INTERFACE zobo)

add_library(zobo_server_static STATIC $<TARGET_OBJECTS:zobo_server_objects>)
target_link_libraries(zobo_server_static PUBLIC zobo_static PkgConfig::LMDB PkgConfig::LIBUV ${CMAKE_DL_LIBS})
foreach(target zobo_server zobo_server_static)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC Threads::Threads)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME zobo-server LINKER_LANGUAGE C)
  add_library(zobo::${target} ALIAS ${target})
endforeach()
