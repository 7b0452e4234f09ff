/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease keeps a second job away from a warehouse: DIR/lease, made by
 * exclusive create, with who holds it.
 *
 *     host = node17
 *     pid = 4711
 *     job = 88123              Slurm's job id, if any
 *     boot = 3f2a...           of the host: a reboot ends all its processes
 *     started = 1700000000
 *     token = 9c0d...          this holder and no other
 *
 * A lease of a process that is dead is taken over: one of this host whose pid
 * is gone (or another program, or from before a reboot), or one of the same
 * Slurm job, restarted.  No flock: parallel file systems may lack it.
 */
#ifndef SRC_LEADER_LEASE_H
#define SRC_LEADER_LEASE_H

#include "base/core/text.h"

typedef struct Lease Lease;

typedef struct LeaseHolder
{
    char *host;
    int64_t pid;
    char *job;  /* "" = none */
    char *boot;
    int64_t started; /* seconds since 1970 */
    int64_t process_start; /* clock ticks since boot, tells a reused pid apart */
    char *token;
} LeaseHolder;

/* 55006 naming the holder if another job has the warehouse. The lease lives in `arena`. */
Error *lease_take(Arena *arena, const char *directory, Lease **out) MUST_USE;
/* 55006 if somebody else has taken it over meanwhile: nothing may be committed then. */
Error *lease_check(const Lease *lease) MUST_USE;
void lease_release(Lease *lease); /* removes it if it is still ours; NULL is fine */

/* Who holds it; *out NULL: nobody. */
Error *lease_read(Arena *arena, const char *directory, LeaseHolder **out) MUST_USE;
/* What can be said from here: true: its process is surely gone. */
bool lease_holder_is_dead(const LeaseHolder *holder);

#endif
