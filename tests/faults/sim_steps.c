/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions at random. */
#include "sim_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void columns_make(const CatalogTable *table, SegmentColumn *columns)
{
    for (int32_t i = 0; i < 2; i++)
        columns[i] = (SegmentColumn){table->columns[i].name, table->columns[i].id, table->columns[i].type, false, ENCODING_AUTO};
}

static Error *file_finish(Model *model, const SegmentSpec *spec, const int64_t *rows, int32_t count, SegmentRecord *record)
{
    int64_t words[ROWS_MAX];
    SegmentWriter *writer;
    SegmentReport report;
    Arena *arena = arena_new("segment");
    for (int32_t i = 0; i < count; i++)
        words[i] = sim_word(rows[i]);
    Error *error = segment_create(arena, spec, &writer);
    if (error == NULL)
        error = segment_put_block(writer, (BlockColumn[]){{rows, NULL}, {words, NULL}}, count);
    if (error == NULL)
        error = segment_finish(writer, &report);
    if (error == NULL)
    {
        record->segment.bytes = report.bytes;
        memcpy(record->segment.digest, report.digest, sizeof record->segment.digest);
        record->columns = ARENA_ARRAY(model->arena, ColumnStats, 2);
        for (int32_t i = 0; i < 2; i++)
            record->columns[i] = (ColumnStats){.has_range = true, .min = report.columns[i].min, .max = report.columns[i].max};
    }
    arena_free(arena);
    return error;
}

/* As a rank does (src/run/append_write.c). */
static Error *file_write(Model *model, const CatalogTable *table, const int64_t *rows, int32_t count, bool rides, SegmentRecord *record)
{
    SegmentColumn columns[2];
    char *directory;
    CatalogSegment *segment = &record->segment;
    columns_make(table, columns);
    *segment = (CatalogSegment){.slice = dice_below(&model->dice, SLICES), .rows = count,
                                .file = arena_printf(model->arena, "%llx-0.h5", (unsigned long long) catalog_next_id(model->catalog))};
    TRY(segment_slice_directory(model->arena, disk_root(), DATABASE_ID, table->id, segment->slice, &directory));
    SegmentSpec spec = {.directory = directory, .file_name = segment->file, .schema_name = "public", .table_name = table->name,
                        .table_id = table->id, .slice = segment->slice, .column_count = 2, .columns = columns, .sync_later = true};
    TRY(file_finish(model, &spec, rows, count, record));
    if (rides)
        return segment_image(model->arena, directory, segment->file, segment->bytes, (void **) &record->image);
    record->image = NULL;
    TRY(segment_sync(directory, segment->file));
    return segment_sync_directory(directory);
}

static const CatalogTable *table_in(Model *model, CatalogTxn *txn, int32_t number)
{
    return catalog_find_table(catalog_txn_snapshot(txn), "public", sim_table_name(model, number));
}

static Error *step_create(Model *model, CatalogTxn *txn, State *state, int32_t number)
{
    CatalogColumn columns[2] = {{.name = "key", .type = type_make(TYPE_BIGINT), .not_null = true},
                                {.name = "word", .type = type_make(TYPE_BIGINT), .not_null = true}};
    CatalogTable table = {.schema = "public", .name = sim_table_name(model, number), .owner = "ada", .dist_column = -1, .column_count = 2,
                          .columns = columns};
    sim_say(model, "create t%d", number);
    state->tables[number] = (TableState){.exists = true};
    return catalog_create_table(txn, &table);
}

static Error *step_insert(Model *model, CatalogTxn *txn, State *state, int32_t number)
{
    TableState *table = &state->tables[number];
    int32_t files = 1 + dice_below(&model->dice, 3);
    bool rides = !dice_one_in(&model->dice, 3);
    SegmentRecord records[3];
    for (int32_t f = 0; f < files; f++)
    {
        int32_t count = 1 + dice_below(&model->dice, FILE_ROWS_MAX);
        if (table->count + count > ROWS_MAX)
            return NULL;
        for (int32_t i = 0; i < count; i++)
            table->rows[table->count++] = model->next_row++;
        sim_say(model, "insert %d rows into t%d, %s", count, number, rides ? "riding" : "synced");
        TRY(file_write(model, table_in(model, txn, number), table->rows + table->count - count, count, rides, &records[f]));
        TRY(catalog_add_segments(txn, table_in(model, txn, number)->id, &records[f], 1));
    }
    return NULL;
}

static void rows_remove(TableState *table, const int64_t *rows, int32_t count)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < table->count; i++)
    {
        bool gone = false;
        for (int32_t g = 0; g < count; g++)
            gone |= rows[g] == table->rows[i];
        if (!gone)
            table->rows[kept++] = table->rows[i];
    }
    table->count = kept;
}

