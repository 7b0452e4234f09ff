/* SPDX-License-Identifier: Apache-2.0 */
/* Where pipelines begin: table scans with their zone tests, lists of values, finished stores. */
#include "base/core/assert.h"
#include "base/data/hash.h"
#include "base/data/value.h"
#include "src/plan/cut.h"

#include <string.h>

#define COMPUTED_ROWS_MAX 1000 /* VALUES rows that are not constant: each is a pipeline */

/* --- tables ------------------------------------------------------------------ */

static SpecScan *scan_new(Cut *cut)
{
    Spec *spec = cut->spec;
    if (spec->scan_count == cut->scan_capacity)
    {
        int32_t capacity = cut->scan_capacity == 0 ? 8 : 2 * cut->scan_capacity;
        SpecScan *scans = ARENA_ARRAY(cut->arena, SpecScan, capacity);
        ScanColumns *columns = ARENA_ARRAY(cut->arena, ScanColumns, capacity);
        if (spec->scan_count > 0)
        {
            memcpy(scans, spec->scans, sizeof(SpecScan) * (size_t) spec->scan_count);
            memcpy(columns, cut->plan->scan_columns, sizeof(ScanColumns) * (size_t) spec->scan_count);
        }
        spec->scans = scans;
        cut->plan->scan_columns = columns;
        cut->scan_capacity = capacity;
    }
    return &spec->scans[spec->scan_count++];
}

/* The least and greatest constant of an IN list bound its column's block too. */
static bool list_range(const Expr *in, const Expr **least, const Expr **greatest)
{
    *least = *greatest = NULL;
    if (in->kind != EXPR_IN_LIST || in->args[0]->kind != EXPR_COLUMN)
        return false;
    for (int32_t k = 1; k < in->arg_count; k++)
    {
        const Expr *constant = in->args[k];
        if (constant->kind != EXPR_CONST || !type_equal(constant->type, in->args[0]->type))
            return false;
        if (constant->value.null)
            continue;
        if (*least == NULL || value_compare(constant->type, &constant->value, &(*least)->value) < 0)
            *least = constant;
        if (*greatest == NULL || value_compare(constant->type, &constant->value, &(*greatest)->value) > 0)
            *greatest = constant;
    }
    return *least != NULL;
}

/* Which slices rows may lie on whose distribution key is one of the constants values[from..to); others: all false. */
static bool *constant_slices(Cut *cut, Expr *const *values, int32_t from, int32_t to)
{
    bool *slices = ARENA_ARRAY(cut->arena, bool, cut->spec->slice_count);
    for (int32_t k = from; k < to; k++)
        if (!values[k]->value.null)
            slices[hash_slice(hash_datum(values[k]->type, &values[k]->value), cut->spec->slice_count)] = true;
    return slices;
}

/* The slices that the conjuncts leave of a table with a distribution key; NULL: all. */
static const bool *scan_slices(Cut *cut, const Step *step)
{
    const CatalogTable *table = step->table;
    if (table->dist_style != DIST_KEY || table->dist_column < 0 || cut->spec->slice_count == 0)
        return NULL;
    for (int32_t k = 0; k < step->conjunct_count; k++)
    {
        const Expr *test = step->conjuncts[k], *column, *constant;
        char op;
        bool equal = expr_is_column_test(test, &column, &op, &constant) && op == '=';
        bool list = test->kind == EXPR_IN_LIST && list_range(test, &constant, &constant);
        column = list ? test->args[0] : column;
        if ((!equal && !list) || column->column != step->table_columns[table->dist_column] ||
            !type_equal(column->type, constant->type))
            continue;
        return equal ? constant_slices(cut, (Expr *const *) &constant, 0, 1)
                     : constant_slices(cut, test->args, 1, test->arg_count);
    }
    return NULL;
}

static void scan_segments(Cut *cut, SpecScan *scan, const Step *step)
{
    const CatalogTable *table = step->table;
    const bool *slices = scan_slices(cut, step);
    scan->segments = ARENA_ARRAY(cut->arena, SpecSegment, table->segment_count);
    for (int32_t k = 0; k < table->segment_count; k++)
    {
        const CatalogSegment *from = &table->segments[k];
        if (slices != NULL && !slices[from->slice])
            continue;
        SpecSegment *to = &scan->segments[scan->segment_count++];
        *to = (SpecSegment){
            .id = from->id, .slice = from->slice, .file = from->file, .rows = from->rows, .bytes = from->bytes};
        memcpy(to->digest, from->digest, sizeof to->digest);
        if (from->deleted != NULL)
        {
            to->deleted_count = from->deleted->count;
            to->deleted = (void *) from->deleted->data;
            to->deleted_bytes = from->deleted->bytes;
        }
    }
}

