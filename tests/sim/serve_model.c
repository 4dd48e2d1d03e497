/* SPDX-License-Identifier: Apache-2.0 */
/* The model serves: what is tried out is the client. */
#include "sim/sim.h"

/* clang-format off */
const profile sim_profiles[] = {
    /* name     every latency spread  long   reset  dead stall  part refuse names  door crash  wipe expire freeze
     * garbage flap   cut  ronly   oom */
    {"calm",         0,   300,   2000, false, {0,    0,    0,    0,     0,    0,    0,    0,    0,     0,     0,     0,    0,    0,    0,    0}},
    {"lossy",     1500,   500,  20000, false, {8,    1,    3,    0,     2,    2,    0,    0,    0,     0,     1,     0,    0,    5,    0,    0}},
    {"partitions",4000,  2000,  30000, false, {1,    4,    5,    6,     0,    1,    0,    0,    0,     0,     1,     0,    0,    0,    0,    0}},
    {"crashes",   5000,   300,   5000, false, {1,    0,    0,    0,     1,    0,    5,    4,    0,     0,     0,     0,    2,    2,    0,    0}},
    {"wipes",     9000,   300,   5000, false, {2,    0,    0,    0,     0,    0,    2,    2,    2,     0,     0,     0,    0,    1,    0,    0}},
    {"expiry",    3000,  1000,  10000, false, {2,    2,    0,    3,     0,    0,    0,    0,    0,     8,     3,     0,    0,    0,    0,    0}},
    {"garbage",   2000,   500,   3000, false, {2,    0,    2,    0,     0,    0,    0,    0,    0,     0,     0,     5,    3,    0,    0,    0}},
    {"oom",       1500,   500,   5000, false, {3,    0,    0,    0,     0,    0,    0,    0,    0,     1,     0,     0,    0,    0,    0,    8}},
    {"longpaths", 2500,   500,   5000, true,  {6,    1,    1,    0,     0,    0,    0,    0,    0,     0,     0,     0,    0,    6,    0,    0}},
    {"readonly",  3000,   500,   8000, false, {2,    0,    1,    0,     0,    0,    1,    0,    0,     1,     0,     0,    0,    0,    4,    0}},
    {"all",       2000,   500,  20000, false, {3,    1,    2,    2,     1,    1,    1,    1,    0,     1,     1,     1,    1,    1,    1,    1}},
};
/* clang-format on */
const size_t sim_n_profiles = sizeof sim_profiles / sizeof sim_profiles[0];

void
serve_begin(sim *s)
{
    (void)s;
}

void
serve_end(sim *s)
{
    (void)s;
}

void
serve_flushed(sim *s, mconn *conn)
{
    (void)s, (void)conn;
}

void
serve_fault(sim *s, fault kind)
{
    (void)s, (void)kind;
}

void
serve_heal(sim *s)
{
    (void)s;
}

const char serve_program[] = "sim_session";
