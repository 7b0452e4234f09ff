/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/settle.h"
#include "hdf5store/segment.h"
#include "src/leader/leader.h"

/* Of a slice, made if it is not there. */
static Error *slice_directory(Arena *arena, const char *directory, const SegmentImage *image, char **out)
{
    char *base = arena_printf(arena, "%s/db%d", directory, DATABASE_ID);
    char *table = arena_printf(arena, "%s/t%lld", base, (long long) image->table_id);
    *out = arena_printf(arena, "%s/s%d", table, image->slice);
    TRY(segment_directory_make(base, directory));
    TRY(segment_directory_make(table, base));
    return segment_directory_make(*out, table);
}

static Error *images_settle(Arena *arena, const char *directory, const SegmentImage *images, int32_t count)
{
    char *slice = NULL;
    for (int32_t i = 0; i < count; i++)
    {
        const SegmentImage *image = &images[i];
        bool same = i > 0 && image->table_id == image[-1].table_id && image->slice == image[-1].slice;
        if (!same)
            TRY(slice_directory(arena, directory, image, &slice));
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
