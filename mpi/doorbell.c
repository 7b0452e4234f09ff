/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on sockets that never block.  How the sockets came to be is in doorbell_join.c. */
#include "mpi/doorbell.h"

#include "mpi/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FRAMES_A_TURN_MAX 64 /* so that one peer cannot keep the pump from the others */

static void peer_out_append(Peer *peer, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    if (peer->out_at > 0 && peer->out_at == peer->out_length)
        peer->out_at = peer->out_length = 0;
    if (peer->out_length + length > peer->out_capacity)
    {
        size_t capacity = (peer->out_length + length) * 2;
        uint8_t *grown = realloc(peer->out, capacity);
        ASSERT(grown != NULL);
        peer->out = grown;
        peer->out_capacity = capacity;
    }
    memcpy(peer->out + peer->out_length, bytes, length);
    peer->out_length += length;
}

/* Writes as much as goes; returns the count, or -1 if the peer is gone. */
static ssize_t socket_write(int fd, const struct iovec *parts, size_t part_count)
{
    struct msghdr message = {.msg_iov = (struct iovec *) parts, .msg_iovlen = part_count};
    for (;;)
    {
        ssize_t wrote = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (wrote >= 0)
            return wrote;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return -1;
    }
}

static void peer_lost(World *world, int32_t rank)
{
    if (rank == 0)
        world_fail(world, "the leader is gone");
    else
        world_fail(world, "compute node %d (rank %d, %s, pid %lld) is gone", rank - 1, rank, world_host(world, rank),
                   (long long) world_pid(world, rank));
}

void doorbell_send(World *world, int32_t rank, Frame *frame, const void *body)
{
    Peer *peer = &world->peers[rank];
    bool by_mpi = frame->length > FRAME_INLINE_MAX;
    size_t body_length = by_mpi ? 0 : (size_t) frame->length;
    bool broken = false;
    frame->magic = FRAME_MAGIC;
    pthread_mutex_lock(&peer->lock);
    if (peer->fd < 0)
    {
        pthread_mutex_unlock(&peer->lock);
        return;
    }
    size_t wrote = 0;
    if (peer->out_at == peer->out_length)
    {
        struct iovec parts[2] = {{frame, sizeof *frame}, {(void *) body, body_length}};
        ssize_t count = socket_write(peer->fd, parts, body_length > 0 ? 2 : 1);
        broken = count < 0;
        wrote = count < 0 ? 0 : (size_t) count;
    }
    if (!broken && wrote < sizeof *frame)
    {
        peer_out_append(peer, (uint8_t *) frame + wrote, sizeof *frame - wrote);
        peer_out_append(peer, body, body_length);
    }
    else if (!broken && wrote < sizeof *frame + body_length)
        peer_out_append(peer, (const uint8_t *) body + (wrote - sizeof *frame), body_length - (wrote - sizeof *frame));
    bool waits = peer->out_at < peer->out_length;
    atomic_store(&peer->out_waits, waits);
    if (by_mpi)
    {
        void *copy = malloc(frame->length);
        ASSERT(copy != NULL);
        memcpy(copy, body, frame->length);
        pump_send_body(world, rank, copy, frame->length); /* inside the lock: bodies follow in the order of their frames */
    }
    pthread_mutex_unlock(&peer->lock);
    if (broken && !atomic_load(&world->stopping))
        peer_lost(world, rank);
    if (waits)
        pump_wake(world);
}

void doorbell_flush(World *world, int32_t rank)
{
    Peer *peer = &world->peers[rank];
    pthread_mutex_lock(&peer->lock);
    struct iovec part = {peer->out + peer->out_at, peer->out_length - peer->out_at};
    ssize_t wrote = part.iov_len > 0 && peer->fd >= 0 ? socket_write(peer->fd, &part, 1) : 0;
    if (wrote > 0)
        peer->out_at += (size_t) wrote;
    if (peer->out_at == peer->out_length)
        peer->out_at = peer->out_length = 0;
    atomic_store(&peer->out_waits, peer->out_length > 0 && wrote >= 0);
    pthread_mutex_unlock(&peer->lock);
    if (wrote < 0 && !atomic_load(&world->stopping))
        peer_lost(world, rank);
}

