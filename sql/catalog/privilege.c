/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: see privilege.h. */
#include "sql/catalog/privilege.h"
#include "sql/catalog/catalog.h"

#include <string.h>

static const char *const words[] = {
#undef PRIVILEGE
#define PRIVILEGE(name, word) word,
#include "sql/catalog/privilege.def"
#undef PRIVILEGE
};

const char *privilege_word(PrivilegeBit bit)
{
    return words[bit];
}

uint32_t privilege_of_word(const char *word)
{
    for (int32_t i = 0; i < PRIVILEGE_COUNT; i++)
        if (strcmp(words[i], word) == 0)
            return 1u << i;
    return 0;
}

bool privilege_held(const PrincipalList *list, const CatalogTable *table, int64_t principal, uint32_t privileges, bool options)
{
    const CatalogPrincipal *user = principal_find_id(list, principal);
    if (user == NULL)
        return false;
    if (user->superuser || (user->kind == PRINCIPAL_USER && strcmp(user->name, table->owner) == 0))
        return true;
    uint32_t held = 0;
    for (int32_t i = 0; i < table->grant_count; i++)
    {
        const CatalogGrant *grant = &table->grants[i];
        if (grant->grantee == PUBLIC_ID || principal_is_member(list, principal, grant->grantee))
            held |= options ? grant->options : grant->privileges;
    }
    return (held & privileges) == privileges;
}