/* Some rows of one segment; sometimes all. */
static Error *step_delete(Model *model, CatalogTxn *txn, State *state, int32_t number)
{
    const CatalogTable *table = table_in(model, txn, number);
    if (table->segment_count == 0)
        return NULL;
    const CatalogSegment *segment = &table->segments[dice_below(&model->dice, table->segment_count)];
    int64_t rows[ROWS_MAX], chosen[ROWS_MAX];
    uint32_t at[ROWS_MAX], chosen_at[ROWS_MAX];
    int32_t count = sim_segment_read(model, table, segment, rows, at), taken = 0, odds = 1 + dice_below(&model->dice, 4);
    for (int32_t i = 0; i < count; i++)
        if (dice_one_in(&model->dice, odds))
        {
            chosen[taken] = rows[i];
            chosen_at[taken++] = at[i];
        }
    sim_say(model, "delete %d of %d rows of a segment of t%d", taken, count, number);
    rows_remove(&state->tables[number], chosen, taken);
    return taken == 0 ? NULL : catalog_delete_rows(txn, table->id, &(SegmentDeletes){segment->id, taken, chosen_at}, 1);
}

/* Some segments of the table, or all, as one. */
static Error *step_merge(Model *model, CatalogTxn *txn, State *state, int32_t number)
{
    const CatalogTable *table = table_in(model, txn, number);
    int64_t rows[ROWS_MAX], *ids = ARENA_ARRAY(model->arena, int64_t, table->segment_count);
    uint32_t at[ROWS_MAX];
    int32_t count = 0, segments = 0;
    bool all = dice_one_in(&model->dice, 2);
    SegmentRecord record;
    (void) state;
    for (int32_t i = 0; i < table->segment_count && model->failure == NULL; i++)
    {
        if (!all && dice_one_in(&model->dice, 2))
            continue;
        ids[segments++] = table->segments[i].id;
        count += sim_segment_read(model, table, &table->segments[i], rows + count, at);
    }
    if (count == 0 || model->failure != NULL)
        return NULL;
    sim_say(model, "merge %d of %d segments of t%d: %d rows", segments, table->segment_count, number, count);
    TRY(file_write(model, table, rows, count, dice_one_in(&model->dice, 2), &record));
    return catalog_merge_segments(txn, table->id, &(SegmentMerge){segments, ids, dice_one_in(&model->dice, 2)}, &record, 1);
}

static Error *step_truncate(Model *model, CatalogTxn *txn, State *state, int32_t number)
{
    sim_say(model, "truncate t%d", number);
    state->tables[number].count = 0;
    return catalog_truncate_table(txn, table_in(model, txn, number)->id);
}

static Error *step_drop(Model *model, CatalogTxn *txn, State *state, int32_t number)
{
    sim_say(model, "drop t%d", number);
    state->tables[number] = (TableState){0};
    return catalog_drop_table(txn, table_in(model, txn, number)->id);
}

typedef Error *(*Step)(Model *, CatalogTxn *, State *, int32_t);
static const Step steps[] = {step_insert, step_insert, step_insert, step_insert, step_insert, step_delete,
                             step_delete, step_delete, step_merge,  step_merge,  step_truncate, step_drop};

/* One to three changes, and their end. */
void sim_transaction(Model *model)
{
    State *state = malloc(sizeof *state);
    CatalogTxn *txn = catalog_begin(model->catalog);
    int32_t count = 1 + dice_below(&model->dice, 3);
    bool good = true, merged = false;
    *state = model->now;
    for (int32_t i = 0; i < count && good && !merged; i++)
    {
        int32_t number = dice_below(&model->dice, TABLES);
        Step step = steps[dice_below(&model->dice, (int32_t) (sizeof steps / sizeof steps[0]))];
        if (!state->tables[number].exists)
            step = step_create;
        if (step == step_merge && i > 0) /* a merge is a transaction of its own */
            continue;
        merged = step == step_merge;
        good = sim_worked(model, "step", step(model, txn, state, number)) && model->failure == NULL;
    }
    if (!good || dice_one_in(&model->dice, 8))
    {
        sim_say(model, "rollback");
        catalog_rollback(txn);
    }
    else
    {
        Commit *commit = &model->commits[model->commit_count];
        sim_say(model, "commit");
        commit->begun = disk_calls();
        bool done = sim_worked(model, "commit", catalog_commit(txn));
        commit->acknowledged = disk_calls();
        commit->after = *state;
        model->commit_count += done;
        model->now = *state;
    }
    free(state);
}
