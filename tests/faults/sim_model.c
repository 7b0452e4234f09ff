/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_inside.h"

#include "base/core/trace.h"
#include "hdf5store/verify.h"
#include "src/leader/recover.h"
#include "src/leader/settle.h"

#include <dirent.h>
#include <roaring/roaring.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct
{
    Arena *arena;
    Lease *lease;
    char lease_directory[64];
} shared;

void sim_failed(Model *model, const char *format, ...)
{
    va_list args;
    if (model->failure != NULL)
        return;
    va_start(args, format);
    if (vasprintf(&model->failure, format, args) < 0)
        abort();
    va_end(args);
}

bool sim_worked(Model *model, const char *what, Error *error)
{
    if (error == NULL)
        return true;
    sim_failed(model, "%s: %s (%s)", what, error->message, error->detail == NULL ? "" : error->detail);
    error_free(error);
    return false;
}

void sim_say(const Model *model, const char *format, ...)
{
    va_list args;
    if (!model->verbose)
        return;
    va_start(args, format);
    printf("  %5d  ", disk_calls());
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

/* --- reading ------------------------------------------------------------------- */

int64_t sim_word(int64_t row)
{
    return row * 7919 + 13;
}

static bool is_gone(const roaring_bitmap_t *gone, int32_t row)
{
    return gone != NULL && roaring_bitmap_contains(gone, (uint32_t) row);
}

int32_t sim_segment_read(Model *model, const CatalogTable *table, const CatalogSegment *segment, int64_t *rows, uint32_t *at)
{
    int64_t keys[FILE_ROWS_MAX * 64], words[FILE_ROWS_MAX * 64];
    SegmentRef ref = {segment_path(model->arena, disk_root(), table, segment), table->name, segment->bytes, segment->digest};
    Segment *open = NULL;
    Arena *arena = arena_new("rows");
    BlockReader *reader = block_reader_new(arena, 2);
    int32_t count = 0;
    bool good = sim_worked(model, "open", segment_open(model->cache, &ref, &open)) && sim_worked(model, "read", block_load(reader, 0, open, 0, 0)) &&
                sim_worked(model, "read", block_load(reader, 1, open, 1, 0));
    if (good)
    {
        int32_t all = segment_block_rows(open, 0);
        roaring_bitmap_t *gone = segment->deleted == NULL ? NULL
                                                          : roaring_bitmap_portable_deserialize_safe(segment->deleted->data,
                                                                                                     segment->deleted->bytes);
        block_decode(reader, 0, 0, all, REP_I64, keys);
        block_decode(reader, 1, 0, all, REP_I64, words);
        for (int32_t i = 0; i < all; i++)
        {
            if (words[i] != sim_word(keys[i]))
                sim_failed(model, "wrong values in %s", ref.path);
            if (is_gone(gone, i))
                continue;
            at[count] = (uint32_t) i;
            rows[count++] = keys[i];
        }
        if (gone != NULL)
            roaring_bitmap_free(gone);
    }
    segment_close(open);
    arena_free(arena);
    return count;
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

char *sim_table_name(Model *model, int32_t number)
{
    return arena_printf(model->arena, "t%d", number);
}

static void table_read(Model *model, const CatalogTable *table, TableState *state)
{
    uint32_t at[FILE_ROWS_MAX * 64];
    state->exists = true;
    for (int32_t i = 0; i < table->segment_count && model->failure == NULL; i++)
    {
        if (state->count + table->segments[i].rows > ROWS_MAX)
            sim_failed(model, "table %s has too many rows", table->name);
        else
            state->count += sim_segment_read(model, table, &table->segments[i], state->rows + state->count, at);
    }
    qsort(state->rows, (size_t) state->count, sizeof state->rows[0], compare_rows);
    if (model->failure == NULL && state->count != table->row_count)
        sim_failed(model, "table %s has %d rows, the manifest says %lld", table->name, state->count, (long long) table->row_count);
}

static void state_read(Model *model, const CatalogSnapshot *snapshot, State *state)
{
    memset(state, 0, sizeof *state);
    for (int32_t i = 0; i < TABLES; i++)
    {
        const CatalogTable *table = catalog_find_table(snapshot, "public", sim_table_name(model, i));
        if (table != NULL)
            table_read(model, table, &state->tables[i]);
    }
}

static bool state_equals(const State *a, const State *b)
{
    for (int32_t i = 0; i < TABLES; i++)
    {
        const TableState *x = &a->tables[i], *y = &b->tables[i];
        if (x->exists != y->exists || x->count != y->count || memcmp(x->rows, y->rows, sizeof x->rows[0] * (size_t) x->count) != 0)
            return false;
    }
    return true;
}

static const char *state_text(Model *model, const State *state)
{
    const char *text = "";
    for (int32_t i = 0; i < TABLES; i++)
        if (state->tables[i].exists)
        {
            text = arena_printf(model->arena, "%s t%d:", text, i);
            for (int32_t r = 0; r < state->tables[i].count; r++)
                text = arena_printf(model->arena, "%s %lld", text, (long long) state->tables[i].rows[r]);
        }
    return text;
}

static void held_compare(Model *model)
{
    State state;
    if (model->held == NULL)
        return;
    state_read(model, model->held, &state);
    if (model->failure == NULL && !state_equals(&state, &model->held_state))
        sim_failed(model, "a snapshot that is held has changed");
}

static void held_release(Model *model)
{
    catalog_release(model->catalog, model->held);
    model->held = NULL;
}

/* --- a life --------------------------------------------------------------------- */

static int64_t files_below(Model *model, const char *path)
{
    int64_t count = 0;
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (entry->d_type == DT_REG)
            count++;
        else if (entry->d_name[0] != '.')
            count += files_below(model, arena_printf(model->arena, "%s/%s", path, entry->d_name));
    if (directory != NULL)
        closedir(directory);
    return count;
}

/* Every file that is named is whole, and no other is there. */
static void files_verify(Model *model)
{
    const CatalogSnapshot *snapshot = catalog_acquire(model->catalog);
    int64_t named = 0;
    for (int32_t t = 0; t < snapshot->table_count; t++)
    {
        const CatalogTable *table = snapshot->tables[t];
        for (int32_t i = 0; i < table->segment_count; i++, named++)
        {
            const CatalogSegment *segment = &table->segments[i];
            SegmentRef ref = {segment_path(model->arena, disk_root(), table, segment), table->name, segment->bytes, segment->digest};
            sim_worked(model, "verify", segment_verify(&ref));
        }
    }
    int64_t there = files_below(model, arena_printf(model->arena, "%s/db%d", disk_root(), DATABASE_ID));
    if (there != named)
        sim_failed(model, "%lld files are there, the manifest names %lld", (long long) there, (long long) named);
    catalog_release(model->catalog, snapshot);
}

static void after_recovery(Model *model)
{
    State *state = malloc(sizeof *state);
    const CatalogSnapshot *snapshot = catalog_acquire(model->catalog);
    state_read(model, snapshot, state);
    catalog_release(model->catalog, snapshot);
    model->epoch = catalog_epoch(model->catalog);
    model->number = catalog_next_id(model->catalog);
    model->opened = disk_calls();
    if (model->epoch <= model->least_epoch || model->number <= model->least_number)
        sim_failed(model, "epoch %lld comes after %lld, number %lld after %lld", (long long) model->epoch, (long long) model->least_epoch,
               (long long) model->number, (long long) model->least_number);
    model->before = model->now;
    model->may_be_still = model->may_be_next;
    model->may_be_next = false;
    if (state_equals(state, &model->now))
        sim_say(model, "recovered");
    else if (model->may_be_still && state_equals(state, &model->next))
    {
        sim_say(model, "recovered, with the commit that was on its way");
        model->now = model->next;
    }
    else
        sim_failed(model, "found%s; acknowledged%s", state_text(model, state), state_text(model, &model->now));
    if (model->failure == NULL)
        sim_worked(model, "verify", catalog_verify(model->catalog));
    if (model->failure == NULL)
        files_verify(model);
    free(state);
}

static bool life_open(Model *model)
{
    int64_t removed = 0;
    model->arena = arena_new("life");
    model->cache = segment_cache_new(16, 64, 0);
    if (!sim_worked(model, "recovery", recover_warehouse(model->arena, disk_root(), &model->catalog, &removed)))
        return false;
    model->leader = (Leader){.directory = arena_strdup(model->arena, disk_root()), .catalog = model->catalog, .lease = shared.lease};
    /* checkpoints come after few pages, so that they come at all */
    static const char *const often[] = {"pragma wal_autocheckpoint=4", "pragma wal_autocheckpoint=16", "pragma wal_autocheckpoint=1000"};
    return sim_worked(model, "pragma", store_run(model->catalog->store, often[dice_below(&model->dice, 3)]));
}

static void life_close(Model *model)
{
    if (model->catalog != NULL)
        held_release(model);
    catalog_close(model->catalog);
    model->catalog = NULL;
    segment_cache_free(model->cache);
    arena_free(model->arena);
    model->cache = NULL;
    model->arena = NULL;
}

static void something_happens(Model *model)
{
    switch (dice_below(&model->dice, 12))
    {
    case 0:
        sim_say(model, "settle");
        sim_worked(model, "settle", settle_files(disk_root(), model->catalog));
        return;
    case 1:
        sim_say(model, "remove the dead");
        dead_segments_remove(&model->leader);
        return;
    case 2:
        held_compare(model);
        held_release(model);
        sim_say(model, "hold a snapshot");
        model->held = catalog_acquire(model->catalog);
        model->held_state = model->now;
        return;
    case 3:
        sim_say(model, "close and open");
        life_close(model);
        if (life_open(model))
            files_verify(model);
        return;
    default:
        sim_transaction(model);
    }
}

void model_live(Model *model)
{
    model->commits[0] = (Commit){.after = model->now};
    model->commit_count = 1;
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int) dice_below(&model->dice, 1 << 30), NULL);
    if (life_open(model))
        after_recovery(model);
    model->commits[0].after = model->now;
    int32_t count = 1 + dice_below(&model->dice, STEPS);
    for (int32_t i = 0; i < count && model->failure == NULL; i++)
        something_happens(model);
    if (model->failure == NULL)
        held_compare(model);
    life_close(model);
}

