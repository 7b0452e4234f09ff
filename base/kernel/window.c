/* SPDX-License-Identifier: Apache-2.0 */
/* Window functions as a table. */
#include "base/kernel/window.h"
#include "base/core/assert.h"
#include "base/data/numeric.h"

#include <string.h>

/* The words window.def uses, without their prefixes. */
enum
{
#define TYPE(id, name, oid, wire_length, rep) W_##id = TYPE_##id,
#include "base/data/type.def"
#undef TYPE
    W_NUMBER = OPERAND_NUMBER,
    W_ANY = OPERAND_ANY,
    W_FIRST = RULE_FIRST
};

enum
{
    OPTIONAL_1 = WINDOW_OPTIONAL_1,
    OPTIONAL_2 = WINDOW_OPTIONAL_2,
    NULLS = WINDOW_NULLS,
    FRAME = WINDOW_FRAME
};

/* (A, B, C) -> {W_A, W_B, W_C} and their count */
#define ARGS_0_()
#define ARGS_1_(a)                           W_##a
#define ARGS_2_(a, b)                        W_##a, W_##b
#define ARGS_3_(a, b, c)                     W_##a, W_##b, W_##c
#define ARGS_PICK_(none, a, b, c, name, ...) name
#define ARGS_COUNT(...)                      ARGS_PICK_(0, ##__VA_ARGS__, 3, 2, 1, 0)
#define ARGS_LIST(...)                       ARGS_PICK_(0, ##__VA_ARGS__, ARGS_3_, ARGS_2_, ARGS_1_, ARGS_0_)(__VA_ARGS__)

static const WindowRow rows[WINDOW_COUNT] = {
    [WINDOW_NONE] = {.name = ""},
#define WINDOW(row_id, row_name, row_args, row_result, row_flags, row_doc)                                             \
    [WINDOW_##row_id] = {.id = WINDOW_##row_id,                                                                        \
                         .name = row_name,                                                                             \
                         .arg_count = ARGS_COUNT row_args,                                                             \
                         .args = {ARGS_LIST row_args},                                                                 \
                         .result = W_##row_result,                                                                     \
                         .flags = row_flags,                                                                           \
                         .doc = row_doc},
#include "base/kernel/window.def"
#undef WINDOW
};

const WindowRow *window_row(WindowId id)
{
    ASSERT((unsigned) id < WINDOW_COUNT);
    return &rows[id];
}

static const WindowRow *find_row(const char *name)
{
    for (int32_t i = 1; i < WINDOW_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

bool window_exists(const char *name)
{
    return find_row(name) != NULL;
}

static Error *no_window(const char *name, const SqlType *args, int32_t count)
{
    Text text;
    text_init(&text, NULL);
    for (int32_t i = 0; i < count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : ", ", type_name(args[i]));
    Error *error = error_new(SQLSTATE_UNDEFINED_FUNCTION, "function %s(%s) does not exist", name, text.data);
    text_free(&text);
    return error_hint(
        error, "No function matches the given name and argument types. You might need to add explicit type casts.");
}

static bool count_fits(const WindowRow *row, int32_t count)
{
    int32_t optional = (row->flags & WINDOW_OPTIONAL_1) != 0 ? 1 : (row->flags & WINDOW_OPTIONAL_2) != 0 ? 2 : 0;
    return count <= row->arg_count && count >= row->arg_count - optional;
}

/* What an argument is cast to; false if the row does not take it. ANY behind the first is the first's type too, so both
 * are cast to what they have in common. */
static bool match_arg(const WindowRow *row, SqlType arg, int32_t index, WindowMatch *match)
{
    uint8_t wanted = row->args[index];
    bool text = type_is_string(arg) && arg.id != TYPE_UNKNOWN;
    if (wanted == OPERAND_ANY)
    {
        SqlType given = arg.id == TYPE_UNKNOWN && index == 0 ? type_varchar(arg.length) : arg;
        Error *error = index == 0 ? NULL : type_common(match->args[0], given, &given);
        bool fits = error == NULL;
        error_free(error);
        match->args[0] = match->args[index] = given;
        return fits;
    }
    match->args[index] = wanted == OPERAND_NUMBER ? arg : type_make((TypeId) wanted);
    if (wanted == OPERAND_NUMBER || wanted == TYPE_DOUBLE)
        return type_is_number(arg);
    return !text && (arg.id == TYPE_UNKNOWN || cast_allowed((TypeId) arg.id, (TypeId) wanted, CAST_IMPLICIT)) &&
           (wanted != TYPE_BIGINT || arg.id == TYPE_UNKNOWN || type_is_integer(arg));
}

Error *window_resolve(const char *name, const SqlType *args, int32_t arg_count, WindowMatch *match)
{
    memset(match, 0, sizeof *match);
    match->row = find_row(name);
    if (match->row == NULL || !count_fits(match->row, arg_count))
        return no_window(name, args, arg_count);
    for (int32_t i = 0; i < arg_count; i++)
        if (!match_arg(match->row, args[i], i, match))
            return no_window(name, args, arg_count);
    match->result = match->row->result == RULE_FIRST ? match->args[0] : type_make((TypeId) match->row->result);
    return NULL;
}
