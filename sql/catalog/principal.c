/* SPDX-License-Identifier: Apache-2.0 */
/* Users, groups and roles in memory: see principal.h. */
#include "sql/catalog/principal.h"
#include "base/core/assert.h"

#include <stdatomic.h>
#include <string.h>

#define MEMBER_DEPTH_MAX 64 /* roles of roles; circles are refused when they are made */

const char *principal_kind_name(PrincipalKind kind)
{
    static const char *const names[] = {[PRINCIPAL_USER] = "user", [PRINCIPAL_GROUP] = "group", [PRINCIPAL_ROLE] = "role"};
    return names[kind];
}

const CatalogPrincipal *principal_find(const PrincipalList *list, PrincipalKind kind, const char *name)
{
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i].kind == kind && strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

const CatalogPrincipal *principal_find_id(const PrincipalList *list, int64_t id)
{
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i].id == id)
            return &list->items[i];
    return NULL;
}

static bool is_member(const PrincipalList *list, int64_t principal, int64_t id, int32_t depth)
{
    if (principal == id)
        return true;
    const CatalogPrincipal *member = principal_find_id(list, principal);
    for (int32_t i = 0; member != NULL && depth < MEMBER_DEPTH_MAX && i < member->parent_count; i++)
        if (is_member(list, member->parents[i], id, depth + 1))
            return true;
    return false;
}

bool principal_is_member(const PrincipalList *list, int64_t principal, int64_t id)
{
    return is_member(list, principal, id, 0);
}

CatalogPrincipal principal_copy(Arena *arena, const CatalogPrincipal *principal)
{
    CatalogPrincipal copy = *principal;
    copy.name = arena_strdup(arena, principal->name);
    copy.scram = principal->scram == NULL ? NULL : arena_strdup(arena, principal->scram);
    copy.parents = ARENA_ARRAY(arena, int64_t, principal->parent_count);
    for (int32_t i = 0; i < principal->parent_count; i++)
        copy.parents[i] = principal->parents[i];
    copy.settings = ARENA_ARRAY(arena, PrincipalSetting, principal->setting_count);
    for (int32_t i = 0; i < principal->setting_count; i++)
        copy.settings[i] = (PrincipalSetting){.name = arena_strdup(arena, principal->settings[i].name),
                                              .value = arena_strdup(arena, principal->settings[i].value)};
    return copy;
}

/* --- versions ----------------------------------------------------------------- */
PrincipalVersion *principals_new(void)
{
    Arena *arena = arena_new("catalog principals");
    PrincipalVersion *version = ARENA_NEW(arena, PrincipalVersion);
    version->arena = arena;
    version->references = 1;
    return version;
}

PrincipalVersion *principals_hold(const PrincipalList *list)
{
    PrincipalVersion *version = (PrincipalVersion *) list;
    atomic_fetch_add(&version->references, 1);
    return version;
}

void principals_drop(const PrincipalList *list)
{
    PrincipalVersion *version = (PrincipalVersion *) list;
    if (atomic_fetch_sub(&version->references, 1) == 1)
        arena_free(version->arena);
}

PrincipalVersion *principals_with(const PrincipalList *list, const CatalogPrincipal *principal)
{
    PrincipalVersion *version = principals_new();
    version->list.items = ARENA_ARRAY(version->arena, CatalogPrincipal, list->count + 1);
    bool there = false;
    for (int32_t i = 0; i < list->count; i++)
    {
        bool same = list->items[i].id == principal->id;
        there = there || same;
        version->list.items[version->list.count++] = principal_copy(version->arena, same ? principal : &list->items[i]);
    }
    if (!there)
        version->list.items[version->list.count++] = principal_copy(version->arena, principal);
    return version;
}

void principal_remove_parent(CatalogPrincipal *principal, int64_t id)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < principal->parent_count; i++)
        if (principal->parents[i] != id)
            principal->parents[kept++] = principal->parents[i];
    principal->parent_count = kept;
}

PrincipalVersion *principals_without(const PrincipalList *list, int64_t id)
{
    PrincipalVersion *version = principals_new();
    version->list.items = ARENA_ARRAY(version->arena, CatalogPrincipal, list->count);
    for (int32_t i = 0; i < list->count; i++)
    {
        if (list->items[i].id == id)
            continue;
        CatalogPrincipal *copy = &version->list.items[version->list.count++];
        *copy = principal_copy(version->arena, &list->items[i]);
        principal_remove_parent(copy, id);
    }
    ASSERT(version->list.count == list->count - 1);
    return version;
}
