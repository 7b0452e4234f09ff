/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window functions by name, and what a frame is made of.
 *
 * Aggregates may be used over a window too: base/kernel/agg.def.
 */
#ifndef BASE_KERNEL_WINDOW_H
#define BASE_KERNEL_WINDOW_H

#include "base/kernel/kernel.h"

#define WINDOW_ARGS_MAX 3

typedef enum WindowId
{
    WINDOW_NONE,
#define WINDOW(id, name, args, result, flags, doc) WINDOW_##id,
#include "base/kernel/window.def"
#undef WINDOW
    WINDOW_COUNT
} WindowId;

enum WindowFlag
{
    WINDOW_OPTIONAL_1 = 1,
    WINDOW_OPTIONAL_2 = 2,
    WINDOW_NULLS = 4,
    WINDOW_FRAME = 8
};

typedef struct WindowRow
{
    WindowId id;
    const char *name;
    int32_t arg_count;
    uint8_t args[WINDOW_ARGS_MAX]; /* TypeId, OPERAND_NUMBER, OPERAND_ANY (the first argument's type behind the first) */
    uint8_t result;                /* TypeId or RULE_FIRST */
    uint32_t flags;
    const char *doc;
} WindowRow;

typedef struct WindowMatch
{
    const WindowRow *row;
    SqlType args[WINDOW_ARGS_MAX]; /* cast the arguments to these */
    SqlType result;
} WindowMatch;

/* 42883 if it takes no such arguments. */
Error *window_resolve(const char *name, const SqlType *args, int32_t arg_count, WindowMatch *match) MUST_USE;
bool window_exists(const char *name);
const WindowRow *window_row(WindowId id);

/* --- frames -------------------------------------------------------------- */
typedef enum FrameUnit
{
    FRAME_ROWS,
    FRAME_RANGE, /* values of the one sort key */
    FRAME_GROUPS /* peer groups */
} FrameUnit;

typedef enum FrameBound
{
    FRAME_UNBOUNDED_PRECEDING,
    FRAME_PRECEDING, /* offset rows, values or groups before */
    FRAME_CURRENT_ROW,
    FRAME_FOLLOWING,
    FRAME_UNBOUNDED_FOLLOWING
} FrameBound;

typedef enum FrameExclude
{
    FRAME_EXCLUDE_NOTHING,
    FRAME_EXCLUDE_CURRENT_ROW,
    FRAME_EXCLUDE_GROUP,
    FRAME_EXCLUDE_TIES
} FrameExclude;

#endif
