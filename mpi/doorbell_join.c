/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How doorbells come to be: facts are gathered, the leader listens, everyone
 * is told where and the secret, and calls in.
 *
 *     all:     MPI_Gather facts -> leader
 *     leader:  listen            MPI_Bcast {kind, addresses, secret} -> all
 *     compute: connect, send {magic, rank, secret}
 *     leader:  accept, check the secret, remember the socket under the rank
 */
#include "mpi/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECRET_BYTES 16
#define JOIN_WAIT_US (30 * INT64_C(1000000))
#define HELLO_WAIT_S 2
#define ADDRESSES_MAX 32
#define HELLO_MAGIC 0x53544f48u

typedef struct Invitation
{
    int32_t works; /* 0: the leader could not listen */
    int32_t address_count;
    uint8_t secret[SECRET_BYTES];
    socklen_t lengths[ADDRESSES_MAX];
    struct sockaddr_storage addresses[ADDRESSES_MAX]; /* nearest first */
} Invitation;

typedef struct Hello
{
    uint32_t magic;
    int32_t rank;
    uint8_t secret[SECRET_BYTES];
} Hello;

static Error *errno_error(const char *what)
{
    return error_new(SQLSTATE_CONNECTION_FAILURE, "%s: %s", what, strerror(errno));
}

static void facts_collect(RankFacts *facts)
{
    memset(facts, 0, sizeof *facts);
    if (gethostname(facts->host, sizeof facts->host - 1) != 0)
        snprintf(facts->host, sizeof facts->host, "unknown");
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file != NULL)
    {
        if (fgets(facts->boot, sizeof facts->boot, file) == NULL)
            facts->boot[0] = 0;
        fclose(file);
    }
    struct stat status;
    if (stat("/proc/self/ns/net", &status) == 0)
        facts->net_namespace = (uint64_t) status.st_ino;
    facts->pid = getpid();
}

static bool facts_one_host(const RankFacts *facts, int32_t count)
{
    for (int32_t i = 1; i < count; i++)
        if (strcmp(facts[i].host, facts[0].host) != 0 || strcmp(facts[i].boot, facts[0].boot) != 0 ||
            facts[i].net_namespace != facts[0].net_namespace)
            return false;
    return facts[0].boot[0] != 0;
}

static Error *listen_local(Invitation *invitation, int *out)
{
    uint8_t name[16];
    if (getrandom(name, sizeof name, 0) != (ssize_t) sizeof name)
        return errno_error("no random numbers for a socket's name");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "stoa-");
    for (size_t i = 0; i < sizeof name; i++)
        length += snprintf(address.sun_path + 1 + length, sizeof address.sun_path - 1 - (size_t) length, "%02x", name[i]);
    socklen_t size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + (size_t) length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno_error("cannot make a doorbell socket");
    if (bind(fd, (struct sockaddr *) &address, size) != 0 || listen(fd, 1024) != 0)
    {
        Error *error = errno_error("cannot listen for doorbells");
        close(fd);
        return error;
    }
    memcpy(&invitation->addresses[0], &address, sizeof address);
    invitation->lengths[0] = size;
    invitation->address_count = 1;
    *out = fd;
    return NULL;
}

/* Addresses of this host, loopback last: it only helps several names of one machine. */
static void addresses_collect(Invitation *invitation, in_port_t port)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0)
        return;
    for (int32_t loopback = 0; loopback <= 1; loopback++)
        for (struct ifaddrs *i = list; i != NULL && invitation->address_count < ADDRESSES_MAX; i = i->ifa_next)
        {
            if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
                continue;
            struct sockaddr_in address;
            memcpy(&address, i->ifa_addr, sizeof address);
            bool is_loopback = (ntohl(address.sin_addr.s_addr) >> 24) == 127;
            if (is_loopback != (loopback == 1))
                continue;
            address.sin_port = port;
            memcpy(&invitation->addresses[invitation->address_count], &address, sizeof address);
            invitation->lengths[invitation->address_count++] = sizeof address;
        }
    freeifaddrs(list);
}

static Error *listen_tcp(Invitation *invitation, int *out)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno_error("cannot make a doorbell socket");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t size = sizeof address;
    if (bind(fd, (struct sockaddr *) &address, size) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *) &address, &size) != 0)
    {
        Error *error = errno_error("cannot listen for doorbells");
        close(fd);
        return error;
    }
    addresses_collect(invitation, address.sin_port);
    *out = fd;
    return NULL;
}

