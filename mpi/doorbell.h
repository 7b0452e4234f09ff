/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells: one socket between the leader and each compute node.  An idle rank
 * sleeps in poll() on it, so that it costs no CPU and still answers at once.
 * Control frames travel on it; bodies beyond FRAME_INLINE_MAX follow by MPI.
 *
 *     all ranks on one host and network namespace: a Unix socket, abstract name
 *     else: TCP to the leader's addresses, a port the system chooses
 *
 * A random secret of 16 bytes, handed out by MPI, must be the first thing said on it.
 * End of file without a goodbye means that the peer died.  Private to mpi/.
 */
#ifndef MPI_DOORBELL_H
#define MPI_DOORBELL_H

#include "mpi/room.h"

/* Collective, before the pump runs.  Fills world->facts and world->peers. */
Error *doorbell_join(World *world) MUST_USE;
void doorbell_close(World *world);

/* Local, thread-safe, never waits: what the socket does not take is written later by the pump.
 * `body` (frame->length bytes) is copied.  A broken socket fails the world. */
void doorbell_send(World *world, int32_t rank, Frame *frame, const void *body);

/* Pump only: reads whole frames and gives them to control_frame(). Returns true if any came. */
bool doorbell_read(World *world, int32_t rank);
/* Pump only: writes what waits. */
void doorbell_flush(World *world, int32_t rank);
/* Pump only: the socket is dead. */
void doorbell_hangup(World *world, int32_t rank);
/* Pump only: the body that came by MPI is whole. */
void doorbell_body_done(World *world, int32_t rank);

#endif