static bool zone_op(char op, uint8_t *zone)
{
    switch (op)
    {
    case '=':
        *zone = ZONE_EQ;
        return true;
    case '<':
        *zone = ZONE_LT;
        return true;
    case 'l':
        *zone = ZONE_LE;
        return true;
    case '>':
        *zone = ZONE_GT;
        return true;
    case 'g':
        *zone = ZONE_GE;
        return true;
    default:
        return false;
    }
}

static void zone_add(Cut *cut, SpecScan *scan, const ColumnId *columns, const Expr *column, uint8_t op,
                     const Expr *constant)
{
    int32_t at = 0;
    while (columns[at] != column->column)
        at++;
    scan->zones[scan->zone_count++] =
        (SpecZone){.column = at, .op = op, .param = plan_param(cut->plan, constant->type, constant->value)};
}

static void scan_zones(Cut *cut, SpecScan *scan, const Step *step, const ColumnId *columns)
{
    scan->zones = ARENA_ARRAY(cut->arena, SpecZone, 2 * step->conjunct_count);
    for (int32_t k = 0; k < step->conjunct_count; k++)
    {
        const Expr *column, *constant, *greatest;
        char op;
        uint8_t zone;
        if (expr_is_column_test(step->conjuncts[k], &column, &op, &constant) &&
            type_equal(column->type, constant->type) && zone_op(op, &zone))
            zone_add(cut, scan, columns, column, zone, constant);
        else if (list_range(step->conjuncts[k], &constant, &greatest))
        {
            zone_add(cut, scan, columns, step->conjuncts[k]->args[0], ZONE_GE, constant);
            zone_add(cut, scan, columns, step->conjuncts[k]->args[0], ZONE_LE, greatest);
        }
    }
}

void cut_scan(Cut *cut, const Step *step, Open *open)
{
    const CatalogTable *table = step->table;
    ColumnSet needed = {0};
    column_set_add_all(cut->arena, &needed, step->outputs, step->output_count);
    for (int32_t k = 0; k < step->conjunct_count; k++)
        expr_columns(cut->arena, step->conjuncts[k], &needed);
    int32_t index = cut->spec->scan_count;
    SpecScan *scan = scan_new(cut);
    scan->table_id = table->id;
    scan->table_name = arena_printf(cut->arena, "%s.%s", table->schema, table->name);
    scan->replicated = table->dist_style == DIST_ALL;
    scan->once = step->once;
    scan->columns = ARENA_ARRAY(cut->arena, SpecColumn, table->column_count + 1);
    ColumnId *columns = ARENA_ARRAY(cut->arena, ColumnId, table->column_count + 1);
    for (int32_t k = 0; k < table->column_count; k++)
    {
        if (!column_set_has(&needed, step->table_columns[k]))
            continue;
        Expr *column = expr_column(cut->arena, cut->planner->statement, step->table_columns[k]);
        SqlType type = table->columns[k].type;
        scan->columns[scan->column_count] = (SpecColumn){.id = table->columns[k].id,
                                                         .type = type,
                                                         .missing = table->columns[k].missing,
                                                         .rep = (uint8_t) plan_rep(cut->plan, column),
                                                         .nullable = plan_nullable(cut->plan, column)};
        if (type_rep(type) == REP_I128)
            scan->columns[scan->column_count].rep = REP_I128;
        columns[scan->column_count++] = step->table_columns[k];
    }
    if (step->address != NO_COLUMN && column_set_has(&needed, step->address))
    {
        scan->columns[scan->column_count] =
            (SpecColumn){.id = -1, .type = type_make(TYPE_BIGINT), .rep = (uint8_t) REP_I64};
        columns[scan->column_count++] = step->address;
        *fact_of(cut->planner, step->address) = (ColumnFact){.nullable = false};
    }
    cut->plan->scan_columns[index].columns = columns;
    scan_segments(cut, scan, step);
    scan_zones(cut, scan, step, columns);
    *open = (Open){.source = SOURCE_SCAN,
                   .source_index = index,
                   .rows_max = table->row_count,
                   .scan = step,
                   .label = arena_printf(cut->arena, "scan %s", table->name)};
    if (step->conjunct_count > 0)
    {
        PipeOp *op = open_op(cut, open, OP_FILTER);
        op->conjunct_count = step->conjunct_count;
        op->conjuncts = step->conjuncts;
    }
}

/* --- rows of the leader --------------------------------------------------------- */

