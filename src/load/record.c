/* SPDX-License-Identifier: Apache-2.0 */
/* The window, and records in it. */
#include "src/load/record.h"

#include "base/core/assert.h"

#include <stdlib.h>
#include <string.h>

/* ---- open and close ---- */

static void parser_targets(LoadParser *parser)
{
    const LoadPlan *plan = parser->plan;
    for (int32_t i = 0; i < plan->column_count; i++)
        if (plan->columns[i].position >= parser->field_count)
            parser->field_count = plan->columns[i].position + 1;
    parser->targets = ARENA_ARRAY(parser->arena, LoadTarget, parser->field_count + 1);
    parser->template_row = arena_zalloc(parser->arena, (size_t) parser->layout->stride);
    for (int32_t i = 0; i < plan->column_count; i++)
    {
        const LoadColumn *column = &plan->columns[i];
        const RowField *field = &parser->layout->fields[i];
        if (column->position >= 0)
            target_init(&parser->targets[column->position], column, field);
        else if (!column->fallback.null)
            value_store(column->type, (Rep) field->rep, &column->fallback, parser->template_row + field->offset);
        else if (field->null_offset >= 0)
            parser->template_row[field->null_offset] = 1;
    }
}

/* Columns that are not in the file and may not be NULL: no row could ever be right. */
static Error *columns_check(const LoadPlan *plan, const RowLayout *layout)
{
    for (int32_t i = 0; i < plan->column_count; i++)
    {
        const LoadColumn *column = &plan->columns[i];
        if (column->position < 0 && column->fallback.null && (column->not_null || layout->fields[i].null_offset < 0))
            return error_new(SQLSTATE_NOT_NULL_VIOLATION, "column \"%s\" is not in the input, has no default and must not be null",
                             column->name);
        if (column->position >= LOAD_FIELDS_MAX)
            return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d fields", LOAD_FIELDS_MAX);
    }
    return NULL;
}

Error *parser_open(LoadParser *parser, const LoadPlan *plan, const RowLayout *layout, LoadRejects *rejects, const char *file,
                   int64_t offset)
{
    ASSERT(layout->field_count == plan->column_count);
    memset(parser, 0, sizeof *parser);
    TRY(load_format_check(plan->format));
    TRY(columns_check(plan, layout));
    parser->plan = plan;
    parser->format = plan->format;
    parser->layout = layout;
    parser->rejects = rejects;
    parser->file = file;
    parser->null_length = strlen(plan->format->null_as);
    parser->arena = arena_new("load");
    parser->scratch = arena_new("load scratch");
    parser->limit = INT64_MAX;
    parser_targets(parser);
    LoadWindow *window = &parser->window;
    window->offset = offset;
    window->capacity = WINDOW_BYTES;
    window->data = malloc(window->capacity + SPLIT_SLACK + 1);
    ASSERT(window->data != NULL);
    return NULL;
}

void parser_close(LoadParser *parser)
{
    free(parser->window.data);
    free(parser->window.marks);
    arena_free(parser->scratch);
    arena_free(parser->arena);
    parser->window.data = NULL;
    parser->window.marks = NULL;
    parser->scratch = parser->arena = NULL;
}

/* ---- the window ---- */

static int64_t line_of_record(const LoadParser *parser)
{
    const LoadWindow *window = &parser->window;
    return window->lines + load_newlines(window->data, window->at) + 1;
}

static Error *record_too_long(LoadParser *parser)
{
    int64_t before = 0;
    if (parser->lines_before != NULL)
        TRY(parser->lines_before(parser->context, &before));
    Error *error = error_new(SQLSTATE_BAD_COPY_FILE_FORMAT, "load of \"%s\" failed at line %lld: the record is longer than %zu bytes",
                             parser->file, (long long) (before + line_of_record(parser)), LOAD_RECORD_BYTES_MAX);
    return error_hint(error, parser->format->kind == LOAD_CSV ? "Perhaps a quote is not closed." : "Perhaps the delimiter or the format is another one.");
}

Error *parser_make_room(LoadParser *parser, size_t more)
{
    LoadWindow *window = &parser->window;
    size_t kept = window->end - window->at;
    if (kept > LOAD_RECORD_BYTES_MAX)
        return record_too_long(parser);
    if (window->at > 0)
    {
        window->lines += load_newlines(window->data, window->at);
        window->offset += (int64_t) window->at;
        memmove(window->data, window->data + window->at, kept);
        window->at = 0;
        window->end = kept;
    }
    size_t need = kept + more;
    if (need > window->capacity)
    {
        while (window->capacity < need)
            window->capacity *= 2;
        char *grown = realloc(window->data, window->capacity + SPLIT_SLACK + 1);
        if (grown == NULL)
            return error_new(SQLSTATE_OUT_OF_MEMORY, "no memory for a record of \"%s\"", parser->file);
        window->data = grown;
    }
    window->mark = 0;
    window->split.mark_count = 0;
    return NULL;
}

