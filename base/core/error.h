/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are values.  A function that can fail for the user's or the world's
 * fault returns `Error *`: NULL means it worked.  The caller owns the error it
 * is given and either returns it further, reports it, or frees it.  Faults of
 * our own are ASSERTs (base/core/assert.h), never Errors; only assert_guard() makes one of them.
 */
#ifndef BASE_CORE_ERROR_H
#define BASE_CORE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum SqlState
{
#define SQLSTATE(name, code, meaning) SQLSTATE_##name,
#include "base/core/sqlstate.def"
#undef SQLSTATE
    SQLSTATE_COUNT
} SqlState;

/* One fault, told as PostgreSQL tells it.  Message: lower case, no full stop,
 * names in double quotes.  Detail and hint: whole sentences. */
typedef struct Error
{
    SqlState state;
    int32_t position; /* 1-based character in the user's statement, 0 = none */
    char *message;    /* owned, never NULL */
    char *detail;     /* owned, may be NULL */
    char *hint;       /* owned, may be NULL */
} Error;

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Makes an error.  Never fails: without memory it returns a static one that
 * error_free() recognises. */
Error *error_new(SqlState state, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Add to an error on its way up; each returns `error` itself. */
Error *error_detail(Error *error, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
Error *error_hint(Error *error, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
/* Sets the position if none is set yet (the innermost place wins). */
Error *error_at(Error *error, int32_t position) MUST_USE;

void error_free(Error *error); /* NULL is fine */

/* What the system says of a file, in errno: "could not <act> "<path>": <reason>".  53100 without space, 58P01 without a file,
 * else 58030. */
Error *error_file(const char *act, const char *path) MUST_USE;

/* Is the fault in a value (class 22: no number, out of range, divided by zero...), not in the statement or the world? */
bool error_is_data(const Error *error);

/* "42601" for SQLSTATE_SYNTAX_ERROR. */
const char *sqlstate_code(SqlState state);
/* Of an errno of reading or writing: 53100 without space or beyond a quota, else 58030. */
SqlState sqlstate_from_errno(int reason);
/* The state with that five-letter code; SQLSTATE_INTERNAL_ERROR if unknown. */
SqlState sqlstate_from_code(const char *code);

#define TRY(expression)                                                                                \
    do                                                                                                 \
    {                                                                                                  \
        Error *try_error_ = (expression);                                                              \
        if (try_error_ != NULL)                                                                        \
            return try_error_;                                                                         \
    } while (0)

#endif