static void socket_ready(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* no matter on Unix sockets */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    struct timeval none = {0, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* The first thing a caller says; strangers are shown the door. */
static bool hello_check(int fd, const Invitation *invitation, int32_t size, Hello *hello)
{
    struct timeval patience = {HELLO_WAIT_S, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t got = recv(fd, hello, sizeof *hello, MSG_WAITALL);
    if (got != (ssize_t) sizeof *hello || hello->magic != HELLO_MAGIC || hello->rank < 1 || hello->rank >= size)
        return false;
    uint8_t different = 0; /* in constant time */
    for (int32_t i = 0; i < SECRET_BYTES; i++)
        different |= (uint8_t) (hello->secret[i] ^ invitation->secret[i]);
    return different == 0;
}

static Error *leader_accepts(World *world, int listener, const Invitation *invitation)
{
    int64_t deadline = clock_us() + JOIN_WAIT_US;
    for (int32_t joined = 1; joined < world->size;)
    {
        int64_t left_us = deadline - clock_us();
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        if (left_us <= 0)
            return error_new(SQLSTATE_CONNECTION_FAILURE, "only %d of %d ranks joined within 30 s", joined, world->size);
        if (poll(&wait, 1, (int) (left_us / 1000) + 1) <= 0)
            continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        Hello hello;
        if (!hello_check(fd, invitation, world->size, &hello) || world->peers[hello.rank].fd >= 0)
        {
            trace(TRACE_WARNING, "a stranger called at the doorbell and was refused");
            close(fd);
            continue;
        }
        socket_ready(fd);
        world->peers[hello.rank].fd = fd;
        joined++;
    }
    return NULL;
}

static int address_connect(const struct sockaddr_storage *address, socklen_t length)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int failed = connect(fd, (const struct sockaddr *) address, length);
    if (failed != 0 && errno == EINPROGRESS)
    {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int cause = ETIMEDOUT;
        socklen_t size = sizeof cause;
        if (poll(&wait, 1, 3000) == 1)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size);
        failed = cause;
    }
    if (failed != 0)
    {
        close(fd);
        return -1;
    }
    return fd;
}

static Error *compute_calls(World *world, const Invitation *invitation)
{
    int64_t deadline = clock_us() + JOIN_WAIT_US;
    Hello hello = {.magic = HELLO_MAGIC, .rank = world->rank};
    memcpy(hello.secret, invitation->secret, SECRET_BYTES);
    while (clock_us() < deadline)
    {
        for (int32_t i = 0; i < invitation->address_count; i++)
        {
            int fd = address_connect(&invitation->addresses[i], invitation->lengths[i]);
            if (fd < 0)
                continue;
            if (send(fd, &hello, sizeof hello, MSG_NOSIGNAL) == (ssize_t) sizeof hello)
            {
                socket_ready(fd);
                world->peers[0].fd = fd;
                return NULL;
            }
            close(fd);
        }
        usleep(50000);
    }
    return error_new(SQLSTATE_CONNECTION_FAILURE, "rank %d cannot reach the leader's doorbell", world->rank);
}

static Error *leader_listens(World *world, Invitation *invitation, int *listener)
{
    if (getrandom(invitation->secret, SECRET_BYTES, 0) != SECRET_BYTES)
        return errno_error("no random numbers for the doorbell's secret");
    if (facts_one_host(world->facts, world->size))
        TRY(listen_local(invitation, listener));
    else
        TRY(listen_tcp(invitation, listener));
    invitation->works = 1;
    return NULL;
}

static Error *join_invited(World *world, Invitation *invitation)
{
    int listener = -1;
    Error *error = NULL;
    if (world->rank == 0)
        error = leader_listens(world, invitation, &listener);
    Error *told = mpi_check(MPI_Bcast(invitation, (int) sizeof *invitation, MPI_BYTE, 0, world->comm), "MPI_Bcast");
    if (error == NULL)
        error = told;
    else
        error_free(told);
    if (error == NULL && !invitation->works)
        error = error_new(SQLSTATE_CONNECTION_FAILURE, "the leader cannot listen for doorbells");
    if (error == NULL)
        error = world->rank == 0 ? leader_accepts(world, listener, invitation) : compute_calls(world, invitation);
    if (listener >= 0)
        close(listener);
    return error;
}

Error *doorbell_join(World *world)
{
    RankFacts mine;
    facts_collect(&mine);
    world->facts = calloc((size_t) world->size, sizeof *world->facts);
    world->peers = calloc((size_t) world->size, sizeof *world->peers);
    Invitation *invitation = calloc(1, sizeof *invitation);
    ASSERT(world->facts != NULL && world->peers != NULL && invitation != NULL);
    for (int32_t i = 0; i < world->size; i++)
    {
        world->peers[i].fd = -1;
        pthread_mutex_init(&world->peers[i].lock, NULL);
    }
    Error *error = NULL;
    if (world->size > 1)
        error = mpi_check(MPI_Gather(&mine, (int) sizeof mine, MPI_BYTE, world->facts, (int) sizeof mine, MPI_BYTE, 0,
                                     world->comm),
                          "MPI_Gather");
    world->facts[world->rank] = mine;
    if (error == NULL && world->size > 1)
        error = join_invited(world, invitation);
    free(invitation);
    return error;
}
