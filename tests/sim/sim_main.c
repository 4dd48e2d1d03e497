/* SPDX-License-Identifier: Apache-2.0 */
/* Runs seeds, each under one of the profiles.
 *
 *   SIM_SEEDS    how many (default 300; under a sanitizer, which is ten times slower, 30; with ZOBO_SOAK ten times more)
 *   SIM_SEED     just this one (with SIM_PROFILE, or under each profile)
 *   SIM_FIRST    where to begin (default 1)
 *   SIM_PROFILE  only this profile
 *   --trace      print every event of the run */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 30 };
#else
enum { DEFAULT_SEEDS = 300 };
#endif

static unsigned long long
number(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);
    return text && text[0] ? strtoull(text, NULL, 0) : otherwise;
}

static bool
wanted(const profile *p)
{
    const char *only = getenv("SIM_PROFILE");
    return !only || !only[0] || strcmp(only, p->name) == 0;
}

int
main(int argc, char **argv)
{
    bool print = argc > 1 && strcmp(argv[1], "--trace") == 0;
    unsigned long long one = number("SIM_SEED", 0), first = one ? one : number("SIM_FIRST", 1);
    unsigned long long seeds = number("SIM_SEEDS", getenv("ZOBO_SOAK") ? 10 * DEFAULT_SEEDS : DEFAULT_SEEDS);
    unsigned long long last = one ? one : first + seeds - 1;
    unsigned long runs = 0, broken = 0;
    uint64_t events = 0;
    for (unsigned long long seed = first; seed <= last && broken < 5; seed++)
        for (size_t i = 0; i < sim_n_profiles; i++) {
            /* A seed runs under one profile, unless it is asked for by name. */
            if (!wanted(&sim_profiles[i]) || (!one && !getenv("SIM_PROFILE") && seed % sim_n_profiles != i))
                continue;
            runs++;
            broken += !sim_run(seed, &sim_profiles[i], print, &events);
        }
    printf("%lu runs, %llu events, %lu broken\n", runs, (unsigned long long)events, broken);
    if (runs == 0)
        fprintf(stderr, "no such profile\n");
    return broken || runs == 0 ? 1 : 0;
}
