/* SPDX-License-Identifier: Apache-2.0 */
/* JOIN: both sides, NATURAL and USING, ON, and the names the join gives. */
#include "sql/bind/binder.h"

#include <string.h>

/* The one visible column of that name, NULL if there is none. */
static Error *find_join_column(const Namespace *names, const char *name, int32_t position, NameEntry **found)
{
    *found = NULL;
    for (int32_t i = 0; i < names->count; i++)
    {
        if (names->entries[i].hidden || strcmp(names->entries[i].name, name) != 0)
            continue;
        if (*found != NULL)
            return error_at(error_new(SQLSTATE_AMBIGUOUS_COLUMN,
                                      "common column name \"%s\" appears more than once in a table", name),
                            position);
        *found = &names->entries[i];
    }
    return NULL;
}

typedef struct JoinSides
{
    Namespace *left; /* as written */
    Namespace *right;
    bool keep_right;  /* RIGHT JOIN: the merged column is the right one */
    bool full;        /* FULL JOIN: it is the one that is not null */
    Namespace merged; /* columns of USING, in order */
    Expr *on;
} JoinSides;

static Expr *entry_expr(const Binder *binder, const NameEntry *entry)
{
    return entry->merged != NULL ? entry->merged : expr_column(binder->arena, binder->statement, entry->column);
}

/* COALESCE(left, right).  One of them is there, so it is null only where a value of a side was. */
static Error *merge_full(Binder *binder, const NameEntry *left, const NameEntry *right, NameEntry *merged)
{
    SqlType type;
    Expr *both[2];
    const NameEntry *sides[2] = {left, right};
    bool nullable = false;
    for (int32_t i = 0; i < 2; i++)
    {
        both[i] = arena_memdup(binder->arena, entry_expr(binder, sides[i]), sizeof(Expr));
        nullable = nullable || both[i]->nullable;
        both[i]->nullable = true;
    }
    TRY(bind_common_type(binder, both, 2, "a column of USING", &type));
    *merged = *left;
    merged->alias = merged->schema = NULL;
    merged->merged = expr_new(binder->arena, EXPR_COALESCE, type, 2, both);
    merged->merged->nullable = nullable;
    return NULL;
}

static Error *join_using(Binder *binder, JoinSides *sides, const char *name, int32_t position)
{
    NameEntry *left, *right;
    TRY(find_join_column(sides->left, name, position, &left));
    TRY(find_join_column(sides->right, name, position, &right));
    if (left == NULL || right == NULL)
        return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN,
                                  "column \"%s\" specified in USING clause does not exist in %s table", name,
                                  left == NULL ? "left" : "right"),
                        position);
    Expr *equal;
    Expr *a = entry_expr(binder, left);
    Expr *b = entry_expr(binder, right);
    TRY(bind_compare(binder, '=', a, b, position, &equal));
    sides->on = expr_and(binder->arena, sides->on, equal);
    NameEntry kept = sides->keep_right ? *right : *left;
    if (sides->full)
        TRY(merge_full(binder, left, right, &kept));
    ARRAY_ADD(binder->arena, sides->merged.entries, sides->merged.count, sides->merged.capacity, kept);
    left->hidden = right->hidden = true;
    return NULL;
}

static Error *join_natural(Binder *binder, JoinSides *sides)
{
    for (int32_t i = 0; i < sides->left->count; i++)
    {
        NameEntry *right;
        const NameEntry *left = &sides->left->entries[i];
        if (left->hidden)
            continue;
        TRY(find_join_column(sides->right, left->name, 0, &right));
        if (right != NULL)
            TRY(join_using(binder, sides, left->name, 0));
    }
    return NULL;
}

void namespace_make_nullable(Binder *binder, const Namespace *names)
{
    for (int32_t i = 0; i < names->count; i++)
        binder->statement->columns[names->entries[i].column].nullable = true;
}

static void mark_outer_joined(Namespace *names)
{
    for (int32_t i = 0; i < names->count; i++)
        names->entries[i].outer_joined = true;
}

static Namespace concatenated(Binder *binder, const Namespace *a, const Namespace *b)
{
    Namespace all = {0};
    namespace_append(binder, &all, a);
    namespace_append(binder, &all, b);
    return all;
}

