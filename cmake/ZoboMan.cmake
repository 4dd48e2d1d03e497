# SPDX-License-Identifier: Apache-2.0
# Section 3 of the manual comes from the comments of the public headers. `man -M build/release/man zobo_get` reads it
# before it is installed.

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

# The command writes its own pages, from its table of commands.
if(TARGET zobo_cli AND NOT CMAKE_CROSSCOMPILING)
  set(cli_page ${man_dir}/man1/zobo.1)
  file(MAKE_DIRECTORY ${man_dir}/man1)
  add_custom_command(OUTPUT ${cli_page}
    COMMAND sh -c "exec \"$1\" help --man >\"$2\"" sh $<TARGET_FILE:zobo_cli> ${cli_page}
    COMMAND $<TARGET_FILE:zobo_cli> help --man-pages ${man_dir}/man1
    DEPENDS zobo_cli
    COMMENT "Writing zobo(1)" VERBATIM)
  add_custom_target(zobo_cli_man ALL DEPENDS ${cli_page})

  # So it does with the scripts by which shells complete its arguments.
  set(completion_dir ${PROJECT_BINARY_DIR}/completion)
  file(MAKE_DIRECTORY ${completion_dir})
  add_custom_command(OUTPUT ${completion_dir}/zobo ${completion_dir}/_zobo ${completion_dir}/zobo.fish
    COMMAND sh -c "cd \"$2\" && \"$1\" completion bash >zobo && \"$1\" completion zsh >_zobo && \"$1\" completion fish >zobo.fish"
      sh $<TARGET_FILE:zobo_cli> ${completion_dir}
    DEPENDS zobo_cli
    COMMENT "Writing completion scripts" VERBATIM)
  add_custom_target(zobo_cli_completion ALL
    DEPENDS ${completion_dir}/zobo ${completion_dir}/_zobo ${completion_dir}/zobo.fish)
endif()
