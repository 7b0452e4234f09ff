/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROM items.
 *
 *     a left join b on c                LEFT(a, b) on c
 *     a left join b on (c, exists ..)   LEFT(a, b where c, exists ..): dependent, if c reads a
 *     a full join b on c                APPEND(LEFT(a, b) on c, nulls beside ANTI(b, a) on c), a and b shared
 *     a, lateral (q)                    a JOIN q: dependent, if q reads a
 *     with q as (..)                    a reader of what is shared
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

static Rel *leaf(Build *build, RelKind kind, const BoundFrom *from)
{
    Rel *rel = rel_new(build->arena, kind, 0);
    rel->alias = from->alias;
    rel->column_count = from->column_count;
    rel->table_columns = arena_memdup(build->arena, from->columns, sizeof(ColumnId) * (size_t) from->column_count);
    return rel;
}

static Rel *build_table(Build *build, const BoundFrom *from)
{
    Rel *rel = leaf(build, from->kind == FROM_TABLE ? REL_SCAN : REL_SYSVIEW, from);
    rel->table = from->table;
    if (from->kind == FROM_TABLE)
        rel->address = from->address;
    return rel;
}

/* --- VALUES --------------------------------------------------------------- */

static bool values_are_plain(Build *build, const BoundFrom *from)
{
    ColumnSet read = {0};
    for (int32_t row = 0; row < from->row_count; row++)
        for (int32_t k = 0; k < from->column_count; k++)
        {
            if (expr_has_subquery(from->rows[row][k]))
                return false;
            expr_columns(build->arena, from->rows[row][k], &read);
        }
    return column_set_count(&read) == 0;
}

/* Rows that read outer columns or subqueries: one projection each, all appended. */
static Error *build_values_rows(Build *build, const BoundFrom *from, Rel **out)
{
    Rel **inputs = ARENA_ARRAY(build->arena, Rel *, from->row_count);
    ColumnId **columns = ARENA_ARRAY(build->arena, ColumnId *, from->row_count);
    for (int32_t row = 0; row < from->row_count; row++)
    {
        BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, from->column_count);
        columns[row] = ARENA_ARRAY(build->arena, ColumnId, from->column_count);
        inputs[row] = rel_new(build->arena, REL_ONE, 0);
        for (int32_t k = 0; k < from->column_count; k++)
        {
            Expr *expr = from->rows[row][k];
            TRY(build_expr(build, &expr, &inputs[row]));
            columns[row][k] = bound_add_column(build->arena, build->statement, "value", expr->type, expr->nullable);
            named[k] = (BoundNamed){expr, columns[row][k]};
        }
        inputs[row] = rel_project(build->arena, inputs[row], named, from->column_count);
    }
    *out = rel_append(build->arena, inputs, columns, from->row_count, from->columns, from->column_count);
    return NULL;
}

static Error *build_values(Build *build, const BoundFrom *from, Rel **out)
{
    if (!values_are_plain(build, from))
        return build_values_rows(build, from, out);
    *out = leaf(build, REL_VALUES, from);
    (*out)->row_count = from->row_count;
    (*out)->rows = from->rows;
    return NULL;
}

static Error *build_numbers(Build *build, const BoundFrom *from, Rel **out)
{
    BoundNamed numbers = {from->count, from->columns[0]};
    *out = rel_new(build->arena, REL_ONE, 0);
    if (from->left != NULL)
        TRY(build_from(build, from->left, out));
    TRY(build_expr(build, &numbers.expr, out));
    *out = rel_expand(build->arena, *out, numbers);
    return NULL;
}

/* --- queries ---------------------------------------------------------------- */

/* A query in FROM: its targets under the names the outer query has for them. */
static Error *build_from_query(Build *build, const BoundFrom *from, Rel **out)
{
    TRY(build_query(build, from->query, out));
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, from->column_count);
    int32_t count = 0;
    for (int32_t k = 0; k < from->column_count; k++)
    {
        ColumnId inner = from->query->targets[k].column;
        if (inner != from->columns[k])
            named[count++] = (BoundNamed){expr_column(build->arena, build->statement, inner), from->columns[k]};
    }
    *out = rel_project(build->arena, *out, named, count);
    return NULL;
}

