/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several keys as one 64-bit number, where what is known of their values leaves room:
 *
 *     (a - least a) * entries b + (b - least b)          a null key of a group stands before the least: 0
 *
 * Equal numbers are equal keys, so nothing else is compared; and small ones index an array.  Keys of an ordering are
 * packed in the same way: the numbers' order is the rows'.
 */
#include "base/core/assert.h"
#include "src/plan/cut.h"

#define ENTRIES_MAX (INT64_C(1) << 62)

/* One key: its values as `a` gives them and, in a join, as `b` does too; null: one of them is null. */
static bool key_range(const Plan *plan, const Expr *a, const Expr *b, bool null, KeyPack *out)
{
    Bounds bounds = plan_bounds(plan, a);
    if (b != NULL)
        bounds = bounds_united(bounds, plan_bounds(plan, b));
    if (!is_exact_key(a->type) || !bounds.known || bounds.min < INT64_MIN + 1 || bounds.max - bounds.min >= ENTRIES_MAX - 1)
        return false;
    if (b != NULL && (!is_exact_key(b->type) || b->type.scale != a->type.scale))
        return false;
    *out = (KeyPack){(int64_t) bounds.min - null, (int64_t) (bounds.max - bounds.min) + 1 + null};
    return true;
}

KeyPack *keys_pack(Cut *cut, Expr *const *a, Expr *const *b, int32_t count)
{
    KeyPack *packs = ARENA_ARRAY(cut->arena, KeyPack, count);
    int64_t entries = 1;
    for (int32_t k = 0; k < count; k++)
    {
        bool null = b == NULL && plan_nullable(cut->plan, a[k]);
        if (!key_range(cut->plan, a[k], b == NULL ? NULL : b[k], null, &packs[k]) ||
            __builtin_mul_overflow(entries, packs[k].entries, &entries) || entries > ENTRIES_MAX)
            return NULL;
    }
    return packs;
}

void store_pack(Cut *cut, int32_t store, KeyPack *packs, int32_t count)
{
    int64_t entries = packs == NULL ? 0 : 1;
    for (int32_t k = 0; packs != NULL && k < count; k++)
        entries *= packs[k].entries;
    cut->plan->store_columns[store].packs = packs;
    store_at(cut, store)->key_entries = entries;
}

void sort_keys_pack(Cut *cut, SpecStore *store, Expr *const *keys)
{
    SortKey *sort = store->sort;
    int64_t entries = 1;
    for (int32_t k = 0; k < store->sort_count; k++)
    {
        KeyPack pack;
        bool null = store->layout->fields[sort[k].field].null_offset >= 0;
        if (!key_range(cut->plan, keys[k], NULL, null, &pack) || __builtin_mul_overflow(entries, pack.entries, &entries) ||
            entries > ENTRIES_MAX)
            return;
        sort[k].least = pack.least + null;
        sort[k].entries = pack.entries;
        sort[0].packed = k + 1;
    }
}
