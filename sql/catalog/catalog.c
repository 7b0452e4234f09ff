/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One catalog, many readers:
 *
 *     catalog_acquire ──> current ──> SnapshotVersion 8
 *     a reader still on ────────────> SnapshotVersion 7 (in `live` until released)
 *
 * Files dropped by version 8 are handed out for removal once 7 is released.
 */
#include "sql/catalog/catalog.h"
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "sql/catalog/inside.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define IDS_RESERVED 1024 /* numbers taken from disk at once; lost when the job ends */

Error *catalog_create(const char *path, int32_t slice_count, const char *database, const CatalogPrincipal *user)
{
    return store_create(path, slice_count, database, user);
}

static Error *open_parts(Catalog *catalog, const char *path)
{
    TRY(store_open(path, &catalog->store));
    TRY(store_forget_temporary(catalog->store));
    TRY(store_read(catalog->store, &catalog->current, &catalog->next_id));
    catalog->live = catalog->current;
    catalog->id_limit = catalog->next_id;
    return store_take_epoch(catalog->store, &catalog->epoch);
}

Error *catalog_open(const char *path, Catalog **out)
{
    Catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    pthread_mutex_init(&catalog->store_lock, NULL);
    pthread_mutex_init(&catalog->lock, NULL);
    Error *error = open_parts(catalog, path);
    if (error != NULL)
        catalog_close(catalog);
    else
        *out = catalog;
    return error;
}

void catalog_close(Catalog *catalog)
{
    if (catalog == NULL)
        return;
    serials_free(catalog);
    snapshot_drop(catalog->current);
    store_close(catalog->store);
    for (DeadEntry *dead = catalog->dead, *next; dead != NULL; dead = next)
    {
        next = dead->next;
        free(dead->file);
        free(dead);
    }
    pthread_mutex_destroy(&catalog->store_lock);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog);
}

Error *catalog_verify(Catalog *catalog)
{
    pthread_mutex_lock(&catalog->store_lock);
    Error *error = store_verify(catalog->store);
    pthread_mutex_unlock(&catalog->store_lock);
    return error;
}

/* Under store_lock nobody commits: what is copied is what is current. */
Error *catalog_copy(Catalog *catalog, const char *path, const CatalogSnapshot **snapshot)
{
    pthread_mutex_lock(&catalog->store_lock);
    Error *error = store_copy(catalog->store, path);
    *snapshot = error == NULL ? catalog_acquire(catalog) : NULL;
    pthread_mutex_unlock(&catalog->store_lock);
    return error;
}

int64_t catalog_epoch(const Catalog *catalog)
{
    return catalog->epoch;
}

const CatalogSnapshot *catalog_acquire(Catalog *catalog)
{
    pthread_mutex_lock(&catalog->lock);
    SnapshotVersion *version = catalog->current;
    snapshot_hold(version);
    pthread_mutex_unlock(&catalog->lock);
    return &version->snapshot;
}

static void live_remove(Catalog *catalog, const SnapshotVersion *version)
{
    SnapshotVersion **link = &catalog->live;
    while (*link != version)
        link = &(*link)->next;
    *link = version->next;
}

/* Under lock: gives a reference back, and takes the version off the list with its last one. */
static void version_release(Catalog *catalog, SnapshotVersion *version)
{
    if (atomic_load(&version->references) == 1)
        live_remove(catalog, version);
    snapshot_drop(version);
}

void catalog_release(Catalog *catalog, const CatalogSnapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    pthread_mutex_lock(&catalog->lock);
    version_release(catalog, snapshot_version(snapshot));
    pthread_mutex_unlock(&catalog->lock);
}

void catalog_publish(Catalog *catalog, SnapshotVersion *version, const CatalogTxn *by)
{
    pthread_mutex_lock(&catalog->lock);
    going_hand_merged(catalog, version, by);
    ASSERT(version->snapshot.version > catalog->current->snapshot.version);
    version->next = catalog->live;
    catalog->live = version;
    SnapshotVersion *old = catalog->current;
    catalog->current = version;
    version_release(catalog, old);
    pthread_mutex_unlock(&catalog->lock);
}