static ColumnId *visible_columns(Build *build, const BoundQuery *query)
{
    ColumnId *columns = ARENA_ARRAY(build->arena, ColumnId, query->visible_count);
    for (int32_t k = 0; k < query->visible_count; k++)
        columns[k] = query->targets[k].column;
    return columns;
}

static Error *build_cte(Build *build, const BoundFrom *from, Rel **out)
{
    const BoundCte *cte = &build->statement->ctes[from->cte];
    if (cte->term != NULL)
    {
        *out = leaf(build, REL_ROUND, from);
        (*out)->cte = from->cte;
        return NULL;
    }
    int32_t *shared = &build->cte_shared[from->cte];
    if (*shared < 0)
    {
        Rel *rel;
        Expr *guard = build->guard;
        build->guard = NULL;
        TRY(build_query(build, cte->query, &rel));
        build->guard = guard;
        *shared = build_share(build, rel, visible_columns(build, cte->query), cte->query->visible_count);
    }
    ASSERT(build->shared[*shared].rel->result_count == from->column_count);
    *out = build_read(build, *shared, from->columns);
    return NULL;
}

/* --- joins --------------------------------------------------------------------- */

/* Where the subqueries of a condition between two sides can be computed. */
static bool reads_side(Build *build, const Expr *condition, const ColumnSet *side)
{
    ColumnSet read = {0};
    expr_columns(build->arena, condition, &read);
    return column_set_meets(&read, side);
}

/* Subqueries that read one side only become columns of that side; what is left of them is added to `both`. */
static Error *build_on(Build *build, Expr *on, Rel **left, Rel **right, ExprList *plain, ExprList *both)
{
    ExprList conjuncts = {.arena = build->arena};
    ColumnSet left_columns = {0}, right_columns = {0};
    rel_columns(build->arena, *left, &left_columns);
    rel_columns(build->arena, *right, &right_columns);
    expr_list_add_conjuncts(&conjuncts, on);
    for (int32_t k = 0; k < conjuncts.count; k++)
    {
        Expr *conjunct = conjuncts.items[k];
        bool at_right = reads_side(build, conjunct, &right_columns);
        if (expr_has_subquery(conjunct) && at_right && reads_side(build, conjunct, &left_columns))
        {
            expr_list_add(both, conjunct);
            continue;
        }
        TRY(build_expr(build, &conjunct, at_right ? right : left));
        expr_list_add(plain, conjunct);
    }
    return NULL;
}

static Error *build_left_join(Build *build, const BoundFrom *from, Rel *left, Rel *right, Rel **out)
{
    ExprList on = {.arena = build->arena}, both = {.arena = build->arena};
    TRY(build_on(build, from->on, &left, &right, &on, &both));
    TRY(build_filter(build, expr_and_list(build->arena, both.items, both.count), &right));
    ColumnSet columns = {0};
    rel_columns(build->arena, left, &columns);
    if (rel_depends(build, right, &columns))
        pull_conjuncts(build, &right, false, &on);
    *out = rel_join(build->arena, JOIN_LEFT, left, right, on.items, on.count);
    return NULL;
}

/* One side of a FULL JOIN, shared. */
typedef struct Side
{
    int32_t shared;
    int32_t count;
    ColumnId *columns;
} Side;

/* The side's columns may be null above the join: they get other names inside, where what is known of them holds. */
static Side share_side(Build *build, Rel *rel)
{
    Side side;
    ColumnSet columns = {0};
    rel_columns(build->arena, rel, &columns);
    side.count = column_set_list(build->arena, &columns, &side.columns);
    ColumnId *inside = ARENA_ARRAY(build->arena, ColumnId, side.count);
    for (int32_t k = 0; k < side.count; k++)
    {
        const BoundColumn column = build->statement->columns[side.columns[k]];
        inside[k] = bound_add_column(build->arena, build->statement, column.name, column.type, column.nullable);
        build->statement->columns[inside[k]] = column;
        build->statement->columns[side.columns[k]].table = NULL;
        build->statement->columns[side.columns[k]].nullable = true;
    }
    build_rename(build, rel, side.columns, inside, side.count);
    side.shared = build_share(build, rel, inside, side.count);
    return side;
}