int32_t values_new(Cut *cut, const CatalogTable *table, RowLayout *layout, ColumnId *columns)
{
    Spec *spec = cut->spec;
    Plan *plan = cut->plan;
    if (spec->values_count == cut->values_capacity)
    {
        int32_t capacity = cut->values_capacity == 0 ? 4 : 2 * cut->values_capacity;
        SpecValues *values = ARENA_ARRAY(cut->arena, SpecValues, capacity);
        StoreColumns *names = ARENA_ARRAY(cut->arena, StoreColumns, capacity);
        const CatalogTable **tables = ARENA_ARRAY(cut->arena, const CatalogTable *, capacity);
        int32_t *ctes = ARENA_ARRAY(cut->arena, int32_t, capacity);
        if (spec->values_count > 0)
        {
            memcpy(values, spec->values, sizeof(SpecValues) * (size_t) spec->values_count);
            memcpy(names, plan->values_columns, sizeof(StoreColumns) * (size_t) spec->values_count);
            memcpy(ctes, plan->values_ctes, sizeof(int32_t) * (size_t) spec->values_count);
            memcpy(tables, plan->values_tables, sizeof(CatalogTable *) * (size_t) spec->values_count);
        }
        spec->values = values;
        plan->values_columns = names;
        plan->values_tables = tables;
        plan->values_ctes = ctes;
        cut->values_capacity = capacity;
    }
    spec->values[spec->values_count].layout = layout;
    plan->values_columns[spec->values_count].columns = columns;
    plan->values_tables[spec->values_count] = table;
    plan->values_ctes[spec->values_count] = -1;
    return spec->values_count++;
}

RowLayout *plain_layout(Cut *cut, const ColumnId *columns, int32_t count)
{
    RowLayout *layout = ARENA_NEW(cut->arena, RowLayout);
    layout->field_count = count;
    layout->fields = ARENA_ARRAY(cut->arena, RowField, count);
    for (int32_t k = 0; k < count; k++)
    {
        SqlType type = cut->planner->statement->columns[columns[k]].type;
        layout->fields[k] = (RowField){.type = type,
                                       .rep = (uint8_t) type_rep(type),
                                       .null_offset = fact_of(cut->planner, columns[k])->nullable ? 0 : -1};
    }
    row_layout_place(layout);
    return layout;
}

static bool rows_are_constant(const Step *step, int32_t width)
{
    for (int32_t row = 0; row < step->row_count; row++)
        for (int32_t k = 0; k < width; k++)
            if (step->values[row][k]->kind != EXPR_CONST)
                return false;
    return true;
}

static void pack_rows(Cut *cut, const Step *step, int32_t index, int32_t width)
{
    SpecValues *values = &cut->spec->values[index];
    size_t stride = (size_t) values->layout->stride;
    char *rows = arena_zalloc(cut->arena, stride * (size_t) step->row_count + 1);
    for (int32_t row = 0; row < step->row_count; row++)
        for (int32_t k = 0; k < width; k++)
            row_set(values->layout, rows + stride * (size_t) row, k, &step->values[row][k]->value);
    ByteWriter packed;
    text_init(&packed, cut->arena);
    row_pack(values->layout, rows, step->row_count, &packed);
    values->packed = packed.data;
    values->packed_bytes = packed.length;
}

/* Rows with something to compute: each is a pipeline of its own into one buffer. */
static Error *compute_rows(Cut *cut, const Step *step, int32_t width, Open *open)
{
    if (step->row_count > COMPUTED_ROWS_MAX)
        return error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "VALUES has more than %d rows that are not constant",
                         COMPUTED_ROWS_MAX);
    int32_t store = store_add(cut, STORE_BUFFER, step->table_columns, width);
    store_at(cut, store)->on_leader = true;
    for (int32_t row = 0; row < step->row_count; row++)
    {
        Open one = {.source = SOURCE_ONE, .on_leader = true, .rows_max = 1, .label = "values"};
        PipePlan *pipe = pipe_close(cut, &one, store);
        for (int32_t k = 0; k < width; k++)
            pipe->fields[k].expr = step->values[row][k];
    }
    cut->store_rows[store] = step->row_count;
    open_store(cut, open, store, true);
    return NULL;
}

Error *cut_values(Cut *cut, const Step *step, Open *open)
{
    bool view = step->kind == STEP_SYSVIEW;
    int32_t width = step->table_column_count;
    for (int32_t k = 0; k < width; k++)
    {
        ColumnFact *fact = fact_of(cut->planner, step->table_columns[k]);
        *fact = (ColumnFact){.nullable = view && !step->table->columns[k].not_null};
        for (int32_t row = 0; row < step->row_count; row++)
            fact->nullable |= plan_nullable(cut->plan, step->values[row][k]);
    }
    if (!view && !rows_are_constant(step, width))
        return compute_rows(cut, step, width, open);
    RowLayout *layout = plain_layout(cut, step->table_columns, width);
    int32_t index = values_new(cut, view ? step->table : NULL, layout, step->table_columns);
    if (!view)
        pack_rows(cut, step, index, width);
    *open = (Open){.source = SOURCE_VALUES,
                   .source_index = index,
                   .on_leader = true,
                   .rows_max = view ? ROWS_MANY : step->row_count,
                   .label = view ? step->table->name : "values"};
    return NULL;
}

void open_store(Cut *cut, Open *open, int32_t store, bool on_leader)
{
    *open = (Open){.source = SOURCE_STORE,
                   .source_index = store,
                   .on_leader = on_leader,
                   .rows_max = cut->store_rows[store],
                   .label = arena_printf(cut->arena, "store %d", (int) store)};
}