void model_crash(Model *model, int32_t born)
{
    Crash crash = (Crash) dice_below(&model->dice, CRASH_KINDS);
    int32_t moment = born + dice_below(&model->dice, disk_calls() - born + 1), last = 0;
    while (last + 1 < model->commit_count && model->commits[last + 1].acknowledged <= moment)
        last++;
    model->now = model->commits[last].after;
    model->may_be_next = last + 1 < model->commit_count && model->commits[last + 1].begun < moment;
    if (model->may_be_next)
        model->next = model->commits[last + 1].after;
    else if (model->may_be_still && moment < model->opened)
    {
        model->may_be_next = true;
        model->now = model->before;
    }
    if (moment >= model->opened)
    {
        model->least_epoch = model->epoch;
        model->least_number = model->number;
    }
    sim_say(model, "%s before call %d of %d", crash == CRASH_KILL ? "killed" : "cut off", moment, disk_calls());
    disk_crash(&model->dice, crash, moment);
}

/* --- seeds ------------------------------------------------------------------------ */

void model_begin(void)
{
    shared.arena = arena_new("simulation");
    trace_set(TRACE_ERROR, -1);
    snprintf(shared.lease_directory, sizeof shared.lease_directory, "lease-XXXXXX");
    CatalogPrincipal user = {.id = FIRST_USER_ID, .version = 1, .name = "ada", .scram = "SCRAM-SHA-256$1:a:b:c", .superuser = true};
    Error *error = mkdtemp(shared.lease_directory) == NULL ? error_file("create", shared.lease_directory)
                                                           : lease_take(shared.arena, shared.lease_directory, &shared.lease);
    if (error == NULL)
        error = catalog_create(arena_printf(shared.arena, "%s/catalog.db", disk_root()), SLICES, "dev", &user);
    if (error != NULL)
    {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
    disk_settle();
}

void model_end(void)
{
    lease_release(shared.lease);
    (void) rmdir(shared.lease_directory);
    arena_free(shared.arena);
}

Model *model_new(uint64_t seed, bool verbose)
{
    Model *model = calloc(1, sizeof *model);
    model->dice.state = seed;
    model->verbose = verbose;
    model->next_row = 1;
    disk_reset();
    return model;
}

void model_free(Model *model)
{
    free(model->failure);
    free(model);
}

bool model_failed(const Model *model)
{
    return model->failure != NULL;
}

const char *model_failure(const Model *model)
{
    return model->failure;
}
