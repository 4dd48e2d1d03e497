/* SPDX-License-Identifier: Apache-2.0 */
/* A session driven by a program of bytes: submit, answer, break, wait, forget, run out of memory, in any order. The
 * interpreter plays driver and server, mostly well, and after each step checks what must hold whatever happens; it
 * aborts when something does not. For the fuzzer and for the random test. */
#ifndef ZT_PROGRAM_H
#define ZT_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

void zt_session_program(const uint8_t *data, size_t n);

#endif
