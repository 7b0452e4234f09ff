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

static LoadErrorRow row_from(const Copy *copy, const RunReject *reject)
{
    return (LoadErrorRow){.query = copy->session->last_query,
                          .start_time = copy->start_time,
                          .table_id = copy->plan->table->id,
                          .line_number = reject->line,
                          .position = reject->position,
                          .error_code = reject->code,
                          .file = reject->file,
                          .column = reject->column,
                          .type = type_text(copy->arena, reject->type),
                          .column_length = length_text(copy->arena, reject->type),
                          .raw_line = reject->raw_line,
                          .raw_field = reject->raw_field,
                          .reason = reject->reason};
}

Error *copy_rejects_keep(Copy *copy, Error *error)
{
    int32_t count = copy->result.reject_count;
    if (count == 0)
        return error;
    LoadErrorRow *rows = ARENA_ARRAY(copy->arena, LoadErrorRow, count);
    for (int32_t i = 0; i < count; i++)
        rows[i] = row_from(copy, &copy->result.rejects[i]);
    Error *kept = catalog_add_load_errors(copy->session->leader->catalog, rows, count);
    if (error == NULL)
        return kept;
    error_free(kept); /* the load's own error says more */
    return error->hint == NULL ? error_hint(error, "Check the system view stl_load_errors for details.") : error;
}
