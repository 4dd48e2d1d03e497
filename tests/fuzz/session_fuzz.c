/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "support/program.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zt_session_program(data, size);
    return 0;
}
