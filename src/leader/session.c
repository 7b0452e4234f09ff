/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection: see session.h. */
#include "src/leader/record.h"
#include "base/core/assert.h"
#include "base/core/trace.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


int64_t session_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - EPOCH_2000_SECONDS) * INT64_C(1000000) + now.tv_nsec / 1000;
}

Session *session_new(Leader *leader, int fd)
{
    Session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->leader = leader;
    session->fd = fd;
    session->arena = arena_new("session");
    session->status = SESSION_IDLE;
    session->start_time = session_clock();
    session->login_deadline_us = clock_us() + leader->config->login_timeout_s * INT64_C(1000000);
    wire_init(&session->wire, fd);
    int on = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return session;
}

void session_discard(Session *session)
{
    wire_free(&session->wire);
    close(session->fd);
    arena_free(session->arena);
    free(session);
}

/* A last word; the connection ends. */
static void session_fatal(Session *session, Error *error)
{
    session->closing = true;
    if (error->state != SQLSTATE_CONNECTION_FAILURE)
    {
        wire_report(&session->wire, WIRE_FATAL, error);
        error_free(wire_flush(&session->wire));
    }
    if (error->state == SQLSTATE_INVALID_PASSWORD || error->state == SQLSTATE_PROTOCOL_VIOLATION)
        trace(TRACE_LOG, "connection refused: %s", error->message);
    error_free(error);
}

/* --- messages --------------------------------------------------------------------- */
/* 'F': not there; unlike the extended protocol's it is answered at once. */
static Error *refuse_function_call(Session *session)
{
    Error *refusal = error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "function calls by message are not supported"),
                                "Use SELECT with the function.");
    query_failed(session, refusal);
    wire_ready(&session->wire, (char) session->status);
    return wire_flush(&session->wire);
}

static Error *message_run(Session *session, uint8_t type, WireReader *payload)
{
    if (session->skipping && type != 'S' && type != 'X')
        return NULL;
    switch (type)
    {
    case 'Q':
    {
        const char *text = wire_get_string(payload);
        TRY(wire_get_done(payload));
        query_run(session, text);
        return NULL;
    }
    case 'X':
        session->closing = true;
        return NULL;
    case 'P':
    case 'B':
    case 'D':
    case 'E':
    case 'C':
        query_message(session, type, payload);
        return NULL;
    case 'F':
        return refuse_function_call(session);
    case 'S':
        TRY(wire_get_done(payload));
        query_sync(session);
        return NULL;
    case 'H':
        return wire_flush(&session->wire);
    case 'd': /* what is left of a COPY that failed */
    case 'c':
    case 'f':
        return NULL;
    default:
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "invalid frontend message type %d", type);
    }
}

static Error *session_serve(Session *session)
{
    while (!session->closing)
    {
        uint8_t type;
        WireReader payload;
        if (atomic_load(&session->leader->stopping))
            return error_new(SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
        TRY(wire_read(&session->wire, &type, &payload));
        if (type != 0)
            TRY(message_run(session, type, &payload));
        else if (!atomic_load(&session->leader->stopping)) /* then the server has shut the socket itself */
            session->closing = true;
    }
    return NULL;
}

void *session_main(void *context)
{
    Session *session = context;
    bool served = false;
    Error *error = startup_run(session, &served);
    if (error == NULL && served)
        error = session_serve(session);
    if (error != NULL)
        session_fatal(session, error);
    session_rollback(session);
    portals_drop_all(session);
    record_session_end(session);
    object_forget_temporary(session);
    prepare_forget_all(session);
    sessions_remove(session);
    session_discard(session);
    return NULL;
}