void parser_index(LoadParser *parser)
{
    LoadWindow *window = &parser->window;
    size_t length = window->end - window->at;
    if (window->marks_capacity < length + 2)
    {
        free(window->marks);
        window->marks_capacity = window->capacity + 2;
        ASSERT(window->marks_capacity >= length + 2);
        window->marks = malloc(window->marks_capacity * sizeof *window->marks);
        ASSERT(window->marks != NULL);
    }
    memset(window->data + window->end, 0, SPLIT_SLACK);
    load_split(parser->format, window->data + window->at, length, window->marks, &window->split);
    window->mark = 0;
    window->marks_base = window->at;
    /* the last record may lack its newline */
    size_t count = window->split.mark_count;
    bool open = length > 0 && (count == 0 || window->data[window->end - 1] != '\n' || window->marks[count - 1] != length - 1);
    if (window->final && open)
    {
        window->data[window->end] = '\n';
        window->marks[window->split.mark_count++] = (uint32_t) length;
    }
}

/* ---- rejects ---- */

static const char *raw_copy(LoadParser *parser, const char *text, size_t length)
{
    char *copy = arena_strndup(parser->scratch, text, length > LOAD_RAW_MAX ? LOAD_RAW_MAX : length);
    for (char *c = copy; *c != 0; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return copy;
}

static Error *record_reject(LoadParser *parser, size_t length)
{
    LoadWindow *window = &parser->window;
    const LoadFault *fault = &parser->fault;
    const char *record = window->data + window->at;
    int64_t before = 0;
    if (parser->lines_before != NULL)
        TRY(parser->lines_before(parser->context, &before));
    bool in_field = fault->field >= 0;
    const LoadColumn *column = in_field && fault->field < parser->field_count ? parser->targets[fault->field].column : NULL;
    /* an unescaped copy has no place in the record */
    bool in_record = fault->text >= record && fault->text <= record + length;
    LoadReject reject = {.file = (char *) parser->file,
                         .line = before + line_of_record(parser),
                         .start_byte = window->offset + (int64_t) window->at,
                         .field = fault->field + 1,
                         .column = column != NULL ? column->name : (char *) "",
                         .type = column != NULL ? column->type : type_make(TYPE_NONE),
                         .position = in_record ? (int32_t) (fault->text - record) : 0,
                         .raw_line = (char *) raw_copy(parser, record, length),
                         .raw_field = (char *) raw_copy(parser, fault->text, fault->length),
                         .code = (int32_t) fault->code,
                         .reason = (char *) fault->reason};
    return rejects_add(parser->rejects, &reject);
}

/* ---- fields ---- */

/* Takes the backslashes away.  Borrows if there are none. */
static const char *field_unescape(LoadParser *parser, const char *text, size_t *length)
{
    if (memchr(text, '\\', *length) == NULL)
        return text;
    char *copy = arena_alloc(parser->scratch, *length);
    size_t made = 0;
    for (size_t i = 0; i < *length; i++)
    {
        if (text[i] == '\\' && i + 1 < *length)
            i++;
        copy[made++] = text[i];
    }
    *length = made;
    return copy;
}

/* A quoted field: text[0] is the quote.  False if the quotes are not as they should be. */
static bool field_unquote(LoadParser *parser, int32_t field, const char **text, size_t *length)
{
    char quote = parser->format->quote;
    const char *from = *text + 1;
    size_t inner = *length - 1, made = 0;
    if (inner == 0 || from[inner - 1] != quote)
        return fault_set(parser, LOAD_ERROR_QUOTE, field, *text, *length, "Invalid quote formatting for CSV: text behind a closing quote, or none");
    inner--;
    const char *found = memchr(from, quote, inner);
    if (found == NULL)
    {
        *text = from;
        *length = inner;
        return true;
    }
    char *copy = arena_alloc(parser->scratch, inner);
    for (size_t i = 0; i < inner; i++)
    {
        if (from[i] == quote && (i + 1 == inner || from[++i] != quote))
            return fault_set(parser, LOAD_ERROR_QUOTE, field, *text, *length, "Invalid quote formatting for CSV: a quote inside quotes must be doubled");
        copy[made++] = from[i];
    }
    *text = copy;
    *length = made;
    return true;
}

static bool field_take(LoadParser *parser, int32_t field, const char *text, size_t length, char *row)
{
    const LoadFormat *format = parser->format;
    bool quoted = false;
    if (format->kind == LOAD_CSV && parser->window.split.has_quote && length > 0)
    {
        quoted = text[0] == format->quote;
        if (quoted && !field_unquote(parser, field, &text, &length))
            return false;
        if (!quoted && memchr(text, format->quote, length) != NULL)
            return fault_set(parser, LOAD_ERROR_QUOTE, field, text, length, "Invalid quote formatting for CSV: a quote inside an unquoted field");
    }
    if (format->escape && !(length == parser->null_length && memcmp(text, format->null_as, length) == 0))
        text = field_unescape(parser, text, &length);
    return field_convert(parser, field, text, length, quoted, row);
}

/* Fields the record does not have. */
static bool fields_fill(LoadParser *parser, int32_t from, char *row)
{
    for (int32_t field = from; field < parser->field_count; field++)
    {
        const LoadTarget *target = &parser->targets[field];
        bool filled = target->column == NULL || (target->string && !parser->format->empty_as_null);
        if (filled && target->column != NULL)
        {
            Str empty = {"", 0};
            memcpy(row + target->field->offset, &empty, sizeof empty);
        }
        else if (!filled && !target_set_null(parser, field, row))
            return false;
    }
    return true;
}

/* The record at window.at ends with mark `last`; its text is `length` bytes. */
static bool record_parse(LoadParser *parser, size_t last, size_t length, char *row)
{
    const LoadWindow *window = &parser->window;
    const char *base = window->data + window->marks_base, *record = window->data + window->at, *at = record;
    int32_t have = (int32_t) (last - window->mark) + 1, expected = parser->field_count;
    const char *end = record + length;
    if (window->final && window->split.inside && last + 1 == window->split.mark_count)
        return fault_set(parser, LOAD_ERROR_QUOTE, -1, record, length, "Invalid quote formatting for CSV: a quote is not closed");
    /* a delimiter behind the last field is no field more */
    if (have == expected + 1 && base + window->marks[last - 1] + 1 == end)
        end = base + window->marks[--last];
    else if (have > expected)
        return fault_set(parser, LOAD_ERROR_EXTRA, -1, record, length, "Extra column(s) found: %d instead of %d", have, expected);
    else if (have < expected && !parser->format->fill_record)
        return fault_set(parser, LOAD_ERROR_MISSING, have, end, 0, "Delimiter not found: %d column(s) instead of %d", have,
                         expected);
    memcpy(row, parser->template_row, (size_t) parser->layout->stride);
    int32_t count = have < expected ? have : expected;
    for (int32_t field = 0; field < count; field++)
    {
        const char *stop = field + 1 == count ? end : base + window->marks[window->mark + (size_t) field];
        if (!field_take(parser, field, at, (size_t) (stop - at), row))
            return false;
        at = stop + 1;
    }
    return have >= expected || fields_fill(parser, have, row);
}

/* One record: *made tells whether it became a row. */
static Error *record_take(LoadParser *parser, size_t last, char *row, bool *made)
{
    LoadWindow *window = &parser->window;
    const LoadFormat *format = parser->format;
    size_t next = window->marks_base + window->marks[last] + 1;
    size_t length = next - 1 - window->at;
    const char *record = window->data + window->at;
    if (length > 0 && record[length - 1] == '\r')
        length--;
    *made = false;
    if (parser->stop_mark && length == 2 && record[0] == '\\' && record[1] == '.')
    {
        parser->stopped = true;
        return NULL;
    }
    if (length > 0 || !format->ignore_blank_lines)
    {
        parser->counters.lines++;
        if (length > LOAD_RECORD_BYTES_MAX)
            return record_too_long(parser);
        *made = record_parse(parser, last, length, row);
        if (!*made)
            TRY(record_reject(parser, length));
    }
    size_t stop = next > window->end ? window->end : next;
    parser->counters.bytes += (int64_t) (stop - window->at);
    window->at = stop;
    window->mark = last + 1;
    return NULL;
}

Error *parser_rows(LoadParser *parser, void *rows, int64_t rows_max, int64_t *count)
{
    LoadWindow *window = &parser->window;
    const char *base = window->data + window->marks_base;
    *count = 0;
    while (*count < rows_max && !parser->stopped)
    {
        if (window->offset + (int64_t) window->at >= parser->limit)
        {
            parser->stopped = true;
            return NULL;
        }
        size_t last = window->mark;
        while (last < window->split.mark_count && base[window->marks[last]] != '\n')
            last++;
        if (last >= window->split.mark_count)
            return NULL;
        bool made;
        char *row = (char *) rows + *count * parser->layout->stride;
        TRY(record_take(parser, last, row, &made));
        *count += made;
        parser->counters.rows += made;
    }
    return NULL;
}

size_t load_records_whole(const LoadFormat *format, const void *bytes, size_t length)
{
    char *copy = malloc(length + SPLIT_SLACK);
    uint32_t *marks = malloc((length + 1) * sizeof *marks);
    LoadSplit split;
    ASSERT(copy != NULL && marks != NULL);
    if (length > 0)
        memcpy(copy, bytes, length);
    memset(copy + length, 0, SPLIT_SLACK);
    load_split(format, copy, length, marks, &split);
    size_t count = split.mark_count;
    while (count > 0 && copy[marks[count - 1]] != '\n')
        count--;
    size_t whole = count == 0 ? 0 : (size_t) marks[count - 1] + 1;
    free(copy);
    free(marks);
    return whole;
}
