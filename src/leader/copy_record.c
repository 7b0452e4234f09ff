/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/copy.h"

#include <string.h>

static char *type_text(Arena *arena, SqlType type)
{
    Text text;
    text_init(&text, arena);
    if (type.id != TYPE_NONE)
        text_puts(&text, type_name(type));
    else
        text_puts(&text, "");
    return text.data;
}

static char *length_text(Arena *arena, SqlType type)
{
    if (type_is_string(type))
        return arena_printf(arena, "%d", type.length);
    if (type.id == TYPE_DECIMAL)
        return arena_printf(arena, "%d, %d", type.precision, type.scale);
    return "";
}

static HistoryRow *row_from(const Copy *copy, const RunReject *reject)
{
    const Session *session = copy->session;
    HistoryRow *row = history_row("stoa_load_errors", copy->start_time);
    history_int(row, session->user_id);
    history_int(row, session->last_query);
    history_int(row, session->transaction);
    history_int(row, session->process);
    history_text(row, session->database);
    history_int(row, copy->plan->table->id);
    history_int(row, copy->start_time);
    history_text(row, reject->file);
    history_int(row, reject->line);
    history_int(row, reject->field);
    history_text(row, reject->column);
    history_text(row, type_text(copy->arena, reject->type));
    history_text(row, length_text(copy->arena, reject->type));
    history_int(row, reject->position);
    history_text(row, reject->raw_line);
    history_text(row, reject->raw_field);
    history_int(row, reject->code);
    history_text(row, reject->reason);
    history_int(row, reject->start_byte);
    return row;
}

Error *copy_rejects_keep(const Copy *copy, Error *error)
{
    for (int32_t i = 0; i < copy->result.reject_count; i++)
        history_add(copy->session->leader->history, row_from(copy, &copy->result.rejects[i]));
    if (error == NULL || error->hint != NULL || copy->result.reject_count == 0)
        return error;
    return error_hint(error, "Check the system view stl_load_errors for details.");
}

static int64_t rejects_of(const Copy *copy, const char *file)
{
    int64_t count = 0;
    for (int32_t i = 0; i < copy->result.reject_count; i++)
        count += strcmp(copy->result.rejects[i].file, file) == 0;
    return count;
}

/* Lines are counted for the load as a whole: they are its file's if there is but one. */
static void file_keep(const Copy *copy, const LoadFile *file, int64_t now)
{
    const Session *session = copy->session;
    HistoryRow *row = history_row("stoa_load_files", now);
    history_int(row, session->user_id);
    history_int(row, session->last_query);
    history_text(row, file->path);
    history_int(row, file->size_bytes);
    if (copy->files.count == 1)
        history_int(row, copy->result.load_rows + copy->result.load_rejected);
    else
        history_null(row);
    history_int(row, rejects_of(copy, file->path));
    history_int(row, copy->start_time);
    history_int(row, now);
    history_add(session->leader->history, row);
}

void copy_loads_keep(const Copy *copy, int64_t rows, const Error *error)
{
    const Session *session = copy->session;
    int64_t now = session_clock();
    HistoryRow *row = history_row("stoa_loads", now);
    history_int(row, session->user_id);
    history_int(row, session->last_query);
    history_int(row, session->transaction);
    history_int(row, session->process);
    history_text(row, session->database);
    history_text(row, error == NULL ? "completed" : "aborted");
    history_text(row, copy->plan->table->name);
    history_int(row, copy->start_time);
    history_int(row, now);
    history_text(row, copy->plan->from_stdin ? "STDIN" : copy->plan->path);
    history_text(row, copy->plan->options->csv ? "csv" : "text");
    history_int(row, rows);
    history_int(row, copy->result.load_bytes);
    history_int(row, copy->files.count);
    history_int(row, copy->files.size_bytes);
    history_int(row, copy->result.load_rejected);
    history_add(session->leader->history, row);
    for (int32_t i = 0; i < copy->files.count && error == NULL; i++)
        file_keep(copy, &copy->files.files[i], now);
}
