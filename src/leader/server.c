/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   signalfd ─┐
 *   wakefd   ─┼─ poll ─> accept ─> a thread a session
 *   listener ─┘      └─> deadlines of statements, clients gone, health of the world (every second)
 *
 * SIGTERM and SIGINT are blocked in all threads and read here.
 */
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "src/leader/auth.h"
#include "src/leader/merge.h"
#include "src/leader/server.h"
#include "src/leader/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTEN_BACKLOG 128
#define LOGINS_MAX 64          /* connections that are not sessions yet, and cancel requests */
#define TICK_MS 1000           /* how often the world's health is looked at */
#define DEADLINE_TICK_MS 20    /* while a statement has a deadline */
#define STOP_POLITE_MS 5000    /* for queries to end and clients to be told */
#define STOP_FORCED_MS 2000    /* after their sockets were shut */
#define CANCEL_REPEAT_MS 50
#define CANCEL_REPEATS 40

/* --- listening ------------------------------------------------------------------- */
static Error *listen_failed(const Config *config, const char *what)
{
    int reason = errno;
    Error *error = error_new(SQLSTATE_IO_ERROR, "could not %s %s port %d: %s", what, config->listen_address, config->port,
                             strerror(reason));
    if (reason == EADDRINUSE)
        return error_hint(error, "Another program listens there. Choose another port with -p, or 0 for any free one.");
    if (reason == EACCES)
        return error_hint(error, "Ports below 1024 are for root; choose a higher one with -p.");
    return error;
}

Error *server_listen(const Config *config, int *out, int32_t *port)
{
    bool six = strchr(config->listen_address, ':') != NULL;
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return listen_failed(config, "make a socket for");
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t) config->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) config->port)};
    inet_pton(six ? AF_INET6 : AF_INET, config->listen_address, six ? (void *) &v6.sin6_addr : (void *) &v4.sin_addr);
    struct sockaddr *address = six ? (struct sockaddr *) &v6 : (struct sockaddr *) &v4;
    socklen_t length = six ? sizeof v6 : sizeof v4;
    int on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, length) != 0 || listen(fd, LISTEN_BACKLOG) != 0 || getsockname(fd, address, &length) != 0)
    {
        Error *error = listen_failed(config, "listen on");
        close(fd);
        return error;
    }
    *port = ntohs(six ? v6.sin6_port : v4.sin_port);
    *out = fd;
    return NULL;
}

/* --- registry -------------------------------------------------------------------- */
bool session_register(Leader *leader, Session *session)
{
    pthread_mutex_lock(&leader->lock);
    bool room = leader->session_count < leader->config->max_connections + LOGINS_MAX;
    if (room)
    {
        session->next = leader->sessions;
        leader->sessions = session;
        leader->session_count++;
        session->process = ++leader->next_process;
    }
    pthread_mutex_unlock(&leader->lock);
    return room;
}

Error *sessions_add(Session *session)
{
    Leader *leader = session->leader;
    TRY(auth_random(&session->secret, sizeof session->secret));
    int32_t admitted = 0, same_user = 0;
    pthread_mutex_lock(&leader->lock);
    for (Session *other = leader->sessions; other != NULL; other = other->next)
    {
        admitted += other->admitted;
        same_user += other->admitted && other->user_id == session->user_id;
    }
    bool room = session->connection_limit < 0 || same_user < session->connection_limit;
    session->admitted = room && admitted < leader->config->max_connections;
    pthread_mutex_unlock(&leader->lock);
    if (!room)
        return error_new(SQLSTATE_TOO_MANY_CONNECTIONS, "too many connections for user \"%s\"", session->user);
    if (!session->admitted)
        return error_hint(error_new(SQLSTATE_TOO_MANY_CONNECTIONS, "sorry, too many clients already"),
                          "max_connections in stoa.conf is %d.", leader->config->max_connections);
    return NULL;
}

void sessions_remove(Session *session)
{
    Leader *leader = session->leader;
    pthread_mutex_lock(&leader->lock);
    Session **link = &leader->sessions;
    while (*link != NULL && *link != session)
        link = &(*link)->next;
    ASSERT(*link == session);
    *link = session->next;
    leader->session_count--;
    pthread_cond_broadcast(&leader->session_ended);
    pthread_mutex_unlock(&leader->lock);
}

void session_interrupt(Session *session)
{
    atomic_store(&session->cancelled, true);
    uint64_t query = atomic_load(&session->query);
    if (query != 0)
        engine_cancel(session->leader->engine, query);
}

