/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stoa's HDF5 filter: chunks as foreign tools see them.  Reading only: the engine writes chunks directly.
 * Used in the engine and in the plug-in, so it calls no function of HDF5 (h5py loads libhdf5 where a plug-in
 * cannot see it).
 */
#ifndef HDF5STORE_FILTER_H
#define HDF5STORE_FILTER_H

#include <stddef.h>

#define FILTER_ID   43500
#define FILTER_NAME "stoa"

/* cd_values of a dataset. */
typedef enum FilterValue
{
    FILTER_VERSION,      /* 1 */
    FILTER_SHAPE,        /* FilterShape */
    FILTER_ELEMENT_SIZE, /* bytes; FILTER_TEXT: 1 */
    FILTER_CHUNK_SIZE,   /* elements of a chunk: what must come out, zeros behind the rows */
    FILTER_VALUE_COUNT
} FilterValue;

typedef enum FilterShape
{
    FILTER_NUMBERS = 1,
    FILTER_STRINGS = 2, /* fixed length, padded with zeros */
    FILTER_TEXT = 3     /* bytes: uint32 rows, uint32 offsets[rows + 1], strings one after another */
} FilterShape;

/* H5Z_func_t. */
size_t filter_run(unsigned flags, size_t value_count, const unsigned values[], size_t size, size_t *capacity,
                  void **buffer);

#endif
