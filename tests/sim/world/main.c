/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program's scenarios: seeds under random faults, then a small run for each frame and each fault at that frame,
 * and for each allocation that fails.
 *
 *   SIM_SEEDS     how many seeds under random faults for each scenario (default 100; under a sanitizer, which is ten
 *                 times slower, 15; with ZOBO_SOAK ten times more)
 *   SIM_FIRST     where to begin (default 1)
 *   SIM_SEED      just this one, under each profile, or as SIM_PROFILE or SIM_PLAN says
 *   SIM_SCENARIO  only this scenario
 *   SIM_PROFILE   only this profile
 *   SIM_PLAN      only this plan ("CUT_ANSWER"), or only at that frame ("CUT_ANSWER:17")
 *   SIM_STEPS     at how many frames at most each plan is tried (default 60, spread over all; 15; 0: at every one)
 *   --trace       print every event of the runs */
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEFAULT_SEEDS = 15, DEFAULT_STEPS = 15 };
#else
enum { DEFAULT_SEEDS = 100, DEFAULT_STEPS = 60 };
#endif
enum { MAX_BROKEN = 3 };

typedef struct tally {
    unsigned long runs, broken, random, planned;
    uint64_t events;
    bool print;
} tally;

static unsigned long long
number(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);
    return text && text[0] ? strtoull(text, NULL, 0) : otherwise;
}

static const char *
word(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] ? text : NULL;
}

static bool
wanted(const char *variable, const char *name)
{
    const char *only = word(variable);
    size_t n = only ? strcspn(only, ":") : 0;
    return !only || (strlen(name) == n && memcmp(only, name, n) == 0);
}

static wcounts
one(tally *t, const wrun *run)
{
    wcounts counts;
    t->runs++;
    t->broken += !world_run(run, &counts);
    t->events += counts.events;
    return counts;
}

/* The same seed gives the same run. */
static void
compare(tally *t, const wrun *run)
{
    wcounts a = one(t, run), b = one(t, run);
    if (!t->broken && (a.hash != b.hash || a.events != b.events)) {
        (void)fprintf(stderr, "BROKEN: seed %llu of %s gives one run and then another\n", (unsigned long long)run->seed,
                      run->sc->name);
        t->broken++;
    }
}

static void
random_runs(tally *t, const scenario *sc)
{
    unsigned long long chosen = number("SIM_SEED", 0), first = chosen ? chosen : number("SIM_FIRST", 1);
    unsigned long long seeds = number("SIM_SEEDS", getenv("ZOBO_SOAK") ? 10 * DEFAULT_SEEDS : DEFAULT_SEEDS);
    unsigned long long last = chosen ? chosen : first + seeds - 1;
    for (unsigned long long seed = first; seed <= last && t->broken < MAX_BROKEN; seed++)
        for (size_t i = 0; i < world_n_profiles; i++) {
            /* A seed runs under one profile, unless it is asked for by name. */
            if (!wanted("SIM_PROFILE", world_profiles[i].name) ||
                (!chosen && !word("SIM_PROFILE") && seed % world_n_profiles != i))
                continue;
            wrun run = {.seed = seed, .sc = sc, .profile = &world_profiles[i], .print = t->print};
            t->random++;
            if (seed == first && !chosen)
                compare(t, &run);
            else
                (void)one(t, &run);
        }
}

static void
planned_runs(tally *t, const scenario *sc)
{
    unsigned long long seed = number("SIM_SEED", 1), most = number("SIM_STEPS", DEFAULT_STEPS);
    const char *plan = word("SIM_PLAN"), *colon = plan ? strchr(plan, ':') : NULL;
    unsigned long long only = colon ? strtoull(colon + 1, NULL, 0) : 0;
    wrun run = {.seed = seed, .sc = sc, .profile = &world_profiles[0], .small = true, .print = t->print && !plan};
    wcounts counts = one(t, &run);
    run.print = t->print;
    for (int p = PLAN_NONE + 1; p < N_PLANS && t->broken < MAX_BROKEN; p++) {
        const uint64_t numbers[] = {counts.requests, counts.answers, counts.allocations};
        uint64_t frames = numbers[world_plan_when((wplan)p)];
        uint64_t stride = most && frames > most ? (frames + most - 1) / most : 1;
        if (!wanted("SIM_PLAN", world_plan_name((wplan)p)) ||
            (!sc->abandon && (p == PLAN_ABANDON_REQUEST || p == PLAN_ABANDON_ANSWER)) ||
            (!sc->bears_oom && p == PLAN_OOM))
            continue;
        run.plan = (wplan)p;
        /* Not always the same frames where not all are tried. */
        for (uint64_t at = 1 + (uint64_t)p % stride; at <= frames && t->broken < MAX_BROKEN; at += stride) {
            run.plan_at = only ? only : at;
            t->planned++;
            (void)one(t, &run);
            if (only)
                break;
        }
    }
}

int
main(int argc, char **argv)
{
    tally t = {.print = argc > 1 && strcmp(argv[1], "--trace") == 0};
    for (size_t i = 0; i < world_n_scenarios && t.broken < MAX_BROKEN; i++) {
        const scenario *sc = &world_scenarios[i];
        if (!wanted("SIM_SCENARIO", sc->name))
            continue;
        tally before = t;
        if (!word("SIM_PLAN"))
            random_runs(&t, sc);
        if (!word("SIM_PROFILE"))
            planned_runs(&t, sc);
        printf("%s: %lu seeds, %lu runs with a fault at one frame, %llu events, %lu broken\n", sc->name,
               t.random - before.random, t.planned - before.planned, (unsigned long long)(t.events - before.events),
               t.broken - before.broken);
    }
    if (t.runs == 0)
        (void)fprintf(stderr, "no such scenario\n");
    return t.broken || t.runs == 0 ? 1 : 0;
}
