/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/session.h"

#include <string.h>

static const char BINARY_HEADER[] = "PGCOPY\n\377\r\n"; /* and its zero; then flags, and the length of what is not there */

/* --- fields ------------------------------------------------------------------------- */

/* Backslashes before what could be taken for something else. */
static void put_escaped(const CopyToStatement *said, Wire *wire, const char *bytes, size_t length)
{
    static const char from[] = "\b\f\n\r\t\v", to[] = "bfnrtv";
    size_t plain = 0;
    for (size_t i = 0; i < length; i++)
    {
        char c = bytes[i];
        const char *letter = c == '\0' ? NULL : strchr(from, c);
        if (c != '\\' && c != said->delimiter && letter == NULL)
            continue;
        wire_put_bytes(wire, bytes + plain, i - plain);
        wire_put_u8(wire, '\\');
        wire_put_u8(wire, (uint8_t) (letter != NULL ? to[letter - from] : c));
        plain = i + 1;
    }
    wire_put_bytes(wire, bytes + plain, length - plain);
}

/* Does a CSV field need its quotes?  An only column's \. would be taken for the end. */
static bool needs_quotes(const CopyOut *copy, const char *bytes, size_t length)
{
    const CopyToStatement *said = copy->said;
    if (length == strlen(said->null_as) && memcmp(bytes, said->null_as, length) == 0)
        return true;
    if (copy->column_count == 1 && length == 2 && memcmp(bytes, "\\.", 2) == 0)
        return true;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == said->delimiter || bytes[i] == said->quote || bytes[i] == '\n' || bytes[i] == '\r')
            return true;
    return false;
}

static void put_csv(const CopyOut *copy, Wire *wire, const char *bytes, size_t length, bool quoted)
{
    const CopyToStatement *said = copy->said;
    if (!quoted && !needs_quotes(copy, bytes, length))
    {
        wire_put_bytes(wire, bytes, length);
        return;
    }
    size_t plain = 0;
    wire_put_u8(wire, (uint8_t) said->quote);
    for (size_t i = 0; i < length; i++)
    {
        if (bytes[i] != said->quote && bytes[i] != said->escape)
            continue;
        wire_put_bytes(wire, bytes + plain, i - plain);
        wire_put_u8(wire, (uint8_t) said->escape);
        plain = i;
    }
    wire_put_bytes(wire, bytes + plain, length - plain);
    wire_put_u8(wire, (uint8_t) said->quote);
}

static void put_text(const CopyOut *copy, Wire *wire, int32_t column, const char *bytes, size_t length, bool quoted)
{
    if (column > 0)
        wire_put_u8(wire, (uint8_t) copy->said->delimiter);
    if (bytes == NULL)
        wire_put_bytes(wire, copy->said->null_as, strlen(copy->said->null_as));
    else if (copy->said->format == COPY_TO_CSV)
        put_csv(copy, wire, bytes, length, quoted);
    else
        put_escaped(copy->said, wire, bytes, length);
}

/* --- the whole ------------------------------------------------------------------------- */

static Error *quoted_find(CopyOut *copy, Arena *arena, const WireColumn *columns)
{
    copy->quoted = ARENA_ARRAY(arena, bool, copy->column_count);
    for (int32_t i = 0; i < copy->column_count; i++)
        copy->quoted[i] = copy->said->quotes_all;
    for (int32_t k = 0; k < copy->said->quoted_count; k++)
    {
        bool found = false;
        for (int32_t i = 0; i < copy->column_count; i++)
            if (strcmp(columns[i].name, copy->said->quoted[k]) == 0)
                found = copy->quoted[i] = true;
        if (!found)
            return error_new(SQLSTATE_UNDEFINED_COLUMN, "FORCE_QUOTE column \"%s\" is not copied", copy->said->quoted[k]);
    }
    return NULL;
}

static void header_put(const CopyOut *copy, Wire *wire, const WireColumn *columns)
{
    wire_begin(wire, 'd');
    if (copy->said->format == COPY_TO_BINARY)
    {
        wire_put_bytes(wire, BINARY_HEADER, sizeof BINARY_HEADER);
        wire_put_u32(wire, 0);
        wire_put_u32(wire, 0);
    }
    else
    {
        for (int32_t i = 0; i < copy->column_count; i++)
            put_text(copy, wire, i, columns[i].name, strlen(columns[i].name), false);
        wire_put_u8(wire, '\n');
    }
    wire_end(wire);
}

Error *copy_out_begin(CopyOut *copy, Arena *arena, Wire *wire, const WireColumn *columns, int32_t count)
{
    bool binary = copy->said->format == COPY_TO_BINARY;
    copy->column_count = count;
    text_init(&copy->value, arena);
    TRY(quoted_find(copy, arena, columns));
    wire_copy_response(wire, 'H', binary, count);
    if (binary || copy->said->header)
        header_put(copy, wire, columns);
    return NULL;
}

static void field_put(CopyOut *copy, Wire *wire, const RowField *field, int32_t column, const char *row)
{
    const char *at = row + field->offset;
    const Str *str = (const Str *) at;
    if (field->null_offset >= 0 && row[field->null_offset] != 0)
        put_text(copy, wire, column, NULL, 0, false);
    else if (field->type.id == TYPE_VARCHAR)
        put_text(copy, wire, column, str->data, (size_t) str->len, copy->quoted[column]);
    else
    {
        Datum value = value_load(field->type, (Rep) field->rep, at);
        text_clear(&copy->value);
        value_print(&copy->value, field->type, &value);
        put_text(copy, wire, column, copy->value.data, copy->value.length, copy->quoted[column]);
    }
}

void copy_out_row(CopyOut *copy, Wire *wire, const RowLayout *layout, const void *row)
{
    wire_begin(wire, 'd');
    if (copy->said->format == COPY_TO_BINARY)
        wire_put_row(wire, layout, NULL, copy->column_count, row);
    else
    {
        for (int32_t i = 0; i < copy->column_count; i++)
            field_put(copy, wire, &layout->fields[i], i, row);
        wire_put_u8(wire, '\n');
    }
    wire_end(wire);
}

static void copy_out_end(const CopyOut *copy, Wire *wire)
{
    if (copy->said->format == COPY_TO_BINARY)
    {
        wire_begin(wire, 'd');
        wire_put_u16(wire, UINT16_MAX);
        wire_end(wire);
    }
    wire_bare(wire, 'c');
}

Error *copy_out_run(Statement *statement)
{
    CopyOut copy = {.said = statement->parse->copy_to};
    Result *result = &statement->result;
    statement->query = copy.said->query;
    result->copy = &copy;
    result->kept = NULL; /* a portal's limit is not for it */
    result->format_count = 0;
    Error *error = conduct_query(statement);
    result->copy = NULL;
    result->column_count = 0; /* it gives no rows that Execute could go on with */
    if (error == NULL)
        copy_out_end(&copy, &statement->session->wire);
    return error;
}
