/* SPDX-License-Identifier: Apache-2.0 */
/* Values to text and back, for the tests of base/data. */
#ifndef TESTS_UNIT_DATA_CASE_H
#define TESTS_UNIT_DATA_CASE_H

#include "base/data/datetime.h"
#include "base/data/find.h"
#include "base/data/hash.h"
#include "base/data/numeric.h"
#include "base/data/row.h"
#include "base/data/type.h"
#include "base/data/value.h"
#include "base/data/value_binary.h"

#include <CUnit/Basic.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;

static inline const char *code_of(Error *error)
{
    if (error == NULL)
        return "";
    const char *code = sqlstate_code(error->state);
    error_free(error);
    return code;
}

#define ASSERT_CODE(error, code) CU_ASSERT_STRING_EQUAL(code_of(error), code)

static inline void expect_text(const char *got, int64_t length, const char *want)
{
    bool same = length == (int64_t) strlen(want) && memcmp(got, want, (size_t) length) == 0;
    if (!same)
        printf("\n    got \"%.*s\", wanted \"%s\"", (int) length, got, want);
    CU_ASSERT(same);
}

/* Parses and prints again; a five-letter SQLSTATE stands for a refusal. */
static inline void round_trip(SqlType type, ValueMode mode, const char *text, const char *want)
{
    Datum value;
    Text out;
    text_init(&out, arena);
    Error *error = value_parse(arena, type, mode, text, strlen(text), &value);
    if (error != NULL)
        text_puts(&out, code_of(error));
    else
        value_print(&out, type, &value);
    if (strcmp(out.data, want) != 0)
        printf("\n    %s \"%s\":", type_name(type), text);
    expect_text(out.data, (int64_t) out.length, want);
}

#endif
