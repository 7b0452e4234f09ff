/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY: files, or what the client sends, become segments.
 *
 *     CopyPlan --> LoadFormat, LoadColumns, LoadFiles --> LoadPlan --> Spec:
 *
 *         LOAD --> APPEND                 one compute node, or rows may stay where they are read (EVEN)
 *         LOAD --> EXCHANGE --> APPEND    rows go to the node that owns their slice
 *
 * and when the ranks have written: rejects to the history, segments to the transaction.
 */
#include "base/core/assert.h"
#include "hdf5store/encoding.h"
#include "src/leader/copy.h"
#include "src/leader/record.h"
#include "src/leader/settle.h"
#include "src/load/parse.h"
#include "src/plan/plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- what to read ------------------------------------------------------------------ */
static LoadCompression compression_of(CopyCompression compression)
{
    switch (compression)
    {
    case COPY_GZIP:
        return LOAD_GZIP;
    case COPY_ZSTD:
        return LOAD_ZSTD;
    case COPY_BZIP2:
        return LOAD_BZIP2;
    case COPY_PLAIN:
        break;
    }
    return LOAD_PLAIN;
}

static Error *format_make(const CopyOptions *options, LoadFormat *format)
{
    if (options->remove_quotes)
        return error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "REMOVEQUOTES is not supported yet"),
                          "CSV reads quoted fields.");
    load_format_init(format, options->csv ? LOAD_CSV : LOAD_DELIMITED);
    format->compression = (uint8_t) compression_of(options->compression);
    format->delimiter = options->delimiter;
    if (options->csv)
        format->quote = options->quote;
    format->escape = options->escape;
    format->ignore_blank_lines = options->ignore_blank_lines;
    format->trim_blanks = options->trim_blanks;
    format->fill_record = options->fill_record;
    format->truncate_columns = options->truncate_columns;
    format->accept_invalid_chars = options->accept_invalid_chars;
    format->replacement_char = options->replacement_char;
    format->blanks_as_null = options->blanks_as_null;
    format->empty_as_null = options->empty_as_null;
    format->accept_any_date = options->accept_any_date;
    format->round_decimals = options->round_decimals;
    format->null_as = options->null_as;
    format->date_format = options->date_format;
    format->time_format = options->time_format;
    format->ignore_header = options->ignore_header;
    format->max_error = options->max_error;
    return load_format_check(format);
}

static LoadColumn *columns_make(Arena *arena, const CopyPlan *copy)
{
    LoadColumn *columns = ARENA_ARRAY(arena, LoadColumn, copy->column_count);
    for (int32_t i = 0; i < copy->column_count; i++)
        columns[i] = (LoadColumn){.name = copy->columns[i].name,
                                  .type = copy->columns[i].type,
                                  .not_null = copy->columns[i].not_null,
                                  .position = copy->columns[i].position,
                                  .fallback = i == copy->identity ? (Datum){.i = 0} : copy->columns[i].fallback};
    return columns;
}

static Error *files_find(Copy *copy, LoadFiles *files)
{
    const Config *config = copy->session->leader->config;
    const CopyPlan *plan = copy->plan;
    Error *error =
        load_files_find(copy->arena, plan->path, plan->options->manifest, (const char *const *) config->copy_directories,
                        config->copy_directory_count, files);
    if (error != NULL && error->state == SQLSTATE_INSUFFICIENT_PRIVILEGE && error->hint == NULL)
        error = error_hint(error, "Add the directory to copy_directories in \"%s/stoa.conf\" and restart, or put the file "
                                  "into \"%s/import\".",
                           copy->session->leader->directory, copy->session->leader->directory);
    return error == NULL ? NULL : error_at(error, plan->path_position);
}

static Error *load_make(Copy *copy, SpecLoad *load)
{
    LoadFormat *format = ARENA_NEW(copy->arena, LoadFormat);
    TRY(format_make(copy->plan->options, format));
    LoadColumn *columns = columns_make(copy->arena, copy->plan);
    load->stream = copy->plan->from_stdin;
    load->identity = copy->plan->identity;
    load->seed = copy->plan->table->identity.seed;
    load->step = copy->plan->table->identity.step;
    if (load->stream && format->compression != LOAD_PLAIN)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY FROM STDIN reads uncompressed data only");
    if (!load->stream)
        TRY(files_find(copy, &copy->files));
    EngineInfo info;
    engine_info(copy->session->leader->engine, &info);
    int32_t workers = info.threads * copy->node_count;
    LoadPlan *plan = load_plan_make(copy->arena, format, columns, copy->plan->column_count, &copy->files, workers);
    Text bytes;
    text_init(&bytes, copy->arena);
    load_plan_write(&bytes, plan);
    load->plan = bytes.data;
    load->plan_bytes = bytes.length;
    return NULL;
}