static void sleep_ms(int64_t ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

/* A cancel may come just before the engine knows the query: so it is repeated while the same one runs. */
void sessions_cancel(Leader *leader, uint32_t process, uint32_t secret)
{
    uint64_t first = 0;
    for (int32_t i = 0; i < CANCEL_REPEATS; i++)
    {
        bool again = false;
        pthread_mutex_lock(&leader->lock);
        for (Session *session = leader->sessions; session != NULL; session = session->next)
        {
            if (session->process != process || !session->admitted || session->secret != secret)
                continue;
            uint64_t query = atomic_load(&session->query);
            if (i == 0)
                first = query;
            if (i == 0 || (query != 0 && query == first))
                session_interrupt(session);
            again = query != 0 && query == first;
        }
        pthread_mutex_unlock(&leader->lock);
        if (!again)
            return;
        sleep_ms(CANCEL_REPEAT_MS);
    }
}

/* Under lock.  A statement whose client is gone would go on for nobody, and others wait for its turn to end. */
static void cancel_if_gone(Session *session)
{
    struct pollfd polled = {.fd = session->fd, .events = POLLRDHUP};
    if (atomic_load(&session->query) != 0 && poll(&polled, 1, 0) > 0)
        session_interrupt(session);
}

/* Under lock.  Shutting wakes its thread wherever it waits for the client. */
static void shut_if_late(Session *session, int64_t now)
{
    if (!session->admitted && now >= session->login_deadline_us)
        shutdown(session->fd, SHUT_RDWR);
}

/* Cancels what has run out of time or has no client any more; says how long poll may sleep. */
static int deadlines_pass(Leader *leader)
{
    int wait_ms = TICK_MS;
    int64_t now = clock_us();
    pthread_mutex_lock(&leader->lock);
    for (Session *session = leader->sessions; session != NULL; session = session->next)
    {
        cancel_if_gone(session);
        shut_if_late(session, now);
        int64_t deadline = atomic_load(&session->deadline_us);
        if (deadline == 0)
            continue;
        wait_ms = DEADLINE_TICK_MS;
        if (now < deadline)
            continue;
        atomic_store(&session->timed_out, true);
        uint64_t query = atomic_load(&session->query);
        if (query != 0)
            engine_cancel(leader->engine, query);
    }
    pthread_mutex_unlock(&leader->lock);
    return wait_ms;
}

void server_wake(Leader *leader)
{
    uint64_t one = 1;
    ssize_t ignored = write(leader->wake_fd, &one, sizeof one);
    (void) ignored; /* full: it is awake */
}

/* --- threads -------------------------------------------------------------------- */
Error *session_thread(Session *session, void *(*main)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SESSION_STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, main, session);
    pthread_attr_destroy(&attributes);
    if (failed == 0)
        return NULL;
    sessions_remove(session);
    session_discard(session);
    return error_new(SQLSTATE_OUT_OF_MEMORY, "could not start a session thread: %s", strerror(failed));
}

/* --- accepting -------------------------------------------------------------------- */
static void session_start(Leader *leader, int fd)
{
    Session *session = session_new(leader, fd);
    if (session == NULL || !session_register(leader, session))
    {
        trace(TRACE_WARNING, "connection refused: %d are open", leader->session_count);
        if (session != NULL)
            session_discard(session);
        else
            close(fd);
        return;
    }
    Error *error = session_thread(session, session_main);
    if (error != NULL)
        trace(TRACE_WARNING, "%s", error->message);
    error_free(error);
}

static void accept_one(Leader *leader, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        session_start(leader, fd);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
        sleep_ms(100); /* nothing else helps until somebody leaves */
}

/* --- stopping ---------------------------------------------------------------------- */
static bool sessions_gone(Leader *leader, int how, int64_t wait_ms)
{
    int64_t end = clock_us() + wait_ms * 1000;
    bool gone = false;
    while (!gone && clock_us() < end)
    {
        pthread_mutex_lock(&leader->lock);
        for (Session *session = leader->sessions; session != NULL; session = session->next)
        {
            session_interrupt(session);
            shutdown(session->fd, how);
        }
        gone = leader->session_count == 0;
        if (!gone)
        {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += CANCEL_REPEAT_MS * 1000000L;
            until.tv_sec += until.tv_nsec / 1000000000L;
            until.tv_nsec %= 1000000000L;
            pthread_cond_timedwait(&leader->session_ended, &leader->lock, &until);
            gone = leader->session_count == 0;
        }
        pthread_mutex_unlock(&leader->lock);
    }
    return gone;
}

static bool sessions_stop(Leader *leader)
{
    atomic_store(&leader->stopping, true);
    merger_wake(leader);
    return sessions_gone(leader, SHUT_RD, STOP_POLITE_MS) || sessions_gone(leader, SHUT_RDWR, STOP_FORCED_MS);
}

/* --- the loop ------------------------------------------------------------------------ */
static Error *serve(Leader *leader, int listener, int signals)
{
    int wait_ms = TICK_MS;
    for (;;)
    {
        struct pollfd polled[3] = {{.fd = listener, .events = POLLIN},
                                   {.fd = signals, .events = POLLIN},
                                   {.fd = leader->wake_fd, .events = POLLIN}};
        if (poll(polled, 3, wait_ms) < 0 && errno != EINTR)
            return error_new(SQLSTATE_INTERNAL_ERROR, "poll failed: %s", strerror(errno));
        if ((polled[1].revents & POLLIN) != 0)
        {
            struct signalfd_siginfo info;
            if (read(signals, &info, sizeof info) == (ssize_t) sizeof info)
                trace(TRACE_LOG, "stopping on signal %u", info.ssi_signo);
            return NULL;
        }
        if ((polled[2].revents & POLLIN) != 0)
        {
            uint64_t count;
            ssize_t ignored = read(leader->wake_fd, &count, sizeof count);
            (void) ignored;
        }
        TRY(world_check(leader->world));
        if ((polled[0].revents & POLLIN) != 0)
            accept_one(leader, listener);
        wait_ms = deadlines_pass(leader);
    }
}

Error *server_run(Leader *leader, int listener)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        return error_new(SQLSTATE_INTERNAL_ERROR, "signalfd failed: %s", strerror(errno));
    Error *error = merger_start(leader);
    if (error == NULL)
        error = serve(leader, listener, signals);
    close(signals);
    if (!sessions_stop(leader))
    {
        /* A thread that will not end holds what leader_stop would free: the system cleans up better. */
        trace(TRACE_ERROR, "sessions did not end in time");
        _exit(1);
    }
    return error;
}
