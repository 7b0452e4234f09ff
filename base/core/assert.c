/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/assert.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Guard
{
    jmp_buf back;
    const char *file;
    int line;
} Guard;

static _Thread_local Guard *guard;

_Noreturn void assert_failed(const char *file, int line, const char *expression)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    fflush(stderr);
    if (guard == NULL)
        abort();
    guard->file = file;
    guard->line = line;
    longjmp(guard->back, 1);
}

Error *assert_guard(Error *(*work)(void *context), void *context)
{
    Guard here;
    ASSERT(guard == NULL);
    Error *error;
    if (setjmp(here.back) == 0)
    {
        guard = &here;
        error = work(context);
    }
    else
        error = error_hint(error_new(SQLSTATE_INTERNAL_ERROR, "an internal check failed at %s:%d", here.file, here.line),
                           "This is a fault of Stoa itself, which has stopped the statement. Please report it.");
    guard = NULL;
    return error;
}
