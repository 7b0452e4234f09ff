/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ANALYZE COMPRESSION: a sample of the table is encoded in every way its columns may be, and thrown away.
 *
 *     select columns from t limit n  -->  blocks of 65,536 values a column  -->  a chunk a candidate: its size counts
 *
 * Nothing is changed.  A heavy encoding (lzo, zstd) is recommended only where it saves a good deal more than every light one.
 */
#include "base/data/encode.h"
#include "base/data/value.h"
#include "hdf5store/chunk_write.h"
#include "src/leader/record.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_ROWS_OF_SLICE 100000
#define DICTIONARY_SHARE_MAX 0.25 /* of a sample's values that differ; more make it slow to read */
#define HEAVY_GAIN_LEAST     0.1 /* of the raw bytes */

/* From light to heavy: of equals the first is taken. */
static const Encode candidates[] = {ENCODE_raw, ENCODE_az64, ENCODE_delta, ENCODE_runlength, ENCODE_bytedict, ENCODE_lzo, ENCODE_zstd};
#define CANDIDATE_COUNT ((int32_t) (sizeof candidates / sizeof *candidates))
#define DICTIONARY      4
#define FIRST_HEAVY     5

typedef struct Sampled
{
    int32_t ordinal; /* of the table's column */
    SqlType type;
    void *values; /* BLOCK_ROWS of them */
    uint8_t *nulls;
    bool fits[CANDIDATE_COUNT];
    int64_t bytes[CANDIDATE_COUNT];
    Hll distinct;
} Sampled;

typedef struct Sample
{
    const Statement *statement;
    const CatalogTable *table;
    Arena *block; /* texts of the block that is being filled */
    ChunkWriter *writer;
    int32_t column_count;
    Sampled *columns;
    int32_t block_rows; /* filled */
    int64_t rows;
} Sample;

/* --- the sample -------------------------------------------------------------------------- */
static Error *column_measure(Sample *sample, Sampled *column)
{
    ChunkOutput chunk;
    for (int32_t i = 0; i < CANDIDATE_COUNT; i++)
    {
        Hll ignored = {{0}};
        if (!column->fits[i])
            continue;
        ChunkInput input = {.type = column->type,
                            .wish = encoding_of_keyword(encode_keyword(candidates[i])),
                            .values = column->values,
                            .nulls = column->nulls,
                            .rows = sample->block_rows};
        TRY(chunk_write(sample->writer, &input, i == 0 ? &column->distinct : &ignored, &chunk));
        column->bytes[i] += (int64_t) chunk.size;
        column->fits[i] = i == 0 || chunk.encoding == input.wish || chunk.encoding == ENCODING_CONST; /* it could be done so */
    }
    return NULL;
}

static Error *block_measure(Sample *sample)
{
    for (int32_t i = 0; i < sample->column_count && sample->block_rows > 0; i++)
        TRY(column_measure(sample, &sample->columns[i]));
    sample->rows += sample->block_rows;
    sample->block_rows = 0;
    arena_reset(sample->block);
    return session_check(sample->statement->session);
}

static void row_take(Sample *sample, const RowLayout *layout, const void *row)
{
    for (int32_t i = 0; i < sample->column_count; i++)
    {
        Sampled *column = &sample->columns[i];
        Rep rep = type_rep(column->type);
        char *at = (char *) column->values + (size_t) sample->block_rows * (size_t) rep_size(rep);
        Datum value = row_get(layout, row, i);
        column->nulls[sample->block_rows] = value.null;
        if (value.null)
            memset(at, 0, (size_t) rep_size(rep));
        else if (rep == REP_STR)
            value.str.data = arena_strndup(sample->block, value.str.data, (size_t) value.str.len);
        if (!value.null)
            value_store(column->type, rep, &value, at);
    }
    sample->block_rows++;
}

static Error *rows_take(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    Sample *sample = context;
    const char *row = rows;
    for (int64_t i = 0; i < count; i++, row += layout->stride)
    {
        row_take(sample, layout, row);
        if (sample->block_rows == BLOCK_ROWS)
            TRY(block_measure(sample));
    }
    return NULL;
}

/* --- what is to be looked at ----------------------------------------------------------------- */
static bool is_asked_for(const CompressionStatement *said, const char *name)
{
    for (int32_t i = 0; i < said->column_count; i++)
        if (strcmp(said->columns[i].name, name) == 0)
            return true;
    return said->column_count == 0;
}

