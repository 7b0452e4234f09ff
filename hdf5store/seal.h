/* SPDX-License-Identifier: Apache-2.0 */
/* The last steps of a segment: close, index, digests, durable under its name. */
#ifndef HDF5STORE_SEAL_H
#define HDF5STORE_SEAL_H

#include "hdf5store/h5file.h"
#include "hdf5store/layout.h"

typedef struct SealSpec
{
    H5File *file; /* open; closed by segment_seal */
    const char *temporary_path;
    const char *path;
    const char *directory;
    int64_t table_id;
    int64_t rows;
    int32_t column_count;
    int32_t block_count;
    const IndexEntry **entries; /* [column][block]; addresses as HDF5 told them */
    const char *meta;
    size_t meta_size;
    bool sync_later; /* writing to the disk begins, but nobody waits for it */
} SealSpec;

/* bytes, digest: of the finished file.  On error the temporary file is left to the caller. */
Error *segment_seal(Arena *arena, const SealSpec *spec, int64_t *bytes, uint8_t digest[SEGMENT_DIGEST_SIZE]) MUST_USE;

/* xxh3-128 of the file from the header's end on, read through `fd`. */
Error *segment_body_digest(int fd, const char *table_name, const char *path, uint64_t file_bytes,
                           uint8_t digest[SEGMENT_DIGEST_SIZE]) MUST_USE;

#endif
