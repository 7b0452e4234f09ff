/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/encode.h"

#include <strings.h>

#define BIT(id)  (1u << TYPE_##id)
#define ALL      UINT32_MAX
#define INTEGERS (BIT(SMALLINT) | BIT(INTEGER) | BIT(BIGINT) | BIT(DECIMAL))
#define DATES    (BIT(DATE) | BIT(TIMESTAMP))
#define MOMENTS  (BIT(TIMESTAMPTZ) | BIT(TIME) | BIT(TIMETZ))

typedef struct Row
{
    const char *keyword;
    int32_t number;
    uint32_t types; /* a bit for each TypeId */
} Row;

static const Row rows[] = {
#define ENCODE(keyword, stored, number, types) {#keyword, number, types},
#include "base/data/encode.def"
#undef ENCODE
};

Encode encode_find(const char *keyword)
{
    int32_t at = 0;
    if (strcasecmp(keyword, "none") == 0)
        return ENCODE_raw;
    while (at < ENCODE_COUNT && strcasecmp(keyword, rows[at].keyword) != 0)
        at++;
    return (Encode) at;
}

Error *encode_parse(const char *keyword, SqlType type, Encode *out)
{
    *out = encode_find(keyword);
    if (*out == ENCODE_COUNT)
        return error_hint(error_new(SQLSTATE_UNDEFINED_OBJECT, "encoding type \"%s\" does not exist", keyword),
                          "Known are auto, raw, az64, bytedict, deflate, delta, delta32k, lz4, lzo, mostly8, mostly16, mostly32, "
                          "runlength, text255, text32k and zstd.");
    if ((rows[*out].types >> type.id & 1) != 0)
        return NULL;
    return error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "encoding \"%s\" does not fit type %s", encode_keyword(*out),
                     type_name(type));
}

const char *encode_keyword(Encode encode)
{
    return rows[encode].keyword;
}

int32_t encode_number(Encode encode)
{
    return rows[encode].number;
}

Encode encode_of_number(int64_t number)
{
    for (int32_t i = 0; i < ENCODE_COUNT; i++)
        if (rows[i].number == number)
            return (Encode) i;
    return ENCODE_COUNT;
}

Encode encode_default(SqlType type, bool sort_key)
{
    if (sort_key || type.id == TYPE_BOOLEAN || type.id == TYPE_REAL || type.id == TYPE_DOUBLE || type.id == TYPE_INTERVAL)
        return ENCODE_raw;
    return (rows[ENCODE_az64].types >> type.id & 1) != 0 ? ENCODE_az64 : ENCODE_lzo;
}
