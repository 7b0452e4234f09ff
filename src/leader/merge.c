/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segments are merged:
 *
 *     small ones of a slice, by size:   9k 9k 9k 10k 10k 12k ... 90k | 700k  6M
 *                                       '---- become one ----------'   larger than all before it together: left alone
 *
 * so that a row is written again only when its segment grows to a multiple.  What is distributed evenly counts as one slice:
 * its rows are dealt to all of them.
 */
#include "src/leader/merge.h"
#include "src/leader/background.h"
#include "base/core/trace.h"
#include "src/leader/settle.h"

#include <stdlib.h>
#include <time.h>

#define SMALL_BYTES    (INT64_C(8) << 20)  /* larger segments are VACUUM's */
#define MERGE_BYTES    (INT64_C(64) << 20) /* read in one turn: what a statement may have to wait for */
#define SMALL_MAX      32                  /* a table may have so many small ones... */
#define SMALL_SLICE    4                   /* ... and these for each slice */
#define GROUP_LEAST    8                   /* so many are merged whatever their sizes */
#define PAUSE_MS       500
#define FAILED_PAUSE_MS 60000

struct Merger
{
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool asked;
};

/* --- which ------------------------------------------------------------------------------- */
typedef struct Small
{
    int32_t group; /* become one */
    int32_t at;    /* in the table's list */
    int64_t bytes;
} Small;

static int small_order(const void *a, const void *b)
{
    const Small *left = a, *right = b;
    if (left->group != right->group)
        return left->group < right->group ? -1 : 1;
    if (left->bytes != right->bytes)
        return left->bytes < right->bytes ? -1 : 1;
    return (left->at > right->at) - (left->at < right->at);
}

static bool is_even(const CatalogTable *table)
{
    return table->dist_style != DIST_KEY && table->dist_style != DIST_ALL;
}

static Small *small_list(Arena *arena, const CatalogTable *table, int32_t *count)
{
    Small *list = ARENA_ARRAY(arena, Small, table->segment_count);
    *count = 0;
    for (int32_t i = 0; i < table->segment_count; i++)
        if (table->segments[i].bytes < SMALL_BYTES)
            list[(*count)++] = (Small){is_even(table) ? 0 : table->segments[i].slice, i, table->segments[i].bytes};
    return list;
}

/* How many of the group that begins the list are to be merged. */
static int32_t group_take(const Small *list, int32_t count, int64_t room_bytes)
{
    int64_t bytes = 0;
    int32_t taken = 0;
    while (taken < count && list[taken].group == list[0].group && (taken < GROUP_LEAST || list[taken].bytes <= bytes) &&
           bytes + list[taken].bytes <= room_bytes)
        bytes += list[taken++].bytes;
    return taken;
}

bool merge_choose(Arena *arena, const CatalogTable *table, int32_t slice_count, SegmentMerge *merge)
{
    int32_t count, files = is_even(table) ? slice_count : 1; /* that a group becomes */
    Small *list = small_list(arena, table, &count);
    *merge = (SegmentMerge){.yields = true};
    if (count <= SMALL_MAX + SMALL_SLICE * slice_count)
        return false;
    qsort(list, (size_t) count, sizeof *list, small_order);
    bool *chosen = ARENA_ARRAY(arena, bool, table->segment_count);
    int64_t room_bytes = MERGE_BYTES;
    for (int32_t from = 0, group; from < count;)
    {
        int32_t taken = group_take(list + from, count - from, room_bytes);
        for (int32_t i = from; taken >= 2 * files && i < from + taken; i++)
        {
            chosen[list[i].at] = true;
            room_bytes -= list[i].bytes;
        }
        for (group = list[from].group; from < count && list[from].group == group;)
            from++;
    }
    merge->segment_ids = ARENA_ARRAY(arena, int64_t, count);
    for (int32_t i = 0; i < table->segment_count; i++)
        if (chosen[i])
            merge->segment_ids[merge->count++] = table->segments[i].id;
    return merge->count > 0;
}

/* --- one table --------------------------------------------------------------------------- */
/* *done: some are merged. */
static Error *table_merge(Session *session, Arena *arena, int64_t table_id, bool *done)
{
    SegmentMerge merge;
    Statement statement = {.session = session, .arena = arena, .time = session_clock(), .first = true};
    if (!lock_try(session, table_id))
        return NULL;
    TRY(background_begin(session, &statement));
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(session));
    const CatalogTable *table = catalog_find_table_id(snapshot, table_id);
    if (table == NULL || catalog_merge_is_held_back(session->txn, table_id) ||
        !merge_choose(arena, table, snapshot->slice_count, &merge))
        return NULL;
    TRY(vacuum_rewrite(&statement, table, &merge, NULL));
    TRY(session_check(session));
    if (!lock_is_alone(session, table_id))
        return NULL;
    *done = true;
    return session_commit(session);
}

