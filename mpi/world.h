/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world: all ranks of one job.  Rank 0 leads.  In a world of one, rank 0
 * leads and computes; in a larger one the others compute:
 *
 *     size 1:  rank 0 = leader = compute node 0
 *     size 5:  rank 0 = leader, ranks 1..4 = compute nodes 0..3
 *
 * A compute node is always named by its index (0..world_compute_count-1),
 * never by its rank.  In a world of one nothing here touches MPI after start,
 * there is no pump thread, and commands, replies and exchanges loop back.
 *
 *     thread that works --+--> control frames --> doorbell (sockets) --> the other's pump
 *                         +--> data ----> pump thread --> MPI -------> the other's pump
 *
 * Local: does not wait for another rank.  Collective: every rank calls it.
 */
#ifndef MPI_WORLD_H
#define MPI_WORLD_H

#include "base/core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct World World;

#define LEADER_INDEX (-1) /* where a compute index is asked for: the leader */

/* Collective.  Starts MPI (works without mpirun too: a world of one), joins
 * the doorbells, starts the pump.  Call once, from main, before threads. */
Error *world_start(World **out, int *argc, char ***argv) MUST_USE;

/* Collective.  The leader tells the compute nodes to stop (command_wait gives
 * COMMAND_STOP there), which then call world_stop too.  Waits up to 8 s for
 * them.  Frees `world` in any case.  An error means that MPI could not be
 * ended in order: exit the process with a nonzero code then. */
Error *world_stop(World *world) MUST_USE;

/* Local. */
int32_t world_rank(const World *world);
int32_t world_size(const World *world);
bool world_is_leader(const World *world);
int32_t world_compute_count(const World *world);
int32_t world_compute_rank(const World *world, int32_t compute); /* rank of a compute node */
int32_t world_compute_index(const World *world); /* of this rank; LEADER_INDEX on a leader that does not compute */
const char *world_host(const World *world, int32_t rank); /* leader only knows all; borrowed */
int64_t world_pid(const World *world, int32_t rank);

/* Collective, once or more often, before any command: every rank gives
 * `length` bytes about itself (cores, ISA...), the leader gets them all, by
 * rank.  *blobs_out: array of world_size, *lengths_out likewise; both owned by
 * the world, NULL on other ranks.  Waits up to 60 s: 08006. */
Error *world_gather(World *world, const void *blob, size_t length, const void *const **blobs_out,
                    const size_t **lengths_out) MUST_USE;

/* Local.  08006 if a rank has died or the network broke, else NULL.  Once it
 * has failed every wait in this room returns that error at once. */
Error *world_check(World *world) MUST_USE;
bool world_failed(const World *world); /* one atomic load */

/* Local.  Pump CPU and traffic so far, for tests and system views. */
typedef struct WorldCounters
{
    int64_t sent_bytes;
    int64_t sent_messages;
    int64_t received_bytes;
    int64_t received_messages;
    int64_t pump_turns; /* rounds of the pump that asked MPI */
} WorldCounters;
void world_counters(const World *world, WorldCounters *out);

#endif