static void column_add(Sample *sample, int32_t ordinal)
{
    Arena *arena = sample->statement->arena;
    Sampled *column = &sample->columns[sample->column_count++];
    column->ordinal = ordinal;
    column->type = sample->table->columns[ordinal].type;
    column->values = arena_alloc(arena, (size_t) BLOCK_ROWS * (size_t) rep_size(type_rep(column->type)));
    column->nulls = arena_alloc(arena, BLOCK_ROWS);
    for (int32_t i = 0; i < CANDIDATE_COUNT; i++)
    {
        Encode encode;
        Error *unfit = encode_parse(encode_keyword(candidates[i]), column->type, &encode);
        column->fits[i] = unfit == NULL;
        error_free(unfit);
    }
}

/* Keys of the sort are left as they are: their blocks should hold as many rows as others'. */
static void columns_choose(Sample *sample, const CompressionStatement *said)
{
    const CatalogTable *table = sample->table;
    sample->columns = ARENA_ARRAY(sample->statement->arena, Sampled, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
        if (is_asked_for(said, table->columns[i].name) && table_sort_position(table, i) == 0 && chunk_kind(table->columns[i].type) != 0)
            column_add(sample, i);
}

static Error *sample_read(Sample *sample, int64_t rows_most)
{
    Text sql;
    text_init(&sql, sample->statement->arena);
    text_puts(&sql, "select ");
    for (int32_t i = 0; i < sample->column_count; i++)
    {
        text_puts(&sql, i > 0 ? ", " : "");
        text_quote_ident(&sql, sample->table->columns[sample->columns[i].ordinal].name);
    }
    text_puts(&sql, " from ");
    sql_put_table(&sql, sample->table);
    text_printf(&sql, " limit %lld", (long long) rows_most);
    RowSink sink = {.context = sample, .rows = rows_take};
    TRY(conduct_rows(sample->statement, sql.data, &sink));
    TRY(block_measure(sample));
    for (int32_t i = 0; i < sample->column_count; i++)
        if (hll_estimate(&sample->columns[i].distinct) > DICTIONARY_SHARE_MAX * (double) sample->rows)
            sample->columns[i].fits[DICTIONARY] = false;
    return NULL;
}

/* --- what comes of it -------------------------------------------------------------------- */
static int32_t smallest(const Sampled *column, int32_t end)
{
    int32_t best = 0;
    for (int32_t i = 1; i < end; i++)
        if (column->fits[i] && column->bytes[i] < column->bytes[best])
            best = i;
    return best;
}

static int32_t recommended(const Sampled *column)
{
    int32_t light = smallest(column, FIRST_HEAVY), best = smallest(column, CANDIDATE_COUNT);
    int64_t gain = column->bytes[light] - column->bytes[best];
    return (double) gain > HEAVY_GAIN_LEAST * (double) column->bytes[0] ? best : light;
}

static const char *shown(const CatalogColumn *column)
{
    return column->encoding == NULL ? "auto" : column->encoding;
}

static void column_keep(const Sample *sample, const Sampled *column, int32_t chosen)
{
    const Statement *statement = sample->statement;
    int32_t best = smallest(column, CANDIDATE_COUNT);
    HistoryRow *row = history_row("stl_analyze_compression", statement->time);
    history_int(row, statement->session->user_id);
    history_int(row, statement->time);
    history_int(row, statement->session->transaction);
    history_int(row, sample->table->id);
    history_text(row, sample->table->name);
    history_int(row, column->ordinal);
    history_text(row, shown(&sample->table->columns[column->ordinal]));
    history_text(row, encode_keyword(candidates[chosen]));
    history_text(row, "ANALYZE ONLY");
    history_text(row, encode_keyword(candidates[best]));
    history_text(row, arena_printf(statement->arena, "%lld", (long long) column->bytes[chosen]));
    history_text(row, arena_printf(statement->arena, "%lld", (long long) column->bytes[best]));
    history_int(row, (int64_t) (hll_estimate(&column->distinct) + 0.5));
    history_add(statement->session->leader->history, row);
}

static Error *column_tell(Sample *sample, Result *result, int32_t ordinal, const CompressionStatement *said)
{
    Arena *arena = sample->statement->arena;
    const CatalogColumn *column = &sample->table->columns[ordinal];
    const char *row[] = {sample->table->name, column->name, "N/A", "0.00"};
    if (is_asked_for(said, column->name) && table_sort_position(sample->table, ordinal) > 0)
        row[2] = shown(column);
    for (int32_t i = 0; i < sample->column_count && sample->rows > 0; i++)
    {
        const Sampled *sampled = &sample->columns[i];
        int32_t chosen = recommended(sampled);
        if (sampled->ordinal != ordinal)
            continue;
        row[2] = encode_keyword(candidates[chosen]);
        row[3] = arena_printf(arena, "%.2f", 100.0 - 100.0 * (double) sampled->bytes[chosen] / (double) sampled->bytes[0]);
        column_keep(sample, sampled, chosen);
    }
    return result_texts(result, arena, row);
}

static Error *table_analyze(Statement *statement, const CatalogTable *table, int32_t slice_count)
{
    const CompressionStatement *said = statement->parse->compression;
    int64_t most = (int64_t) SAMPLE_ROWS_OF_SLICE * slice_count;
    Sample sample = {.statement = statement, .table = table, .block = arena_new("sample")};
    arena_own(statement->arena, (void (*)(void *)) arena_free, sample.block);
    sample.writer = chunk_writer_new(statement->arena);
    columns_choose(&sample, said);
    if (sample.column_count > 0 && table->row_count > 0)
        TRY(sample_read(&sample, said->sample_rows > most ? said->sample_rows : most));
    for (int32_t i = 0; i < table->column_count; i++)
        TRY(column_tell(&sample, &statement->result, i, said));
    return NULL;
}

static Error *columns_check(const CatalogTable *table, const CompressionStatement *said)
{
    for (int32_t i = 0; i < said->column_count; i++)
        if (catalog_find_column(table, said->columns[i].name) < 0)
            return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
                                      said->columns[i].name, table->name),
                            said->columns[i].position);
    return NULL;
}

