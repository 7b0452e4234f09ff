/* SPDX-License-Identifier: Apache-2.0 */
/* ROWS, RANGE and GROUPS: the frame of a window.  Which bits mean what: PostgreSQL's nodes/parsenodes.h. */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

enum FrameOption
{
    OPTION_RANGE = 0x00002,
    OPTION_ROWS = 0x00004,
    OPTION_GROUPS = 0x00008,
    OPTION_START_UNBOUNDED_PRECEDING = 0x00020,
    OPTION_END_UNBOUNDED_FOLLOWING = 0x00100,
    OPTION_START_PRECEDING = 0x00800,
    OPTION_END_PRECEDING = 0x01000,
    OPTION_START_FOLLOWING = 0x02000,
    OPTION_END_FOLLOWING = 0x04000,
    OPTION_EXCLUDE_CURRENT_ROW = 0x08000,
    OPTION_EXCLUDE_GROUP = 0x10000,
    OPTION_EXCLUDE_TIES = 0x20000
};

static Error *windowing(int32_t position, const char *message)
{
    return error_at(error_new(SQLSTATE_WINDOWING_ERROR, "%s", message), position);
}

static bool is_moment(SqlType type)
{
    return !type_is_number(type) && !type_is_string(type) && type.id != TYPE_BOOLEAN;
}

/* RANGE 2.5 PRECEDING over whole numbers: the key gets the type both have in common. */
static Error *match_range(Binder *binder, BoundWindow *window, Expr *offset, Expr **out)
{
    BoundSort *key = &window->sort[0];
    SqlType type = key->expr->type;
    if (is_moment(type))
        return coerce(binder, offset, type_make(TYPE_INTERVAL), CAST_IMPLICIT, out);
    if (!type_is_number(type))
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED,
                                  "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s",
                                  type_name(type)),
                        offset->position);
    char op = '=';
    if (offset->type.id == TYPE_UNKNOWN)
        return coerce(binder, offset, type, CAST_IMPLICIT, out);
    if (offset->kind == EXPR_CONST && !offset->value.null && coerce_constant_to(binder, offset, type, &op, out))
        return NULL;
    SqlType common;
    TRY(type_common(type, offset->type, &common));
    TRY(coerce(binder, key->expr, common, CAST_IMPLICIT, &key->expr));
    return coerce(binder, offset, common, CAST_IMPLICIT, out);
}

static bool is_negative(const Expr *offset)
{
    Datum zero = {0};
    switch (offset->type.id)
    {
    case TYPE_DOUBLE:
    case TYPE_REAL:
        return !(offset->value.f >= 0);
    case TYPE_DECIMAL:
        return datum_decimal(offset->type, &offset->value) < 0;
    case TYPE_INTERVAL:
        return value_compare(offset->type, &offset->value, &zero) < 0;
    default:
        return offset->value.i < 0;
    }
}

static Error *bind_offset(Binder *binder, Scope *scope, const Node *node, const char *which, BoundWindow *window,
                          Expr **out)
{
    Expr *offset;
    const char *saved = scope->no_aggregates;
    scope->no_aggregates = "window frames";
    Error *error = bind_expr(binder, scope, node, &offset);
    scope->no_aggregates = saved;
    TRY(error);
    if (!expr_is_const(offset))
        return unsupported(offset->position, "a frame offset that is no constant is");
    if (offset->value.null)
        return error_at(error_new(SQLSTATE_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null", which),
                        offset->position);
    if (window->frame.unit == FRAME_RANGE)
        TRY(match_range(binder, window, offset, out));
    else
        TRY(coerce(binder, offset, type_make(TYPE_BIGINT), CAST_IMPLICIT, out));
    if (is_negative(*out))
        return error_at(
            error_new(SQLSTATE_INVALID_PRECEDING_OR_FOLLOWING_SIZE, "frame %s offset must not be negative", which),
            offset->position);
    return NULL;
}

/* All rows tie in a constant: only frames that step from key to key need to know of it. */
static void sort_without_constants(BoundWindow *window)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < window->sort_count; i++)
        if (!expr_is_const(window->sort[i].expr))
            window->sort[kept++] = window->sort[i];
    window->sort_count = kept;
}

/* Without an order all rows are peers: the partition's ends are those of the current row's group. */
static void frame_without_order(BoundFrame *frame)
{
    if (frame->start == FRAME_CURRENT_ROW)
        frame->start = FRAME_UNBOUNDED_PRECEDING;
    if (frame->end == FRAME_CURRENT_ROW)
        frame->end = FRAME_UNBOUNDED_FOLLOWING;
}

Error *bind_frame(Binder *binder, Scope *scope, const PgQuery__WindowDef *def, BoundWindow *window)
{
    int32_t options = def->frame_options;
    int32_t position = node_position(binder, def->location);
    BoundFrame *frame = &window->frame;
    bool start_moved = (options & (OPTION_START_PRECEDING | OPTION_START_FOLLOWING)) != 0;
    bool end_moved = (options & (OPTION_END_PRECEDING | OPTION_END_FOLLOWING)) != 0;
    frame->unit = (options & OPTION_ROWS) != 0 ? FRAME_ROWS : (options & OPTION_GROUPS) != 0 ? FRAME_GROUPS : FRAME_RANGE;
    frame->start = (options & OPTION_START_UNBOUNDED_PRECEDING) != 0 ? FRAME_UNBOUNDED_PRECEDING
                   : (options & OPTION_START_PRECEDING) != 0         ? FRAME_PRECEDING
                   : (options & OPTION_START_FOLLOWING) != 0         ? FRAME_FOLLOWING
                                                                     : FRAME_CURRENT_ROW;
    frame->end = (options & OPTION_END_UNBOUNDED_FOLLOWING) != 0 ? FRAME_UNBOUNDED_FOLLOWING
                 : (options & OPTION_END_PRECEDING) != 0         ? FRAME_PRECEDING
                 : (options & OPTION_END_FOLLOWING) != 0         ? FRAME_FOLLOWING
                                                                 : FRAME_CURRENT_ROW;
    frame->exclude = (options & OPTION_EXCLUDE_CURRENT_ROW) != 0 ? FRAME_EXCLUDE_CURRENT_ROW
                     : (options & OPTION_EXCLUDE_GROUP) != 0     ? FRAME_EXCLUDE_GROUP
                     : (options & OPTION_EXCLUDE_TIES) != 0      ? FRAME_EXCLUDE_TIES
                                                                 : FRAME_EXCLUDE_NOTHING;
    if (frame->unit == FRAME_RANGE && (start_moved || end_moved) && window->sort_count != 1)
        return windowing(position, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
    if (frame->unit == FRAME_GROUPS && window->sort_count == 0)
        return windowing(position, "GROUPS mode requires an ORDER BY clause");
    if (start_moved)
        TRY(bind_offset(binder, scope, def->start_offset, "starting", window, &frame->start_offset));
    if (end_moved)
        TRY(bind_offset(binder, scope, def->end_offset, "ending", window, &frame->end_offset));
    if (frame->unit == FRAME_ROWS || (frame->unit == FRAME_RANGE && !start_moved && !end_moved))
        sort_without_constants(window);
    if (frame->unit == FRAME_RANGE && window->sort_count == 0)
        frame_without_order(frame);
    return NULL;
}
