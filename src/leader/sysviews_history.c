/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the history.  A kept row has its view's columns in order, the first of most is the user whose row it is:
 *
 *     KEPT(stoa_steps, OWN)      whoever has one sees it, and whoever sees all
 *     KEPT(..., SUPER)           for superusers
 *
 * and views over stoa_statements: its texts in pieces, its plans in lines.
 */
#include "src/leader/record.h"
#include "src/leader/sysview_rows.h"

#include <stdio.h>
#include <string.h>

#define PIECE_BYTES 200

typedef enum KeptFor
{
    KEPT_FOR_OWN,
    KEPT_FOR_SUPER
} KeptFor;

typedef struct Taking
{
    Rows *rows;
    KeptFor whose;
    bool all;        /* may others' rows be seen? */
    int32_t columns; /* of a kept row */
    HistoryValue *values;
    void (*put)(struct Taking *taking); /* the row of `values` into rows */
} Taking;

/* --- rows as they are kept --------------------------------------------------------------- */
static void put_values(Taking *taking)
{
    Rows *rows = taking->rows;
    for (int32_t i = 0; i < taking->columns; i++)
    {
        const HistoryValue *value = &taking->values[i];
        if (value->kind == 'n')
            rows_null(rows);
        else if (value->kind == 'i')
            rows_int(rows, value->i);
        else
            rows_str(rows, value->s);
    }
    rows_end(rows);
}

/* A row of an older version, with other columns, is passed over. */
static bool values_read(Taking *taking, ByteReader *reader)
{
    for (int32_t i = 0; i < taking->columns; i++)
    {
        taking->values[i] = history_get(reader, taking->rows->arena);
        bool text = taking->rows->view->columns[i].type.id == TYPE_VARCHAR;
        char kind = taking->values[i].kind;
        if (kind == 0 || (taking->put == put_values && kind != 'n' && (kind == 's') != text))
            return false;
    }
    return reader->at == reader->end;
}

static Error *take_row(void *context, const void *bytes, size_t length)
{
    Taking *taking = context;
    ByteReader reader;
    reader_init(&reader, bytes, length);
    if (values_read(taking, &reader) && (taking->all || (taking->whose == KEPT_FOR_OWN && taking->values[0].kind == 'i' &&
                                                         taking->values[0].i == taking->rows->session->user_id)))
        taking->put(taking);
    return NULL;
}

static void taking_init(Taking *taking, Rows *rows, KeptFor whose, int32_t columns, void (*put)(Taking *taking))
{
    const CatalogPrincipal *user = principal_find_id(rows->snapshot->principals, rows->session->user_id);
    *taking = (Taking){.rows = rows, .whose = whose, .columns = columns, .put = put};
    taking->all = whose == KEPT_FOR_OWN ? record_sees_all(rows->snapshot, rows->session) : user != NULL && user->superuser;
    taking->values = ARENA_ARRAY(rows->arena, HistoryValue, columns);
}

static Error *rows_of_kept(Rows *rows, KeptFor whose)
{
    Taking taking;
    taking_init(&taking, rows, whose, rows->view->column_count, put_values);
    return history_each(rows->session->leader->history, rows->view->name, take_row, &taking);
}

