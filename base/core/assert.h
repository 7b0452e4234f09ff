/* SPDX-License-Identifier: Apache-2.0 */
/* Our own faults: what must be true, checked in every build. */
#ifndef BASE_CORE_ASSERT_H
#define BASE_CORE_ASSERT_H

/* Prints file, line and expression to stderr and aborts the process. */
_Noreturn void assert_failed(const char *file, int line, const char *expression);

#define ASSERT(expression)                                                                             \
    do                                                                                                 \
    {                                                                                                  \
        if (__builtin_expect(!(expression), 0))                                                        \
            assert_failed(__FILE__, __LINE__, #expression);                                            \
    } while (0)

#endif