/* --- numbers ------------------------------------------------------------- */
static void ids_reserve(Catalog *catalog)
{
    pthread_mutex_lock(&catalog->store_lock);
    pthread_mutex_lock(&catalog->lock);
    int64_t limit = catalog->next_id + IDS_RESERVED;
    pthread_mutex_unlock(&catalog->lock);
    Error *error = store_reserve_ids(catalog->store, limit);
    if (error != NULL)
    {
        /* Nothing that bears an unreserved number can be committed before a reservation works again. */
        trace(TRACE_ERROR, "could not reserve numbers: %s", error->message);
        error_free(error);
    }
    pthread_mutex_lock(&catalog->lock);
    if (limit > catalog->id_limit)
        catalog->id_limit = limit;
    pthread_mutex_unlock(&catalog->lock);
    pthread_mutex_unlock(&catalog->store_lock);
}

int64_t catalog_next_id(Catalog *catalog)
{
    pthread_mutex_lock(&catalog->lock);
    while (catalog->next_id >= catalog->id_limit)
    {
        pthread_mutex_unlock(&catalog->lock);
        ids_reserve(catalog);
        pthread_mutex_lock(&catalog->lock);
    }
    int64_t id = catalog->next_id++;
    pthread_mutex_unlock(&catalog->lock);
    return id;
}

/* --- dead files ------------------------------------------------------------ */
void catalog_bury_segment(Catalog *catalog, int64_t table_id, const CatalogSegment *segment, int64_t died)
{
    DeadEntry *dead = calloc(1, sizeof *dead);
    if (dead == NULL || (dead->file = strdup(segment->file)) == NULL)
    {
        free(dead); /* the next start removes the file */
        return;
    }
    dead->table_id = table_id;
    dead->slice = segment->slice;
    dead->died = died;
    pthread_mutex_lock(&catalog->lock);
    dead->next = catalog->dead;
    catalog->dead = dead;
    pthread_mutex_unlock(&catalog->lock);
}

void catalog_bury_table(Catalog *catalog, const CatalogTable *table, int64_t died)
{
    for (int32_t i = 0; i < table->segment_count; i++)
        catalog_bury_segment(catalog, table->id, &table->segments[i], died);
}

void catalog_bury_records(Catalog *catalog, const Change *change, int64_t died)
{
    for (int32_t i = 0; i < change->record_count; i++)
        catalog_bury_segment(catalog, change->table_id, &change->records[i].segment, died);
}

void catalog_take_dead(Catalog *catalog, Arena *arena, DeadSegment **out, int32_t *count)
{
    pthread_mutex_lock(&catalog->lock);
    int64_t oldest = INT64_MAX;
    for (SnapshotVersion *live = catalog->live; live != NULL; live = live->next)
        if (live->snapshot.version < oldest)
            oldest = live->snapshot.version;
    int32_t room = 0;
    for (DeadEntry *dead = catalog->dead; dead != NULL; dead = dead->next)
        room += dead->died <= oldest;
    *out = ARENA_ARRAY(arena, DeadSegment, room);
    *count = 0;
    for (DeadEntry **link = &catalog->dead; *link != NULL;)
    {
        DeadEntry *dead = *link;
        if (dead->died > oldest)
        {
            link = &dead->next;
            continue;
        }
        (*out)[(*count)++] =
            (DeadSegment){.table_id = dead->table_id, .slice = dead->slice, .file = arena_strdup(arena, dead->file)};
        *link = dead->next;
        free(dead->file);
        free(dead);
    }
    pthread_mutex_unlock(&catalog->lock);
}

/* --- images ----------------------------------------------------------------- */
Error *catalog_images(Catalog *catalog, Arena *arena, SegmentImage **images, int32_t *count)
{
    pthread_mutex_lock(&catalog->store_lock);
    Error *error = store_images(catalog->store, arena, images, count);
    pthread_mutex_unlock(&catalog->store_lock);
    return error;
}

Error *catalog_forget_images(Catalog *catalog, const SegmentImage *images, int32_t count)
{
    pthread_mutex_lock(&catalog->store_lock);
    Error *error = store_forget_images(catalog->store, images, count);
    pthread_mutex_unlock(&catalog->store_lock);
    return error;
}

int64_t catalog_image_bytes(Catalog *catalog)
{
    return atomic_load(&catalog->store->image_bytes);
}
