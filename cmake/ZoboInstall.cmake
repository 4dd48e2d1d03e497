# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where. pkg-config and find_package find everything relative to their own files, so that an
# installation can be moved.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/zobo)

install(TARGETS zobo zobo_static EXPORT zoboTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(ZOBO_SERVER)
  install(TARGETS zobo_server zobo_server_static EXPORT zoboServerTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/zobo)
if(adapter_headers)
  install(FILES ${adapter_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/zobo/adapters)
endif()
if(TARGET zobo_cli)
  install(TARGETS zobo_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET zobo_cli_completion)
    install(FILES ${completion_dir}/zobo DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${completion_dir}/_zobo DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${completion_dir}/zobo.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endif()

install(EXPORT zoboTargets NAMESPACE zobo:: DESTINATION ${package_dir})
if(ZOBO_SERVER)
  install(EXPORT zoboServerTargets NAMESPACE zobo:: DESTINATION ${package_dir})
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/zoboConfig.cmake.in
  ${PROJECT_BINARY_DIR}/zoboConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/zoboConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/zoboConfig.cmake ${PROJECT_BINARY_DIR}/zoboConfigVersion.cmake
  DESTINATION ${package_dir})

file(RELATIVE_PATH pc_to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
set(pc_json)
if(ZOBO_JSON)
  set(pc_json jansson)
endif()
foreach(package zobo zobo-server)
  if(package STREQUAL zobo OR ZOBO_SERVER)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${package}.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endif()
endforeach()

if(TARGET zobo_man)
  install(DIRECTORY ${man_dir}/man3/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 FILES_MATCHING PATTERN "*.3")
endif()
if(TARGET zobo_cli_man)
  install(DIRECTORY ${man_dir}/man1/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
endif()