static bool same_table_name(const NameEntry *a, const NameEntry *b)
{
    if (a->alias == NULL || b->alias == NULL || strcmp(a->alias, b->alias) != 0)
        return false;
    return a->schema == NULL || b->schema == NULL || strcmp(a->schema, b->schema) == 0;
}

/* No table name twice.  Entries of one table follow one another, so only its first is looked at. */
Error *bind_check_aliases(const Namespace *left, const Namespace *right)
{
    const char *before = NULL;
    for (int32_t i = 0; i < right->count; i++)
    {
        if (right->entries[i].alias == before)
            continue;
        before = right->entries[i].alias;
        for (int32_t j = 0; j < left->count; j++)
            if (same_table_name(&left->entries[j], &right->entries[i]))
                return error_new(SQLSTATE_DUPLICATE_ALIAS, "table name \"%s\" specified more than once", before);
    }
    return NULL;
}

/* Condition over both sides; sides->merged and then the rest become *names. */
static Error *bind_join_condition(Binder *binder, Scope *scope, const PgQuery__JoinExpr *join, JoinSides *sides,
                                  Namespace *names)
{
    for (size_t i = 0; i < join->n_using_clause; i++)
    {
        const char *name = node_string(join->using_clause[i]);
        TRY(join_using(binder, sides, name == NULL ? "" : name_fold(binder, name), 0));
    }
    if (join->is_natural)
        TRY(join_natural(binder, sides));
    *names = (Namespace){0};
    namespace_append(binder, names, &sides->merged);
    namespace_append(binder, names, sides->left);
    namespace_append(binder, names, sides->right);
    if (join->quals == NULL || join->quals->node_case == PG_QUERY__NODE__NODE__NOT_SET)
        return NULL;
    Namespace saved = scope->names;
    const char *saved_clause = scope->no_aggregates;
    scope->names = *names;
    scope->no_aggregates = "JOIN conditions";
    Error *error = bind_condition(binder, scope, join->quals, "JOIN/ON", &sides->on);
    scope->names = saved;
    scope->no_aggregates = saved_clause;
    return error;
}

/* Merged columns stand twice in the list: once first and visible, once qualified under their own table. */
static void rename_join(const Binder *binder, const PgQuery__JoinExpr *join, Namespace *names)
{
    if (join->alias == NULL)
        return;
    const char *alias = name_fold(binder, join->alias->aliasname);
    int32_t kept = 0;
    for (int32_t i = 0; i < names->count; i++)
    {
        if (names->entries[i].hidden)
            continue;
        names->entries[kept] = names->entries[i];
        names->entries[kept].alias = alias;
        names->entries[kept].schema = NULL;
        kept++;
    }
    names->count = kept;
}

Error *bind_join(Binder *binder, Scope *scope, const PgQuery__JoinExpr *join, Namespace *names, BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    Namespace left = {0}, right = {0};
    BoundFrom *left_from, *right_from;
    bool is_right = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_RIGHT;
    bool is_full = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_FULL;
    TRY(bind_from_item(binder, scope, join->larg, &left, &left_from));
    Namespace before = scope->names;
    if (!is_right && !is_full) /* LATERAL sees what stands left of it */
        scope->names = concatenated(binder, &before, &left);
    Error *error = bind_from_item(binder, scope, join->rarg, &right, &right_from);
    scope->names = before;
    TRY(error);
    TRY(bind_check_aliases(&left, &right));
    JoinSides sides = {.left = &left, .right = &right, .keep_right = is_right, .full = is_full};
    from->kind = FROM_JOIN;
    from->join = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_INNER ? JOIN_INNER : is_full ? JOIN_FULL : JOIN_LEFT;
    from->address = NO_COLUMN;
    from->left = is_right ? right_from : left_from;
    from->right = is_right ? left_from : right_from;
    if (from->join != JOIN_INNER)
        mark_outer_joined(is_right ? &left : &right);
    if (is_full)
        mark_outer_joined(&left);
    TRY(bind_join_condition(binder, scope, join, &sides, names));
    if (from->join != JOIN_INNER)
        namespace_make_nullable(binder, is_right ? &left : &right);
    if (is_full)
        namespace_make_nullable(binder, &left);
    rename_join(binder, join, names);
    from->on = sides.on;
    *out = from;
    return NULL;
}