/* Reads up to length - *got bytes.  1: all are there, 0: not yet, -1: end of file or broken. */
static int socket_fill(int fd, void *bytes, size_t length, size_t *got)
{
    while (*got < length)
    {
        ssize_t count = recv(fd, (uint8_t *) bytes + *got, length - *got, MSG_DONTWAIT);
        if (count > 0)
            *got += (size_t) count;
        else if (count == 0)
            return -1;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        else if (errno != EINTR)
            return -1;
    }
    return 1;
}

static void peer_frame_done(World *world, int32_t rank)
{
    Peer *peer = &world->peers[rank];
    Frame frame = peer->frame;
    void *body = peer->body;
    peer->frame_got = peer->body_got = 0;
    peer->body = NULL;
    if (frame.kind == FRAME_GOODBYE)
        peer->goodbye = true;
    control_frame(world, rank, &frame, body);
}

void doorbell_hangup(World *world, int32_t rank)
{
    Peer *peer = &world->peers[rank];
    pthread_mutex_lock(&peer->lock);
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    atomic_store(&peer->out_waits, false);
    pthread_mutex_unlock(&peer->lock);
    if (!peer->goodbye && !atomic_load(&world->stopping))
        peer_lost(world, rank);
}

/* A frame's head is whole: makes room for its body.  False: nonsense was said. */
static bool peer_frame_begin(World *world, int32_t rank)
{
    Peer *peer = &world->peers[rank];
    if (peer->frame.magic != FRAME_MAGIC || peer->frame.length > COMMAND_BYTES_MAX)
    {
        world_fail(world, "rank %d broke the doorbell's protocol", rank);
        return false;
    }
    peer->body = malloc(peer->frame.length + 1);
    if (peer->body == NULL)
    {
        world_fail(world, "no memory for a message of %llu bytes", (unsigned long long) peer->frame.length);
        return false;
    }
    peer->body[peer->frame.length] = 0;
    peer->body_got = 0;
    return true;
}

bool doorbell_read(World *world, int32_t rank)
{
    Peer *peer = &world->peers[rank];
    for (int32_t n = 0; n < FRAMES_A_TURN_MAX && peer->fd >= 0 && !peer->body_by_mpi; n++)
    {
        bool begins = peer->frame_got < sizeof peer->frame;
        int state = begins ? socket_fill(peer->fd, &peer->frame, sizeof peer->frame, &peer->frame_got) : 1;
        if (state == 1 && begins)
        {
            if (!peer_frame_begin(world, rank))
                return true;
            if (peer->frame.length > FRAME_INLINE_MAX)
            {
                peer->body_by_mpi = true;
                pump_receive_body(world, rank, peer->body, peer->frame.length);
                return true;
            }
        }
        if (state == 1)
            state = socket_fill(peer->fd, peer->body, peer->frame.length, &peer->body_got);
        if (state == -1)
            doorbell_hangup(world, rank);
        if (state != 1)
            return n > 0;
        peer_frame_done(world, rank);
    }
    return true;
}

void doorbell_body_done(World *world, int32_t rank)
{
    world->peers[rank].body_by_mpi = false;
    peer_frame_done(world, rank);
}

void doorbell_close(World *world)
{
    for (int32_t i = 0; i < world->size && world->peers != NULL; i++)
    {
        Peer *peer = &world->peers[i];
        if (peer->fd >= 0)
            close(peer->fd);
        peer->fd = -1;
        free(peer->out);
        free(peer->body);
        peer->out = peer->body = NULL;
        pthread_mutex_destroy(&peer->lock);
    }
    free(world->peers);
    world->peers = NULL;
}