/* `on` over readers of both sides, as conjuncts. */
static ExprList on_of(Build *build, const ExprList *on, const Side sides[2], Rel *const readers[2])
{
    ExprList list = {.arena = build->arena};
    for (int32_t k = 0; k < on->count; k++)
    {
        Expr *conjunct = on->items[k];
        for (int32_t s = 0; s < 2; s++)
            conjunct = expr_rename(build->arena, build->statement, conjunct, sides[s].columns,
                                   readers[s]->table_columns, sides[s].count);
        expr_list_add(&list, conjunct);
    }
    return list;
}

/* Nulls beside the rows of `input` for the columns of a side that has none. */
static Rel *beside_nulls(Build *build, Rel *input, const Side *side, ColumnId *columns)
{
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, side->count);
    for (int32_t k = 0; k < side->count; k++)
    {
        const BoundColumn column = build->statement->columns[side->columns[k]];
        columns[k] = bound_add_column(build->arena, build->statement, column.name, column.type, true);
        Expr *null = expr_constant(build->arena, column.type, (Datum){.null = true});
        null->nullable = true;
        named[k] = (BoundNamed){null, columns[k]};
    }
    return rel_project(build->arena, input, named, side->count);
}

static Error *build_full_join(Build *build, const BoundFrom *from, Rel *left, Rel *right, Rel **out)
{
    Arena *arena = build->arena;
    ExprList on = {.arena = arena}, both = {.arena = arena};
    TRY(build_on(build, from->on, &left, &right, &on, &both));
    if (both.count > 0)
        return build_refuse(both.items[0]->position, "a FULL JOIN on a subquery that reads both sides");
    Side sides[2] = {share_side(build, left), share_side(build, right)};
    int32_t count = sides[0].count + sides[1].count;
    ColumnId *columns[3];
    for (int32_t k = 0; k < 3; k++)
        columns[k] = ARENA_ARRAY(arena, ColumnId, count);
    Rel *inputs[2], *readers[2] = {build_read(build, sides[0].shared, NULL), build_read(build, sides[1].shared, NULL)};
    ExprList list = on_of(build, &on, sides, readers);
    inputs[0] = rel_join(arena, JOIN_LEFT, readers[0], readers[1], list.items, list.count);
    for (int32_t k = 0; k < count; k++)
    {
        bool first = k < sides[0].count;
        int32_t place = first ? k : k - sides[0].count;
        columns[0][k] = readers[first ? 0 : 1]->table_columns[place];
        columns[2][k] = sides[first ? 0 : 1].columns[place];
        if (!first)
            build->statement->columns[columns[0][k]].nullable = true;
    }
    readers[0] = build_read(build, sides[0].shared, NULL);
    readers[1] = build_read(build, sides[1].shared, NULL);
    list = on_of(build, &on, sides, readers);
    Rel *alone = rel_join(arena, JOIN_ANTI, readers[1], readers[0], list.items, list.count);
    inputs[1] = beside_nulls(build, alone, &sides[0], columns[1]);
    for (int32_t k = 0; k < sides[1].count; k++)
        columns[1][sides[0].count + k] = readers[1]->table_columns[k];
    *out = rel_append(arena, inputs, columns, 2, columns[2], count);
    return NULL;
}

static Error *build_join(Build *build, const BoundFrom *from, Rel **out)
{
    Rel *left, *right;
    TRY(build_from(build, from->left, &left));
    TRY(build_from(build, from->right, &right));
    if (from->join == JOIN_LEFT)
        return build_left_join(build, from, left, right, out);
    if (from->join == JOIN_FULL)
        return build_full_join(build, from, left, right, out);
    ASSERT(from->join == JOIN_INNER);
    ExprList pulled = {.arena = build->arena};
    ColumnSet columns = {0};
    rel_columns(build->arena, left, &columns);
    if (rel_depends(build, right, &columns))
        pull_conjuncts(build, &right, false, &pulled);
    *out = rel_join_set(build->arena, left, right, pulled.items, pulled.count);
    return build_filter(build, from->on, out);
}

Error *build_from(Build *build, const BoundFrom *from, Rel **out)
{
    switch (from->kind)
    {
    case FROM_TABLE:
    case FROM_SYSVIEW:
        *out = build_table(build, from);
        return NULL;
    case FROM_QUERY:
        return build_from_query(build, from, out);
    case FROM_VALUES:
        return build_values(build, from, out);
    case FROM_CTE:
        return build_cte(build, from, out);
    case FROM_NUMBERS:
        return build_numbers(build, from, out);
    case FROM_JOIN:
        break;
    }
    return build_join(build, from, out);
}
