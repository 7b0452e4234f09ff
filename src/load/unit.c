/* SPDX-License-Identifier: Apache-2.0 */
/* A unit of a plan: a range of a plain file, or a compressed file. */
#include "base/core/assert.h"
#include "src/load/boundary.h"
#include "src/load/reader.h"
#include "src/load/record.h"

#include <stdlib.h>

#define READ_BYTES (WINDOW_BYTES / 2)

struct LoadUnit
{
    LoadParser parser;
    LoadReader *reader;
    const LoadPart *part;
    const LoadFile *file;
    int64_t start; /* where the first record of the unit begins */
    int64_t read_from;
    int64_t lines_before; /* -1: not counted yet */
    int32_t header_left;  /* compressed: header records still to be passed over */
    bool checked;
};

static Error *unit_lines_before(void *context, int64_t *lines)
{
    LoadUnit *unit = context;
    if (unit->lines_before < 0)
        TRY(load_lines_count(load_reader_fd(unit->reader), unit->file->path, 0, unit->start, &unit->lines_before));
    *lines = unit->lines_before;
    return NULL;
}

static Error *unit_begin(LoadUnit *unit, const LoadPlan *plan, const RowLayout *layout, LoadRejects *rejects)
{
    const LoadFormat *format = plan->format;
    bool plain = format->compression == LOAD_PLAIN;
    LoadReader *probe;
    TRY(load_reader_open(unit->file->path, LOAD_PLAIN, 0, &probe));
    Error *error = NULL;
    if (plain)
        error = load_boundary_find(load_reader_fd(probe), unit->file->path, format, unit->file->size_bytes, unit->part->from, &unit->start);
    load_reader_close(probe);
    TRY(error);
    TRY(load_reader_open(unit->file->path, (LoadCompression) format->compression, unit->start, &unit->reader));
    TRY(parser_open(&unit->parser, plan, layout, rejects, unit->file->path, unit->start));
    unit->read_from = unit->start;
    unit->lines_before = unit->start == 0 ? 0 : -1;
    unit->header_left = plain ? 0 : format->ignore_header;
    unit->parser.lines_before = unit_lines_before;
    unit->parser.context = unit;
    if (plain)
        unit->parser.limit = unit->part->to;
    return NULL;
}

Error *load_unit_open(const LoadPlan *plan, int32_t index, const RowLayout *layout, LoadRejects *rejects, LoadUnit **out)
{
    ASSERT(index >= 0 && index < plan->unit_count);
    LoadUnit *unit = calloc(1, sizeof *unit);
    ASSERT(unit != NULL);
    unit->part = &plan->units[index];
    unit->file = &plan->files[unit->part->file];
    *out = unit;
    Error *error = unit_begin(unit, plan, layout, rejects);
    if (error != NULL)
    {
        load_unit_close(unit);
        *out = NULL;
    }
    return error;
}

static Error *unit_refill(LoadUnit *unit)
{
    LoadParser *parser = &unit->parser;
    LoadWindow *window = &parser->window;
    size_t kept = window->end - window->at;
    /* a long record: read more each time, so that it is not looked through too often */
    TRY(parser_make_room(parser, READ_BYTES + kept));
    size_t got;
    TRY(load_reader_read(unit->reader, window->data + window->end, window->capacity - window->end, &got));
    window->end += got;
    window->final = got == 0;
    parser_index(parser);
    return NULL;
}

/* Header records of a compressed file; a plain file's unit begins behind them. */
static void unit_skip_header(LoadUnit *unit)
{
    LoadWindow *window = &unit->parser.window;
    const char *base = window->data + window->marks_base;
    while (unit->header_left > 0 && window->mark < window->split.mark_count)
    {
        size_t next = window->marks_base + window->marks[window->mark] + 1;
        bool ends = base[window->marks[window->mark++]] == '\n';
        if (!ends)
            continue;
        window->at = next > window->end ? window->end : next;
        unit->header_left--;
    }
    if (unit->header_left > 0) /* the rest of a record comes with the next refill, marks and all */
        window->mark = window->split.mark_count;
}

/* A CSV unit must end where the next begins: see boundary.h. */
static Error *unit_check_end(LoadUnit *unit)
{
    const LoadWindow *window = &unit->parser.window;
    int64_t size = unit->file->size_bytes, ends = window->offset + (int64_t) window->at, next;
    if (unit->checked || unit->parser.format->kind != LOAD_CSV || unit->parser.format->compression != LOAD_PLAIN ||
        unit->part->to >= size)
        return NULL;
    unit->checked = true;
    TRY(load_boundary_find(load_reader_fd(unit->reader), unit->file->path, unit->parser.format, size, unit->part->to, &next));
    if (next == ends)
        return NULL;
    return error_hint(error_new(SQLSTATE_BAD_COPY_FILE_FORMAT, "load of \"%s\" failed: its quotes do not pair up near byte %lld",
                                unit->file->path, (long long) unit->part->to),
                      "In a CSV file a quote inside a quoted field must be doubled, and one outside is not allowed.");
}

Error *load_unit_next(LoadUnit *unit, void *rows, int64_t rows_max, int64_t *count)
{
    LoadParser *parser = &unit->parser;
    LoadWindow *window = &parser->window;
    *count = 0;
    arena_reset(parser->scratch);
    if (unit->start >= parser->limit)
        parser->stopped = true;
    while (!parser->stopped)
    {
        TRY(parser_rows(parser, rows, rows_max, count));
        if (*count > 0)
            return NULL;
        if (parser->stopped || (window->final && window->mark >= window->split.mark_count))
            break;
        TRY(unit_refill(unit));
        unit_skip_header(unit);
    }
    return unit_check_end(unit);
}

void load_unit_counters(const LoadUnit *unit, LoadCounters *out)
{
    *out = unit->parser.counters;
    int64_t read = load_reader_file_bytes(unit->reader) - unit->read_from;
    int64_t own = unit->part->to - unit->part->from; /* plain: the last buffer reaches into the next unit */
    out->file_bytes = read > own ? own : read;
}

void load_unit_close(LoadUnit *unit)
{
    if (unit == NULL)
        return;
    parser_close(&unit->parser);
    load_reader_close(unit->reader);
    free(unit);
}
