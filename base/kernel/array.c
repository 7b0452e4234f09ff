/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays as texts, '{a,"b c",NULL}' (PostgreSQL 15, 8.15.6): what catalogs and their clients need of them. */
#include "base/kernel/body.h"

#include <strings.h>

/* From `at`, where an element begins, to behind it; *element: what it says, in `into` if that is not NULL. */
static int64_t element_scan(const Str *array, int64_t at, Str *element, bool *quoted, char *into)
{
    bool inside = false;
    int64_t length = 0;
    *quoted = false;
    for (; at < array->len && (inside || (array->data[at] != ',' && array->data[at] != '}')); at++)
    {
        char c = array->data[at];
        if (c == '"')
        {
            inside = !inside;
            *quoted = true;
            continue;
        }
        if (c == '\\' && at + 1 < array->len)
            c = array->data[++at];
        if (into != NULL)
            into[length] = c;
        length++;
    }
    *element = (Str){into, length};
    return at;
}

static bool is_array(const Str *array)
{
    return array->len >= 2 && array->data[0] == '{' && array->data[array->len - 1] == '}';
}

int64_t k_array_count(const Str *array)
{
    Str element;
    bool quoted;
    int64_t count = 0, at = 1;
    if (!is_array(array) || array->len == 2)
        return 0;
    for (; at < array->len; at++, count++)
        at = element_scan(array, at, &element, &quoted, NULL);
    return count;
}

void k_array_element(Arena *arena, Str *result, const Str *array, int64_t number, int64_t *null)
{
    char *bytes = arena_alloc(arena, (size_t) array->len + 1);
    bool quoted = false;
    int64_t at = 1;
    *result = (Str){"", 0};
    *null = number < 0 || number >= k_array_count(array);
    if (*null)
        return;
    for (int64_t k = 0; k <= number; k++, at++)
        at = element_scan(array, at, result, &quoted, bytes);
    *null = !quoted && result->len == 4 && strncasecmp(result->data, "null", 4) == 0;
}
