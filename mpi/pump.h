/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pump: the one thread of a rank that calls MPI.  While messages are under
 * way it asks MPI, at first without pause, then with naps that grow; with
 * nothing under way it sleeps in poll() on the doorbell.
 *
 *     awake:  sends or receives pending, or an exchange open whose senders have not all finished
 *     asleep: else; woken by its own rank's threads (eventfd) or by a frame on the doorbell
 *
 * Private to mpi/.
 */
#ifndef MPI_PUMP_H
#define MPI_PUMP_H

#include "mpi/room.h"

Error *pump_start(World *world) MUST_USE;
void pump_stop(World *world); /* joins the thread; pending sends get 2 s */

/* What a message is; also its MPI tag. */
typedef enum PumpTag
{
    PUMP_TAG_BODY = 1, /* body of a control frame that is too long for the doorbell */
    PUMP_TAG_DATA = 2  /* exchange: data, end of stream, credit: see MessageHeader */
} PumpTag;

/* Local, thread-safe: the block starts with its MessageHeader; the pump drops one hold of it when sent. */
void pump_send(World *world, int32_t rank, Block *block);
/* Local, thread-safe: body of a frame, owned by the pump from here (free()). */
void pump_send_body(World *world, int32_t rank, void *bytes, size_t length);
/* Pump thread only: the body announced by a frame; doorbell_body_done() when it is whole. */
void pump_receive_body(World *world, int32_t rank, void *bytes, size_t length);
void pump_wake(World *world);

#endif
