/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who there is: users, groups, roles.  A version's list is shared as its tables are, and copied when somebody changes it.
 *
 *     user ada -- parents --> group staff, role reader -- parents --> role guest
 */
#ifndef SQL_CATALOG_PRINCIPAL_H
#define SQL_CATALOG_PRINCIPAL_H

#include "base/core/arena.h"

#include <stdbool.h>

#define FIRST_USER_ID 100 /* whom init makes; the next have numbers of catalog_next_id() */

typedef enum PrincipalKind
{
    PRINCIPAL_USER,
    PRINCIPAL_GROUP,
    PRINCIPAL_ROLE
} PrincipalKind;

typedef struct PrincipalSetting
{
    char *name;
    char *value;
} PrincipalSetting;

typedef struct CatalogPrincipal
{
    int64_t id;
    PrincipalKind kind;
    char *name;
    int64_t version; /* counts its changes: of two at a time the second fails (40001) */
    int32_t parent_count;
    int64_t *parents; /* groups a user is in; roles granted to a user or a role */
    /* users */
    char *scram; /* "SCRAM-SHA-256$iterations:salt$stored:server"; NULL: no password lets him in */
    bool superuser;
    bool create_db;
    bool syslog_unrestricted;
    int64_t valid_until;      /* microseconds since 2000 UTC; INT64_MAX: for ever */
    int32_t connection_limit; /* -1: none */
    int32_t setting_count;
    PrincipalSetting *settings; /* of his new sessions */
} CatalogPrincipal;

typedef struct PrincipalList
{
    int32_t count;
    CatalogPrincipal *items; /* by number */
} PrincipalList;

const CatalogPrincipal *principal_find(const PrincipalList *list, PrincipalKind kind, const char *name); /* NULL */
const CatalogPrincipal *principal_find_id(const PrincipalList *list, int64_t id);                        /* NULL */
/* Is `id` a group or role of the principal, at once or through roles?  So is the principal itself. */
bool principal_is_member(const PrincipalList *list, int64_t principal, int64_t id);
/* A copy that shares nothing. */
CatalogPrincipal principal_copy(Arena *arena, const CatalogPrincipal *principal);
void principal_remove_parent(CatalogPrincipal *principal, int64_t id);
const char *principal_kind_name(PrincipalKind kind); /* "user" */

/* --- for the catalog: counted references ------------------------------------ */
typedef struct PrincipalVersion
{
    PrincipalList list; /* first: a list of a snapshot is a PrincipalVersion */
    _Atomic int32_t references;
    Arena *arena;
} PrincipalVersion;

PrincipalVersion *principals_new(void);
PrincipalVersion *principals_hold(const PrincipalList *list);
void principals_drop(const PrincipalList *list); /* frees at the last */
/* Copies with one reference: with `principal` in the place of the one with its number, or without that number. */
PrincipalVersion *principals_with(const PrincipalList *list, const CatalogPrincipal *principal);
PrincipalVersion *principals_without(const PrincipalList *list, int64_t id);

#endif
