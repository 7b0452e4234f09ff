/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vasprintf */
#endif
#include "base/core/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What error_new() gives when there is no memory for a better one. */
static char memory_message[] = "out of memory";
static Error memory_error = {SQLSTATE_OUT_OF_MEMORY, 0, memory_message, NULL, NULL};

static const char *const state_codes[SQLSTATE_COUNT] = {
#define SQLSTATE(name, code, meaning) [SQLSTATE_##name] = code,
#include "base/core/sqlstate.def"
#undef SQLSTATE
};

static char *format_owned(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static char *format_owned(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return NULL;
    return text;
}

Error *error_new(SqlState state, const char *format, ...)
{
    Error *error = calloc(1, sizeof *error);
    if (error == NULL)
        return &memory_error;
    va_list args;
    va_start(args, format);
    error->message = format_owned(format, args);
    va_end(args);
    if (error->message == NULL)
    {
        free(error);
        return &memory_error;
    }
    error->state = state;
    return error;
}

Error *error_detail(Error *error, const char *format, ...)
{
    if (error == NULL || error == &memory_error)
        return error;
    va_list args;
    va_start(args, format);
    free(error->detail);
    error->detail = format_owned(format, args);
    va_end(args);
    return error;
}

Error *error_hint(Error *error, const char *format, ...)
{
    if (error == NULL || error == &memory_error)
        return error;
    va_list args;
    va_start(args, format);
    free(error->hint);
    error->hint = format_owned(format, args);
    va_end(args);
    return error;
}

Error *error_at(Error *error, int32_t position)
{
    if (error != NULL && error != &memory_error && error->position == 0)
        error->position = position;
    return error;
}

void error_free(Error *error)
{
    if (error == NULL || error == &memory_error)
        return;
    free(error->message);
    free(error->detail);
    free(error->hint);
    free(error);
}

const char *sqlstate_code(SqlState state)
{
    if ((unsigned) state >= SQLSTATE_COUNT)
        state = SQLSTATE_INTERNAL_ERROR;
    return state_codes[state];
}

bool error_is_data(const Error *error)
{
    return strncmp(sqlstate_code(error->state), "22", 2) == 0;
}

SqlState sqlstate_from_errno(int reason)
{
    return reason == ENOSPC || reason == EDQUOT ? SQLSTATE_DISK_FULL : SQLSTATE_IO_ERROR;
}

Error *error_file(const char *act, const char *path)
{
    int reason = errno;
    return error_new(reason == ENOENT ? SQLSTATE_UNDEFINED_FILE : sqlstate_from_errno(reason), "could not %s \"%s\": %s", act, path,
                     strerror(reason));
}

SqlState sqlstate_from_code(const char *code)
{
    for (int state = 0; state < SQLSTATE_COUNT; state++)
        if (strcmp(state_codes[state], code) == 0)
            return (SqlState) state;
    return SQLSTATE_INTERNAL_ERROR;
}
