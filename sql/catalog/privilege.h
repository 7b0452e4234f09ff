/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what to a table or view.  Its owner and superusers may do all; others what was granted to them, to a group
 * or role they are in, or to PUBLIC.
 */
#ifndef SQL_CATALOG_PRIVILEGE_H
#define SQL_CATALOG_PRIVILEGE_H

#include "sql/catalog/principal.h"

typedef enum PrivilegeBit
{
#define PRIVILEGE(name, word) PRIVILEGE_BIT_##name,
#include "sql/catalog/privilege.def"
#undef PRIVILEGE
    PRIVILEGE_COUNT
} PrivilegeBit;

#define PRIVILEGE(name) (1u << PRIVILEGE_BIT_##name) /* PRIVILEGE(SELECT) */
#define PRIVILEGES_ALL ((1u << PRIVILEGE_COUNT) - 1)
#define PRIVILEGE_OWNER (1u << PRIVILEGE_COUNT) /* what is only the owner's, and never granted */

#define PUBLIC_ID 0 /* the grantee all belong to */

typedef struct CatalogGrant
{
    int64_t grantee; /* a principal's number, or PUBLIC_ID */
    int64_t grantor;
    uint32_t privileges;
    uint32_t options; /* those the grantee may grant on */
} CatalogGrant;

/* A change of grants: what is given, or taken away. */
typedef struct GrantChange
{
    bool revoke;
    int64_t grantee;
    int64_t grantor;
    uint32_t privileges; /* revoke: they and their options go */
    uint32_t options;
} GrantChange;

const char *privilege_word(PrivilegeBit bit);      /* "select" */
uint32_t privilege_of_word(const char *word); /* a bit; 0: there is none */

struct CatalogTable;
/* All of `privileges`; options: all of them to grant on.  superuser and owner: yes. */
bool privilege_held(const PrincipalList *list, const struct CatalogTable *table, int64_t principal, uint32_t privileges,
                    bool options);

#endif
