/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/settle.h"
#include "hdf5store/segment.h"
#include "src/leader/leader.h"

static Error *images_settle(Arena *arena, const char *directory, const SegmentImage *images, int32_t count)
{
    char *slice = NULL;
    for (int32_t i = 0; i < count; i++)
    {
        const SegmentImage *image = &images[i];
        bool same = i > 0 && image->table_id == image[-1].table_id && image->slice == image[-1].slice;
        if (!same)
            TRY(segment_slice_directory(arena, directory, DATABASE_ID, image->table_id, image->slice, &slice));
        TRY(segment_restore(slice, image->file, image->data, image->bytes));
        same = i + 1 < count && image->table_id == image[1].table_id && image->slice == image[1].slice;
        if (!same)
            TRY(segment_sync_directory(slice));
    }
    return NULL;
}

Error *settle_files(const char *directory, Catalog *catalog)
{
    Arena *arena = arena_new("images");
    SegmentImage *images;
    int32_t count;
    Error *error = catalog_images(catalog, arena, &images, &count);
    if (error == NULL && count > 0)
        error = images_settle(arena, directory, images, count);
    if (error == NULL && count > 0)
        error = catalog_forget_images(catalog, images, count);
    arena_free(arena);
    return error;
}
