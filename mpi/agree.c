/* SPDX-License-Identifier: Apache-2.0 */
/* One verdict out of many errors. */
#include "mpi/agree.h"

#include "base/core/assert.h"

#include <string.h>

#define ELSEWHERE "another node failed"

void error_write(ByteWriter *writer, const Error *error)
{
    put_u8(writer, error != NULL);
    if (error == NULL)
        return;
    put_str(writer, sqlstate_code(error->state));
    put_i32(writer, error->position);
    put_str(writer, error->message);
    put_str(writer, error->detail);
    put_str(writer, error->hint);
}

Error *error_read(ByteReader *reader, Error **out)
{
    *out = NULL;
    if (get_u8(reader) == 0)
        return reader->broken ? error_new(SQLSTATE_INTERNAL_ERROR, "an error from another rank cannot be read") : NULL;
    Arena *arena = arena_new("error_read");
    char *code = get_str(reader, arena);
    int32_t position = get_i32(reader);
    char *message = get_str(reader, arena);
    char *detail = get_str(reader, arena);
    char *hint = get_str(reader, arena);
    Error *fault = NULL;
    if (reader->broken || code == NULL || message == NULL)
        fault = error_new(SQLSTATE_INTERNAL_ERROR, "an error from another rank cannot be read");
    else
    {
        Error *error = error_new(sqlstate_from_code(code), "%s", message);
        if (position > 0)
            error = error_at(error, position);
        if (detail != NULL)
            error = error_detail(error, "%s", detail);
        if (hint != NULL)
            error = error_hint(error, "%s", hint);
        *out = error;
    }
    arena_free(arena);
    return fault;
}

Error *error_elsewhere(void)
{
    return error_new(SQLSTATE_QUERY_CANCELED, ELSEWHERE);
}

bool error_is_elsewhere(const Error *error)
{
    return error != NULL && error->state == SQLSTATE_QUERY_CANCELED && strcmp(error->message, ELSEWHERE) == 0;
}

/* How much an error tells about the cause: more is better. */
static int32_t error_weight(const Error *error)
{
    if (error == NULL)
        return 0;
    if (error_is_elsewhere(error))
        return 1;
    if (error->state == SQLSTATE_QUERY_CANCELED)
        return 2;
    return error->state == SQLSTATE_CONNECTION_FAILURE ? 3 : 4;
}

Error *errors_agree(Error **errors, int32_t count)
{
    ASSERT(count >= 0);
    int32_t best = -1;
    for (int32_t i = 0; i < count; i++)
        if (error_weight(errors[i]) > (best < 0 ? 0 : error_weight(errors[best])))
            best = i;
    for (int32_t i = 0; i < count; i++)
        if (i != best)
            error_free(errors[i]);
    return best < 0 ? NULL : errors[best];
}
