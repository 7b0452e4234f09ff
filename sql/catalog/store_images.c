/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of small segments that may not be durable as files. */
#include "sql/catalog/store.h"

#include <sqlite3.h>

typedef struct Images
{
    Arena *arena;
    SegmentImage *list;
    int32_t count;
} Images;

static Error *image_take(sqlite3_stmt *row, void *context)
{
    Images *images = context;
    SegmentImage *image = &images->list[images->count++];
    image->segment_id = sqlite3_column_int64(row, 0);
    image->table_id = sqlite3_column_int64(row, 1);
    image->slice = sqlite3_column_int(row, 2);
    image->file = arena_strdup(images->arena, (const char *) sqlite3_column_text(row, 3));
    image->bytes = sqlite3_column_bytes(row, 4);
    image->data = arena_memdup(images->arena, sqlite3_column_blob(row, 4), (size_t) image->bytes);
    return NULL;
}

Error *store_images(Store *store, Arena *arena, SegmentImage **out, int32_t *count)
{
    int64_t room = 0;
    sqlite3_stmt *row;
    TRY(store_number(store, &room, "select count(*) from images", ""));
    Images images = {.arena = arena, .list = ARENA_ARRAY(arena, SegmentImage, room)};
    TRY(store_prepare(store, &row, "select s.id, s.table_id, s.slice, s.file, i.image from images i join segments s on s.id = i.segment_id"
                                   " order by s.table_id, s.slice", ""));
    TRY(store_each(store, row, image_take, &images));
    *out = images.list;
    *count = images.count;
    return NULL;
}

static Error *images_delete(Store *store, const SegmentImage *images, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        TRY(store_do(store, "delete from images where segment_id = ?1", "i", images[i].segment_id));
    return store_run(store, "commit");
}

Error *store_forget_images(Store *store, const SegmentImage *images, int32_t count)
{
    TRY(store_run(store, "begin immediate"));
    Error *error = images_delete(store, images, count);
    if (error != NULL)
        sqlite3_exec(store->db, "rollback", NULL, NULL, NULL);
    else
        store->image_bytes = 0;
    return error;
}
