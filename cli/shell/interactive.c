/* SPDX-License-Identifier: Apache-2.0 */
#include "shell.h"
int
run_interactive(struct ctx *ctx)
{
    (void)ctx;
    return 0;
}
void
listen_to(struct shell *shell)
{
    (void)shell;
}
