/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leader: rank 0's front.  One Leader a process, in main's frame.
 *
 *     leader_start: directory, lease, catalog, orphans, engine
 *     server_run:   accepts; a thread a session, until told to stop (server.h)
 *     leader_stop:  sessions ended, engine, catalog, lease
 */
#ifndef SRC_LEADER_LEADER_H
#define SRC_LEADER_LEADER_H

#include "mpi/world.h"
#include "sql/catalog/catalog.h"
#include "src/compute/engine.h"
#include "src/history/history.h"
#include "src/leader/config.h"
#include "src/leader/lease.h"
#include "src/leader/tls.h"

#include <pthread.h>
#include <stdatomic.h>

#define DATABASE_ID 1 /* the first database's number: data stands in DIR/db1 */

typedef struct Session Session;
typedef struct CodeCache CodeCache;
typedef struct Locks Locks;
typedef struct Merger Merger;

typedef struct Leader
{
    const char *directory; /* of the warehouse, absolute */
    Config *config;
    Arena *arena; /* lives as long as the process */
    World *world;
    Engine *engine;
    CodeCache *code;
    Catalog *catalog;
    Lease *lease;
    TlsServer *tls; /* NULL: off */
    Locks *locks; /* of tables (lock.h) */
    Merger *merger; /* of small segments (merge.h); NULL: off */
    History *history;
    int64_t start_us;
    uint8_t auth_secret[32];
    /* sessions: under lock */
    pthread_mutex_t lock;
    pthread_cond_t session_ended;
    Session *sessions;
    int32_t session_count;
    uint32_t next_process;
    int wake_fd; /* eventfd: wakes the server's poll */
    _Atomic bool stopping;
} Leader;

/* A query's number: the job's epoch above, its count in the warehouse's life below. */
uint64_t leader_next_query(Leader *leader);

/* Rank 0, after world_start.  On error everything is undone. */
Error *leader_start(Arena *arena, const char *directory, Config *config, World *world, const char *isa,
                    Leader **out) MUST_USE;
/* The warehouse accepts connections: tells DIR/run and DIR/client where.  And that it does no more. */
Error *leader_announce(Leader *leader, int32_t port) MUST_USE;
void leader_retract(Leader *leader);
void leader_stop(Leader *leader);

/* Where it stands; directory NULL: below the warehouse's. */
char *segment_path(Arena *arena, const char *directory, const CatalogTable *table, const CatalogSegment *segment);
/* Segment files the manifest does not name, and what was left of writing them.  Returns how many went. */
int64_t orphans_remove(const char *directory, const CatalogSnapshot *snapshot);
/* Files dropped by commits and held by nobody any more. */
void dead_segments_remove(Leader *leader);

#endif