/* --- all of them ------------------------------------------------------------------------- */
static int64_t *tables_wanting(Leader *leader, Arena *arena, int32_t *count)
{
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    int64_t *ids = ARENA_ARRAY(arena, int64_t, snapshot->table_count);
    SegmentMerge merge;
    *count = 0;
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (merge_choose(arena, snapshot->tables[i], snapshot->slice_count, &merge))
            ids[(*count)++] = snapshot->tables[i]->id;
    catalog_release(leader->catalog, snapshot);
    return ids;
}

/* True: the world has failed it; nobody is to be told of those who asked it to give way. */
static bool merge_failed(Session *session, Error *error)
{
    if (error == NULL)
        return false;
    bool failed = error->state != SQLSTATE_QUERY_CANCELED && error->state != SQLSTATE_ADMIN_SHUTDOWN &&
                  error->state != SQLSTATE_SERIALIZATION_FAILURE && !atomic_load(&session->leader->stopping);
    if (failed)
        trace(TRACE_WARNING, "could not merge segments: %s", error->message);
    error_free(error);
    return failed;
}

/* *again: there may be more to do.  Returns how long to wait first. */
static int32_t round_run(Session *session, bool *again)
{
    Arena *arena = arena_new("merge");
    int32_t count, pause_ms = PAUSE_MS;
    int64_t *ids = tables_wanting(session->leader, arena, &count);
    for (int32_t i = 0; i < count && !atomic_load(&session->leader->stopping); i++)
    {
        atomic_store(&session->cancelled, false);
        if (merge_failed(session, table_merge(session, arena, ids[i], again)))
            pause_ms = FAILED_PAUSE_MS;
        session_rollback(session);
    }
    arena_free(arena);
    Leader *leader = session->leader;
    if (catalog_image_bytes(leader->catalog) > IMAGES_BYTES_MAX / 2 && merge_failed(session, settle_files(leader->directory, leader->catalog)))
        pause_ms = FAILED_PAUSE_MS;
    return pause_ms;
}

/* Until somebody asks, or the server stops. */
static void merger_wait(Merger *merger, const Leader *leader)
{
    pthread_mutex_lock(&merger->lock);
    while (!merger->asked && !atomic_load(&leader->stopping))
        pthread_cond_wait(&merger->woken, &merger->lock);
    merger->asked = false;
    pthread_mutex_unlock(&merger->lock);
}

/* What comes in meanwhile is done together. */
static void merger_pause(Merger *merger, const Leader *leader, int32_t pause_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += pause_ms / 1000;
    until.tv_nsec += pause_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    int ended = 0;
    pthread_mutex_lock(&merger->lock);
    while (ended == 0 && !atomic_load(&leader->stopping))
        ended = pthread_cond_timedwait(&merger->woken, &merger->lock, &until);
    pthread_mutex_unlock(&merger->lock);
}

static void *merger_main(void *context)
{
    Session *session = context;
    Leader *leader = session->leader;
    int32_t pause_ms = PAUSE_MS;
    bool again = true; /* what an earlier job has left */
    while (!atomic_load(&leader->stopping))
    {
        if (!again)
            merger_wait(leader->merger, leader);
        merger_pause(leader->merger, leader, pause_ms);
        again = false;
        pause_ms = round_run(session, &again);
    }
    background_end(session);
    return NULL;
}

/* --- its life ---------------------------------------------------------------------------- */
Error *merger_start(Leader *leader)
{
    Session *session;
    if (!leader->config->auto_vacuum)
        return NULL;
    Merger *merger = ARENA_NEW(leader->arena, Merger);
    pthread_mutex_init(&merger->lock, NULL);
    pthread_cond_init(&merger->woken, NULL);
    leader->merger = merger;
    TRY(background_session(leader, &session));
    return session_thread(session, merger_main);
}

void merger_wake(Leader *leader)
{
    Merger *merger = leader->merger;
    if (merger == NULL)
        return;
    pthread_mutex_lock(&merger->lock);
    merger->asked = true;
    pthread_cond_signal(&merger->woken);
    pthread_mutex_unlock(&merger->lock);
}

void merger_free(Leader *leader)
{
    if (leader->merger == NULL)
        return;
    pthread_cond_destroy(&leader->merger->woken);
    pthread_mutex_destroy(&leader->merger->lock);
    leader->merger = NULL;
}
