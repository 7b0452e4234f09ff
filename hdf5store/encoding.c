/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/encoding.h"
#include "base/data/encode.h"

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

Encoding encoding_of_keyword(const char *keyword)
{
    static const Encoding stored[ENCODE_COUNT + 1] = {
#define ENCODE(word, way, number, types) [ENCODE_##word] = ENCODING_##way,
#include "base/data/encode.def"
#undef ENCODE
        [ENCODE_COUNT] = ENCODING_AUTO,
    };
    return keyword == NULL ? ENCODING_AUTO : stored[encode_find(keyword)];
}
