/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/parse/edit.h"
#include "base/core/assert.h"

#include <stdlib.h>
#include <string.h>

/* From new_start on, the new text stands for the user's text from old_start on. */
typedef struct MapSegment
{
    int32_t new_start;
    int32_t old_start;
    bool fixed; /* all of it stands for the one byte old_start */
} MapSegment;

struct ParseMap
{
    const CharIndex *chars;
    int32_t segment_count;
    MapSegment *segments; /* by new_start; the first begins at 0 */
};

/* Bytes of the UTF-8 sequence at p, 0 if it is none (RFC 3629; the scanner's text ends in a zero byte). */
static int32_t utf8_step(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    int32_t more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (int32_t i = 1; i <= more; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return more + 1;
}

Error *char_index_make(Arena *arena, const char *text, int32_t length, CharIndex **out)
{
    CharIndex *index = ARENA_NEW(arena, CharIndex);
    index->ascii = true;
    index->length = length;
    *out = index;
    for (int32_t i = 0; i < length && index->ascii; i++)
        index->ascii = (unsigned char) text[i] < 0x80;
    if (index->ascii)
        return NULL;
    int32_t *counts = ARENA_ARRAY(arena, int32_t, length / CHAR_INDEX_STEP + 2);
    int32_t filled = 0;
    int32_t characters = 0;
    for (int32_t i = 0; i < length; characters++)
    {
        while (filled * CHAR_INDEX_STEP <= i)
            counts[filled++] = characters;
        int32_t step = utf8_step((const unsigned char *) text + i);
        if (step == 0)
            return error_at(error_new(SQLSTATE_UNTRANSLATABLE_CHARACTER,
                                      "invalid byte sequence for encoding \"UTF8\": 0x%02x", (unsigned char) text[i]),
                            characters + 1);
        i += step;
    }
    while (filled <= length / CHAR_INDEX_STEP)
        counts[filled++] = characters;
    index->text = arena_strndup(arena, text, (size_t) length);
    index->counts = counts;
    return NULL;
}

/* A step's count is taken at the first character that begins at or behind the step's byte,
 * so counting goes on from there. */
int32_t char_index_position(const CharIndex *index, int32_t byte)
{
    if (byte < 0)
        return 0;
    if (byte > index->length)
        byte = index->length;
    if (index->ascii)
        return byte + 1;
    int32_t step = byte / CHAR_INDEX_STEP;
    int32_t characters = index->counts[step];
    for (int32_t i = step * CHAR_INDEX_STEP; i < byte; i++)
        characters += ((unsigned char) index->text[i] & 0xc0) != 0x80;
    return characters + 1;
}

void edit_replace(EditList *edits, int32_t from, int32_t to, const char *text, int32_t blame)
{
    ASSERT(from <= to);
    if (edits->count == edits->capacity)
    {
        int32_t capacity = edits->capacity == 0 ? 8 : edits->capacity * 2;
        Edit *items = ARENA_ARRAY(edits->arena, Edit, capacity);
        if (edits->count > 0)
            memcpy(items, edits->items, sizeof *items * (size_t) edits->count);
        edits->items = items;
        edits->capacity = capacity;
    }
    edits->items[edits->count++] = (Edit){from, to, text, blame};
}

void edit_erase(EditList *edits, int32_t from, int32_t to)
{
    edit_replace(edits, from, to, " ", from);
}

static int edit_order(const void *a, const void *b)
{
    const Edit *left = a;
    const Edit *right = b;
    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    return left->to < right->to ? -1 : left->to > right->to; /* insertions first */
}

static void map_add(ParseMap *map, size_t new_start, int32_t old_start, bool fixed)
{
    map->segments[map->segment_count++] = (MapSegment){(int32_t) new_start, old_start, fixed};
}

char *edit_apply(EditList *edits, const CharIndex *chars, const char *text, int32_t from, int32_t to, ParseMap **out)
{
    if (edits->count > 1)
        qsort(edits->items, (size_t) edits->count, sizeof *edits->items, edit_order);
    ParseMap *map = ARENA_NEW(edits->arena, ParseMap);
    map->chars = chars;
    map->segments = ARENA_ARRAY(edits->arena, MapSegment, 2 * edits->count + 1);
    Text made;
    text_init(&made, edits->arena);
    int32_t at = from;
    for (int32_t i = 0; i < edits->count; i++)
    {
        const Edit *edit = &edits->items[i];
        ASSERT(edit->to <= to);
        if (edit->from < at)
            continue; /* two clauses in one place: what is left is for the grammar to refuse */
        if (edit->from > at || i == 0)
            map_add(map, made.length, at, false);
        text_append(&made, text + at, (size_t) (edit->from - at));
        map_add(map, made.length, edit->blame, true);
        text_puts(&made, edit->text);
        at = edit->to;
    }
    map_add(map, made.length, at, false);
    text_append(&made, text + at, (size_t) (to - at));
    *out = map;
    return made.data;
}

int32_t map_byte(const ParseMap *map, int32_t location)
{
    int32_t low = 0;
    int32_t high = map->segment_count - 1;
    while (low < high)
    {
        int32_t middle = (low + high + 1) / 2;
        if (map->segments[middle].new_start <= location)
            low = middle;
        else
            high = middle - 1;
    }
    const MapSegment *segment = &map->segments[low];
    return segment->fixed ? segment->old_start : segment->old_start + (location - segment->new_start);
}

int32_t parse_position(const ParseStatement *statement, int32_t location)
{
    if (location < 0)
        return 0;
    return char_index_position(statement->map->chars, map_byte(statement->map, location));
}

const TableColumnOptions *parse_column_options(const ParseStatement *statement, int32_t location)
{
    static const TableColumnOptions nothing;
    ASSERT(statement->kind == STATEMENT_CREATE_TABLE || statement->kind == STATEMENT_ALTER_TABLE);
    if (location < 0)
        return &nothing;
    int32_t byte = map_byte(statement->map, location);
    for (int32_t i = 0; i < statement->table->column_count; i++)
        if (statement->table->columns[i].location == byte)
            return &statement->table->columns[i];
    return &nothing;
}
