/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few things Stoa asks of HDF5: make a file, make datasets, write chunks as they are, close.
 * The library has one lock for all threads and per-process state; so has this file (h5file.c), which
 * together with filter.c and plugin.c is all that includes hdf5.h.
 */
#ifndef HDF5STORE_H5FILE_H
#define HDF5STORE_H5FILE_H

#include "base/core/arena.h"
#include "hdf5store/chunk.h"
#include "hdf5store/filter.h"

typedef struct H5File H5File;

typedef struct H5Dataset
{
    const char *name; /* a link name: see h5file_link_name */
    FilterShape shape;
    ChunkKind kind;       /* FILTER_NUMBERS */
    bool is_bool;         /* CHUNK_I8 that is shown as h5py's bool */
    int32_t element_size; /* FILTER_STRINGS: length, >= 1 */
    uint32_t chunk_size;  /* elements, >= 1 */
    uint64_t elements;    /* known now; with `grows`, so far */
    bool grows;           /* more chunks may come than `elements` says */
} H5Dataset;

/* Once a process, before threads start; again: nothing.  Registers the filter. */
void h5file_start(void);

/* Makes (or empties) the file, mode 0600, with a user block of `user_block` bytes.  Lives in the arena. */
Error *h5file_create(Arena *arena, const char *path, uint32_t user_block, H5File **file) MUST_USE;
/* Handle of a new dataset. */
Error *h5file_dataset(H5File *file, const H5Dataset *spec, int64_t *dataset) MUST_USE;
/* Chunk number `chunk` of chunk_size elements; `elements`: the dataset's length from now on. */
Error *h5file_write_chunk(H5File *file, int64_t dataset, uint64_t chunk, uint32_t chunk_size, uint64_t elements,
                          const void *bytes, size_t size) MUST_USE;
/* Where HDF5 says the chunk is: whether that counts from the user block's begin or end depends on its version. */
Error *h5file_chunk_address(H5File *file, int64_t dataset, uint64_t chunk, uint32_t chunk_size,
                            uint64_t *address) MUST_USE;
/* Its length from now on: longer, never shorter. */
Error *h5file_extend(H5File *file, int64_t dataset, uint64_t elements) MUST_USE;
/* Closes the dataset's handle. */
Error *h5file_dataset_close(H5File *file, int64_t dataset) MUST_USE;

/* dataset -1: of the file. */
Error *h5file_attribute_text(H5File *file, int64_t dataset, const char *name, const char *value) MUST_USE;
Error *h5file_attribute_int(H5File *file, int64_t dataset, const char *name, int64_t value) MUST_USE;

/* Contiguous datasets with their space reserved, to be filled in after the close; offset from the file's begin. */
Error *h5file_index(H5File *file, const char *name, uint64_t columns, uint64_t blocks, uint64_t *address) MUST_USE;
Error *h5file_bytes(H5File *file, const char *name, uint64_t size, uint64_t *address) MUST_USE;

/* Closes the file; HDF5 writes its metadata now.  Does nothing the second time. */
Error *h5file_close(H5File *file) MUST_USE;

/* A column's name as a link name: %, /, ., control characters and a leading _ as %XX. */
char *h5file_link_name(Arena *arena, const char *name);

#endif
