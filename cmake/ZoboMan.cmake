# SPDX-License-Identifier: Apache-2.0
# Section 3 of the manual comes from the comments of the public headers.

set(man_dir ${PROJECT_BINARY_DIR}/man)
set(man_stamp ${PROJECT_BINARY_DIR}/man.stamp)
if(public_headers AND NOT ZOBO_FUZZ)
  add_custom_command(OUTPUT ${man_stamp}
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/man --version ${PROJECT_VERSION} --out ${man_dir} ${public_headers}
    COMMAND ${CMAKE_COMMAND} -E touch ${man_stamp}
    DEPENDS ${public_headers} ${PROJECT_SOURCE_DIR}/scripts/man
    COMMENT "Writing the manual" VERBATIM)
  add_custom_target(zobo_man ALL DEPENDS ${man_stamp})
endif()
