/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a segment-wide dictionary out of those of a string column's blocks, while the blocks are written.
 * It exists only as long as every block has a dictionary (or one value), together they have at most
 * DICT_ENTRIES_MAX entries, and none ends in a blank (so that different codes are different values in SQL).
 */
#ifndef HDF5STORE_DICTIONARY_H
#define HDF5STORE_DICTIONARY_H

#include "hdf5store/layout.h"

typedef struct DictBuilder DictBuilder;

DictBuilder *dict_builder_new(Arena *arena);
/* The next block's entries (none: all null).  False: there will be no dictionary; do not call again. */
bool dict_builder_add(DictBuilder *builder, const Str *entries, int32_t count);
/* Sorted, with the maps of all blocks; lives in the builder's arena. */
void dict_builder_finish(DictBuilder *builder, Dictionary *dictionary);

#endif