/* --- the Spec ------------------------------------------------------------------------ */
static RowLayout *layout_make(Arena *arena, const CatalogTable *table)
{
    RowLayout *layout = ARENA_NEW(arena, RowLayout);
    layout->field_count = table->column_count;
    layout->fields = ARENA_ARRAY(arena, RowField, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
        layout->fields[i] = (RowField){.type = table->columns[i].type,
                                       .rep = (uint8_t) type_rep(table->columns[i].type),
                                       .null_offset = table->columns[i].not_null ? -1 : 0};
    row_layout_place(layout);
    return layout;
}

Error *spec_table_complete(Leader *leader, Arena *arena, const CatalogTable *table, SpecTable *target)
{
    target->file_stamp = catalog_next_id(leader->catalog);
    target->rides = catalog_image_bytes(leader->catalog) < IMAGES_BYTES_MAX;
    target->column_encodings = ARENA_ARRAY(arena, uint8_t, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
        target->column_encodings[i] = (uint8_t) encoding_of_keyword(table->columns[i].encoding);
    return NULL;
}

static Error *spec_make(Copy *copy, Spec **out)
{
    Arena *arena = copy->arena;
    const CatalogTable *table = copy->plan->table;
    Spec *spec = ARENA_NEW(arena, Spec);
    spec->load = ARENA_NEW(arena, SpecLoad);
    TRY(load_make(copy, spec->load));
    bool stream = spec->load->stream;
    bool apart = world_compute_index(copy->session->leader->world) == LEADER_INDEX; /* no rows may rest here */
    bool moved = (stream && apart) ||
                 (copy->node_count > 1 && (table->dist_style == DIST_KEY || table->dist_style == DIST_ALL));
    RowLayout *layout = layout_make(arena, table);
    spec->query = leader_next_query(copy->session->leader);
    spec->slice_count = copy->snapshot->slice_count;
    spec->data_version = copy->snapshot->version;
    spec->numbers_base = catalog_identity_next(session_txn(copy->session), table->id);
    spec->table_count = 1;
    spec->tables = plan_target(arena, table);
    TRY(spec_table_complete(copy->session->leader, arena, table, spec->tables));
    spec->stores = ARENA_ARRAY(arena, SpecStore, 2);
    spec->pipelines = ARENA_ARRAY(arena, SpecPipeline, 2);
    int32_t append = moved ? 1 : 0;
    if (moved)
    {
        spec->stores[0] = (SpecStore){.kind = STORE_EXCHANGE, .exchange = EXCHANGE_HASH, .from_leader = stream,
                                      .layout = layout, .limit = -1};
        spec->pipelines[1] = (SpecPipeline){.source = SOURCE_STORE, .source_index = 0, .sink = 1, .function = -1,
                                            .segment = 1, .label = arena_printf(arena, "insert %s", table->name)};
    }
    spec->stores[append] = (SpecStore){.kind = STORE_APPEND, .layout = layout, .limit = -1};
    spec->pipelines[0] = (SpecPipeline){.source = SOURCE_LOAD, .sink = 0, .function = -1, .on_leader = stream,
                                        .label = arena_printf(arena, "load %s", table->name)};
    spec->store_count = spec->pipeline_count = append + 1;
    *out = spec;
    return NULL;
}

/* --- bytes from the client --------------------------------------------------------------- */
static Error *feed_next(void *context, const void **bytes, size_t *length)
{
    Copy *copy = context;
    Wire *wire = &copy->session->wire;
    *bytes = NULL;
    *length = 0;
    while (!copy->feed_ended)
    {
        uint8_t type;
        WireReader payload;
        Error *error = session_check(copy->session);
        if (error == NULL)
            error = wire_read(wire, &type, &payload);
        if (error != NULL || type == 0)
        {
            copy->session->closing = error == NULL || error->state == SQLSTATE_CONNECTION_FAILURE;
            copy->feed_ended = true;
            return error != NULL ? error : error_new(SQLSTATE_CONNECTION_FAILURE, "the client went away in COPY");
        }
        switch (type)
        {
        case 'd':
            *bytes = payload.at;
            *length = (size_t) (payload.end - payload.at);
            if (*length > 0)
                return NULL;
            break;
        case 'c':
            copy->feed_ended = true;
            break;
        case 'f':
            copy->feed_ended = true;
            return error_new(SQLSTATE_QUERY_CANCELED, "COPY from stdin failed: %s", wire_get_string(&payload));
        case 'H':
        case 'S':
            break;
        default:
            copy->feed_ended = true;
            copy->session->closing = true;
            return error_new(SQLSTATE_PROTOCOL_VIOLATION, "unexpected message type %d during COPY from stdin", type);
        }
    }
    return NULL;
}

/* After an early end without an error (nothing to load) the rest is read, so that messages stay in step. */
static Error *feed_drain(Copy *copy)
{
    const void *bytes;
    size_t length = 1;
    while (!copy->feed_ended && length > 0)
        TRY(feed_next(copy, &bytes, &length));
    return NULL;
}

static Error *run(Copy *copy, Spec *spec)
{
    Session *session = copy->session;
    copy->start_time = session_clock();
    if (!copy->plan->from_stdin)
        return session_engine_run(session, spec, copy->arena, NULL, NULL, &copy->result);
    wire_copy_response(&session->wire, 'G', false, copy->plan->table->column_count);
    TRY(wire_flush(&session->wire));
    RunFeed feed = {.context = copy, .next = feed_next};
    TRY(session_engine_run(session, spec, copy->arena, &feed, NULL, &copy->result));
    return feed_drain(copy);
}

static void written_remove(Copy *copy)
{
    for (int32_t i = 0; i < copy->result.segment_count; i++)
        unlink(arena_printf(copy->arena, "%s/db%d/t%lld/s%d/%s", copy->session->leader->directory, DATABASE_ID,
                            (long long) copy->plan->table->id, copy->result.segments[i].slice,
                            copy->result.segments[i].file));
}

static Error *finish(Copy *copy, int64_t *rows)
{
    Session *session = copy->session;
    *rows = copy->result.load_rows;
    if (copy->plan->options->no_load)
        written_remove(copy);
    else
    {
        TRY(commit_segments(copy->statement, copy->plan->table, &copy->result, rows));
        TRY(commit_numbers(copy->statement, copy->plan->table, &copy->result, 0));
    }
    session->last_copy_rows = *rows;
    session->last_copy_query = session->last_query;
    if (!copy->plan->from_stdin)
        wire_notice(&session->wire, WIRE_INFO, "Load into table '%s' completed, %lld record(s) loaded successfully.",
                    copy->plan->table->name, (long long) *rows);
    if (copy->result.load_rejected > 0)
        wire_notice(&session->wire, WIRE_INFO,
                    "Load into table '%s' completed, %lld record(s) could not be loaded.  Check 'stl_load_errors' system "
                    "table for details.",
                    copy->plan->table->name, (long long) copy->result.load_rejected);
    return NULL;
}

Error *copy_run(Statement *statement)
{
    Session *session = statement->session;
    BindContext context;
    session_bind_context(session, statement, &context);
    Copy copy = {.statement = statement,
                 .session = session,
                 .arena = statement->arena,
                 .node_count = world_compute_count(session->leader->world)};
    for (bool renewed = true; renewed;)
    {
        renewed = false;
        copy.snapshot = catalog_txn_snapshot(session_txn(session));
        TRY(bind_copy(statement->arena, copy.snapshot, &context, statement->parse, &copy.plan));
        TRY(session_may_write(copy.session, copy.plan->table, statement->parse->tag));
        TRY(session_lock(statement, copy.plan->table->id, copy.plan->identity >= 0 ? LOCK_NUMBER : LOCK_APPEND, &renewed));
    }
    Spec *spec;
    TRY(spec_make(&copy, &spec));
    record_planned(session, false, 0);
    Error *error = run(&copy, spec);
    int64_t rows = 0;
    error = copy_rejects_keep(&copy, error);
    if (error == NULL)
        error = finish(&copy, &rows);
    copy_loads_keep(&copy, rows, error);
    TRY(error);
    record_rows(session, rows);
    if (copy.plan->from_stdin)
        snprintf(statement->tag, sizeof statement->tag, "COPY %lld", (long long) rows);
    return NULL;
}
