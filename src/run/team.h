/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The team: the threads of a rank that work on queries, one OpenMP team that
 * lives as long as the rank.  The thread that opens it is worker 0:
 *
 *     team_open(team, threads, main, context)     #pragma omp parallel, once
 *         worker 0: main(context) ... team_run(team, job) ... returns
 *         others:   sleep <-> their share of each job
 *
 * Between jobs the others watch for some 30 us and then sleep on a condition, so
 * an idle team costs nothing and libgomp's own spinning is never reached.
 */
#ifndef SRC_RUN_TEAM_H
#define SRC_RUN_TEAM_H

#include <stdint.h>

typedef struct Team Team;

#define TEAM_THREADS_MAX 256

/* One share of a job; every worker 0..count-1 calls it once. */
typedef void TeamJob(void *context, int32_t worker);

/* Threads a rank should have; see engine_threads(). */
int32_t team_size(int32_t asked);
/* Ranks of this job that compute on this machine, as the MPI launcher tells; 1 if it does not. */
int32_t team_ranks_here(void);

/* Runs main(team, context) in the calling thread with a team of `threads`, and returns when it has. */
void team_open(int32_t threads, void (*main_)(Team *team, void *context), void *context);
int32_t team_threads(const Team *team); /* NULL: 1 */

/* By worker 0 only.  Runs job on workers 0..count-1 (count <= threads) and returns when all are done.
 * count 1, or team NULL: in the caller alone. */
void team_run(Team *team, int32_t count, TeamJob *job, void *context);

#endif