#define KEPT(view, whose)                                                                              \
    Error *rows_of_##view(Rows *rows)                                                                  \
    {                                                                                                  \
        return rows_of_kept(rows, KEPT_FOR_##whose);                                                   \
    }
KEPT(stl_analyze_compression, OWN)
KEPT(stl_connection_log, SUPER)
KEPT(stl_error, SUPER)
KEPT(stl_sessions, SUPER)
KEPT(stl_userlog, SUPER)
KEPT(stoa_load_errors, OWN)
KEPT(stoa_load_files, OWN)
KEPT(stoa_loads, OWN)
KEPT(stoa_statements, OWN)
KEPT(stoa_steps, OWN)
KEPT(sys_transaction_history, SUPER)

/* --- statements -------------------------------------------------------------------------- */
#define STATEMENT_COLUMNS (SYSVIEW_FIRST_stoa_steps - SYSVIEW_FIRST_stoa_statements)

static Error *each_statement(Rows *rows, void (*put)(Taking *taking))
{
    Taking taking;
    taking_init(&taking, rows, KEPT_FOR_OWN, STATEMENT_COLUMNS, put);
    return history_each(rows->session->leader->history, "stoa_statements", take_row, &taking);
}

static Error *each_running(Rows *rows, void (*put)(Taking *taking))
{
    Leader *leader = rows->session->leader;
    Error *error = NULL;
    Taking taking;
    taking_init(&taking, rows, KEPT_FOR_OWN, STATEMENT_COLUMNS, put);
    pthread_mutex_lock(&leader->lock);
    for (const Session *session = leader->sessions; session != NULL && error == NULL; session = session->next)
    {
        HistoryRow *row = record_running(session);
        ByteReader reader;
        history_row_read(row, &reader);
        if (row != NULL)
            error = take_row(&taking, reader.at, (size_t) (reader.end - reader.at));
        history_row_drop(row);
    }
    pthread_mutex_unlock(&leader->lock);
    return error;
}

Error *rows_of_stoa_running(Rows *rows)
{
    return each_running(rows, put_values);
}

static const HistoryValue *value_of(const Taking *taking, int32_t ordinal)
{
    return &taking->values[ordinal];
}
#define VALUE(taking, column) value_of(taking, SYSVIEW_ORDINAL(stoa_statements, column))

static void put_number(Rows *rows, const HistoryValue *value)
{
    if (value->kind == 'n')
        rows_null(rows);
    else
        rows_int(rows, value->i);
}

static void put_pieces(Taking *taking)
{
    Rows *rows = taking->rows;
    const char *text = VALUE(taking, text)->s;
    int64_t left = (int64_t) strlen(text), cut;
    for (int32_t sequence = 0; left > 0 || sequence == 0; sequence++, text += cut, left -= cut)
    {
        cut = utf8_cut(text, left, PIECE_BYTES);
        if (cut == 0)
            cut = left;
        put_number(rows, VALUE(taking, userid));
        put_number(rows, VALUE(taking, query));
        put_number(rows, VALUE(taking, xid));
        put_number(rows, VALUE(taking, pid));
        rows_str(rows, VALUE(taking, label)->s);
        rows_str(rows, VALUE(taking, type)->s);
        put_number(rows, VALUE(taking, starttime));
        put_number(rows, VALUE(taking, endtime));
        rows_int(rows, sequence);
        rows_str(rows, arena_strndup(rows->arena, text, (size_t) cut));
        rows_end(rows);
    }
}

Error *rows_of_stoa_statement_text(Rows *rows)
{
    return each_statement(rows, put_pieces);
}

Error *rows_of_stoa_running_text(Rows *rows)
{
    return each_running(rows, put_pieces);
}

/* --- plans ------------------------------------------------------------------------------- */
typedef struct PlanLine
{
    int32_t indent;
    char *node;
    Text info;
} PlanLine;

/* "  ->  XN Seq Scan..." begins a node; a line without an arrow below it tells more of it. */
static int32_t lines_read(Arena *arena, const char *plan, PlanLine **out)
{
    char *rest = arena_strdup(arena, plan), *line;
    int32_t count = 0, most = 1;
    for (const char *c = plan; *c != 0; c++)
        most += *c == '\n';
    PlanLine *lines = *out = ARENA_ARRAY(arena, PlanLine, most);
    while ((line = strsep(&rest, "\n")) != NULL)
    {
        int32_t indent = (int32_t) strspn(line, " ");
        bool arrow = strncmp(line + indent, "->", 2) == 0;
        if (line[indent] == 0)
            continue;
        if (!arrow && count > 0)
        {
            text_printf(&lines[count - 1].info, "%s%s", lines[count - 1].info.length > 0 ? "; " : "", line + indent);
            continue;
        }
        lines[count] = (PlanLine){.indent = arrow ? indent : -1, .node = line};
        text_init(&lines[count++].info, arena);
    }
    return count;
}

static void put_plan(Taking *taking)
{
    Rows *rows = taking->rows;
    const HistoryValue *plan = VALUE(taking, plan);
    if (plan->kind != 's' || VALUE(taking, query)->kind != 'i')
        return;
    PlanLine *lines;
    int32_t count = lines_read(rows->arena, plan->s, &lines);
    for (int32_t i = 0; i < count; i++)
    {
        int32_t parent = i - 1;
        while (parent >= 0 && lines[parent].indent >= lines[i].indent)
            parent--;
        put_number(rows, VALUE(taking, userid));
        put_number(rows, VALUE(taking, query));
        rows_int(rows, i + 1);
        rows_int(rows, parent + 1);
        rows_str(rows, lines[i].node);
        rows_str(rows, lines[i].info.data);
        rows_end(rows);
    }
}

Error *rows_of_stl_explain(Rows *rows)
{
    return each_statement(rows, put_plan);
}