int32_t compression_columns(WireColumn columns[COMPRESSION_COLUMNS])
{
    static const char *const names[COMPRESSION_COLUMNS] = {"Table", "Column", "Encoding", "Est_reduction_pct"};
    for (int32_t i = 0; i < COMPRESSION_COLUMNS; i++)
        columns[i] = (WireColumn){.name = names[i], .type = type_varchar(128)};
    return COMPRESSION_COLUMNS;
}

/* As the last who held a lock has left it. */
static Error *table_locked(Statement *statement, int64_t id)
{
    bool renewed = false;
    TRY(session_lock(statement, id, LOCK_READ, &renewed));
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(statement->session));
    const CatalogTable *table = catalog_find_table_id(snapshot, id);
    return table == NULL ? NULL : table_analyze(statement, table, snapshot->slice_count);
}

/* All that the user may: others are passed over, and so are temporary ones of other sessions. */
static Error *all_analyze(Statement *statement, const BindContext *context)
{
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(statement->session));
    int64_t *ids = ARENA_ARRAY(statement->arena, int64_t, snapshot->table_count);
    int32_t count = 0;
    for (int32_t i = 0; i < snapshot->table_count; i++)
    {
        const CatalogTable *table = snapshot->tables[i];
        Error *refusal = bind_may_use(snapshot, context, table, PRIVILEGE_OWNER, 0);
        bool others = table_is_temporary(table) && strcmp(table->schema, statement->session->temp_schema) != 0;
        if (refusal == NULL && table->view_sql == NULL && !others)
            ids[count++] = table->id;
        error_free(refusal);
    }
    for (int32_t i = 0; i < count; i++)
        TRY(table_locked(statement, ids[i]));
    return NULL;
}

Error *compression_run(Statement *statement)
{
    Session *session = statement->session;
    const CompressionStatement *said = statement->parse->compression;
    const CatalogTable *table = NULL;
    WireColumn columns[COMPRESSION_COLUMNS];
    BindContext context;
    session_bind_context(session, statement, &context);
    if (said->table.name != NULL)
    {
        TRY(bind_table_name(catalog_txn_snapshot(session_txn(session)), &context, &said->table, false, PRIVILEGE_OWNER, &table));
        TRY(columns_check(table, said));
    }
    TRY(result_begin(&statement->result, statement->arena, columns, compression_columns(columns)));
    record_planned(session, false, 0);
    return table == NULL ? all_analyze(statement, &context) : table_locked(statement, table->id);
}
