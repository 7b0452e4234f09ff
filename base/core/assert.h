/* SPDX-License-Identifier: Apache-2.0 */
/* Our own faults: what must be true, checked in every build. */
#ifndef BASE_CORE_ASSERT_H
#define BASE_CORE_ASSERT_H

#include "base/core/error.h"

/* Prints file, line and expression to stderr; ends the guard this thread is in, else aborts the process. */
_Noreturn void assert_failed(const char *file, int line, const char *expression);

#define ASSERT(expression)                                                                             \
    do                                                                                                 \
    {                                                                                                  \
        if (__builtin_expect(!(expression), 0))                                                        \
            assert_failed(__FILE__, __LINE__, #expression);                                            \
    } while (0)

/*
 * Runs work(context).  An ASSERT that fails in it, in this thread, ends the work, not the process: the guard then
 * returns XX000.  The work is left where it stood, so it may hold no lock, and what it leaves behind must be in
 * an arena: the making of a plan is such work, the running of one is not.  Guards do not nest.
 */
Error *assert_guard(Error *(*work)(void *context), void *context) MUST_USE;

#endif
