/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to the user's text before the grammar sees it, and the way back:
 * every byte of the new text knows the byte of the old one it stands for, and
 * every byte of the old one its character.
 */
#ifndef SQL_PARSE_EDIT_H
#define SQL_PARSE_EDIT_H

#include "sql/parse/parse.h"

/* Bytes to 1-based characters of the whole text; one for all statements of a text. */
typedef struct CharIndex
{
    bool ascii; /* then byte and character are one */
    int32_t length;
    const char *text;      /* not ascii: a copy in the arena */
    const int32_t *counts; /* characters before byte i * CHAR_INDEX_STEP */
} CharIndex;
#define CHAR_INDEX_STEP 256

/* 22021 with its position if the text is not UTF-8. */
Error *char_index_make(Arena *arena, const char *text, int32_t length, CharIndex **out) MUST_USE;
int32_t char_index_position(const CharIndex *index, int32_t byte);

typedef struct Edit
{
    int32_t from; /* bytes of the user's text, [from, to); equal: an insertion */
    int32_t to;
    const char *text;
    int32_t blame; /* what the new text stands for in errors */
} Edit;

typedef struct EditList
{
    Arena *arena;
    int32_t count;
    int32_t capacity;
    Edit *items;
} EditList;

/* `text` is borrowed.  Of edits that overlap the first is made. */
void edit_replace(EditList *edits, int32_t from, int32_t to, const char *text, int32_t blame);
/* Takes the bytes out (a blank stands for them). */
void edit_erase(EditList *edits, int32_t from, int32_t to);
/* The bytes [from, to) of the user's text with the edits made, and the map back.  Sorts the edits. */
char *edit_apply(EditList *edits, const CharIndex *chars, const char *text, int32_t from, int32_t to, ParseMap **map);

/* Byte of the user's text a byte of the new text stands for. */
int32_t map_byte(const ParseMap *map, int32_t location);

#endif
