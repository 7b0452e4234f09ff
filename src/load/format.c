/* SPDX-License-Identifier: Apache-2.0 */
#include "src/load/format.h"

#include "base/core/assert.h"

#include <string.h>

void load_format_init(LoadFormat *format, LoadKind kind)
{
    static char null_text[] = "\\N";
    memset(format, 0, sizeof *format);
    format->kind = (uint8_t) kind;
    format->delimiter = kind == LOAD_CSV ? ',' : '|';
    format->quote = '"';
    format->replacement_char = '?';
    format->null_as = null_text;
}

Error *load_format_check(const LoadFormat *format)
{
    char d = format->delimiter;
    if (d == '\n' || d == '\r' || d == 0 || (unsigned char) d >= 128)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter must be a single ASCII character, and no newline");
    if (format->kind == LOAD_CSV && format->escape)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "ESCAPE cannot be used with CSV");
    if (format->kind == LOAD_CSV && (format->quote == d || format->quote == '\n' || format->quote == '\r' ||
                                     format->quote == 0 || (unsigned char) format->quote >= 128))
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "CSV quote character must be a single ASCII character other than the delimiter");
    if (format->escape && d == '\\')
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the delimiter cannot be a backslash with ESCAPE");
    ASSERT(format->null_as != NULL);
    if (strpbrk(format->null_as, "\r\n") != NULL || strchr(format->null_as, d) != NULL)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "NULL AS must not contain the delimiter or a newline");
    if (format->ignore_header < 0)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "IGNOREHEADER must not be negative");
    if (format->max_error < 0 || format->max_error > LOAD_MAXERROR_MAX)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "MAXERROR must be between 0 and %d", LOAD_MAXERROR_MAX);
    if ((unsigned char) format->replacement_char >= 128 || format->replacement_char == 0)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the ACCEPTINVCHARS character must be a single ASCII character");
    return NULL;
}

void load_format_write(ByteWriter *writer, const LoadFormat *format)
{
    put_u8(writer, format->kind);
    put_u8(writer, format->compression);
    put_u8(writer, (uint8_t) format->delimiter);
    put_u8(writer, (uint8_t) format->quote);
    put_u8(writer, format->escape);
    put_u8(writer, format->ignore_blank_lines);
    put_u8(writer, format->trim_blanks);
    put_u8(writer, format->fill_record);
    put_u8(writer, format->truncate_columns);
    put_u8(writer, format->accept_invalid_chars);
    put_u8(writer, (uint8_t) format->replacement_char);
    put_u8(writer, format->blanks_as_null);
    put_u8(writer, format->empty_as_null);
    put_u8(writer, format->accept_any_date);
    put_u8(writer, format->round_decimals);
    put_str(writer, format->null_as);
    put_str(writer, format->date_format);
    put_str(writer, format->time_format);
    put_i32(writer, format->ignore_header);
    put_i64(writer, format->max_error);
}

LoadFormat *load_format_read(ByteReader *reader, Arena *arena)
{
    LoadFormat *format = ARENA_NEW(arena, LoadFormat);
    format->kind = get_u8(reader);
    format->compression = get_u8(reader);
    format->delimiter = (char) get_u8(reader);
    format->quote = (char) get_u8(reader);
    format->escape = get_u8(reader) != 0;
    format->ignore_blank_lines = get_u8(reader) != 0;
    format->trim_blanks = get_u8(reader) != 0;
    format->fill_record = get_u8(reader) != 0;
    format->truncate_columns = get_u8(reader) != 0;
    format->accept_invalid_chars = get_u8(reader) != 0;
    format->replacement_char = (char) get_u8(reader);
    format->blanks_as_null = get_u8(reader) != 0;
    format->empty_as_null = get_u8(reader) != 0;
    format->accept_any_date = get_u8(reader) != 0;
    format->round_decimals = get_u8(reader) != 0;
    format->null_as = get_str(reader, arena);
    format->date_format = get_str(reader, arena);
    format->time_format = get_str(reader, arena);
    format->ignore_header = get_i32(reader);
    format->max_error = get_i64(reader);
    if (format->null_as == NULL || format->kind > LOAD_CSV || format->compression > LOAD_LZ4)
        reader->broken = true;
    return format;
}
