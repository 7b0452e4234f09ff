/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of bodies share.  Bodies themselves are declared by bodies.h. */
#ifndef BASE_KERNEL_BODY_H
#define BASE_KERNEL_BODY_H

#include "base/core/arena.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "base/data/value.h"
#include "base/kernel/bodies.h"

#define TEXT_RESULT_MAX 65535 /* bytes a body may make: VARCHAR_LENGTH_MAX */

/* Keeps the first error of a row batch; later ones are dropped. */
static inline void error_keep(Error **error, Error *fault)
{
    if (fault == NULL)
        return;
    if (*error == NULL)
        *error = fault;
    else
        error_free(fault);
}

/* Digits of a TO_NUMBER format; false if it has none or they are not known. */
bool number_format_digits(Str picture, int32_t *precision, int32_t *scale);

/* Bytes of the UTF-8 character that begins with `first`. */
static inline int64_t char_bytes(char first)
{
    unsigned char c = (unsigned char) first;
    return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Where character `count` (from 0) begins, at most text.len. */
static inline int64_t char_offset(Str text, int64_t count)
{
    int64_t at = 0;
    for (; count > 0 && at < text.len; count--)
        at += char_bytes(text.data[at]);
    return at < text.len ? at : text.len;
}

#endif
