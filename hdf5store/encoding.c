/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/encoding.h"

#include <strings.h>

const char *encoding_name(Encoding encoding)
{
    switch (encoding)
    {
#define ENCODING(id, number, name)                                                                                     \
    case ENCODING_##id:                                                                                                \
        return name;
#include "hdf5store/encoding.def"
#undef ENCODING
    default:
        return "unknown";
    }
}

/* Which types an ENCODE clause may name it for. */
typedef enum Fit
{
    FIT_ALL,
    FIT_NOT_BOOLEAN,
    FIT_INTEGERS, /* whatever is an integer in memory, except BOOLEAN */
    FIT_STRINGS
} Fit;

typedef struct Word
{
    const char *name;
    Encoding encoding;
    Fit fit;
} Word;

/* Redshift's names ("Compression encodings" in its developer guide) and what Stoa makes of them. */
static const Word words[] = {
    {"auto", ENCODING_AUTO, FIT_ALL},
    {"az64", ENCODING_FOR, FIT_INTEGERS},
    {"bytedict", ENCODING_DICT, FIT_NOT_BOOLEAN},
    {"deflate", ENCODING_DEFLATE, FIT_ALL},
    {"delta", ENCODING_DELTA, FIT_INTEGERS},
    {"delta32k", ENCODING_DELTA, FIT_INTEGERS},
    {"gzip", ENCODING_DEFLATE, FIT_ALL},
    {"lz4", ENCODING_LZ4, FIT_ALL},
    {"lzo", ENCODING_LZ4, FIT_NOT_BOOLEAN},
    {"mostly16", ENCODING_FOR, FIT_INTEGERS},
    {"mostly32", ENCODING_FOR, FIT_INTEGERS},
    {"mostly8", ENCODING_FOR, FIT_INTEGERS},
    {"none", ENCODING_RAW, FIT_ALL},
    {"raw", ENCODING_RAW, FIT_ALL},
    {"runlength", ENCODING_RLE, FIT_ALL},
    {"text255", ENCODING_DICT, FIT_STRINGS},
    {"text32k", ENCODING_DICT, FIT_STRINGS},
    {"zstd", ENCODING_ZSTD, FIT_ALL},
};

static bool word_fits(Fit fit, SqlType type)
{
    Rep rep = type_rep(type);
    switch (fit)
    {
    case FIT_NOT_BOOLEAN:
        return type.id != TYPE_BOOLEAN;
    case FIT_INTEGERS:
        return type.id != TYPE_BOOLEAN && rep_is_integer(rep);
    case FIT_STRINGS:
        return rep == REP_STR;
    case FIT_ALL:
        break;
    }
    return true;
}

Error *encoding_parse(const char *name, SqlType type, Encoding *encoding)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    {
        if (strcasecmp(name, words[i].name) != 0)
            continue;
        if (!word_fits(words[i].fit, type))
            return error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "encoding \"%s\" does not fit type %s", words[i].name,
                             type_name(type));
        *encoding = words[i].encoding;
        return NULL;
    }
    return error_hint(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "unknown encoding \"%s\"", name),
                      "Use auto, az64, bytedict, delta, delta32k, deflate, lz4, lzo, mostly8, mostly16, mostly32, raw, "
                      "runlength, text255, text32k or zstd.");
}
