/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serializable transactions.  All transactions see a snapshot; that alone lets two of them each read what the other writes:
 *
 *     V ──reads x──> T ──reads y──> U          an arrow: reads what the other, at the same time, writes
 *
 * Every outcome of snapshots that no order explains has such two arrows in a row, and U is the first of the three to commit; V
 * may be U (Fekete and others, "Making Snapshot Isolation Serializable", ACM TODS 30:2, 2005).  If V writes nothing, U has
 * committed before V began (Ports and Grittner, "Serializable Snapshot Isolation in PostgreSQL", VLDB 2012, 4.1).  So T is
 * refused when it commits if V is there by then; and V, when it reads or commits, if T has committed.  What is read and written
 * are whole tables: rows that a query did not find are read as well, and some are refused that an order would explain.
 *
 * Only those that are serializable are looked at.  The list has those that go on, and what they ran beside.  It is guarded by
 * the catalog's lock; commits are one after the other, under store_lock.
 */
#include "base/core/assert.h"
#include "sql/catalog/inside.h"

#include <string.h>

#define NEVER INT64_MAX

typedef struct TableSet
{
    int64_t *ids;
    int32_t count, room;
} TableSet;

struct Serial
{
    Arena *arena;     /* has it */
    int64_t snapshot; /* the version it sees, or an older one */
    int64_t commit;   /* the version it has made, or that was there when it ended; NEVER: it goes on */
    int64_t out;      /* of T: the least version that wrote what it read; NEVER: none has */
    bool writes_some;
    TableSet reads, writes;
    struct Serial *next;
};

/* --- tables ------------------------------------------------------------------ */
static bool set_has(const TableSet *set, int64_t id)
{
    for (int32_t i = 0; i < set->count; i++)
        if (set->ids[i] == id)
            return true;
    return false;
}

static void set_add(Arena *arena, TableSet *set, int64_t id)
{
    if (set_has(set, id))
        return;
    if (set->count == set->room)
    {
        int64_t *old = set->ids;
        set->room = 2 * set->room + 8;
        set->ids = ARENA_ARRAY(arena, int64_t, set->room);
        if (set->count > 0)
            memcpy(set->ids, old, sizeof *old * (size_t) set->count);
    }
    set->ids[set->count++] = id;
}

/* A table of both; 0: there is none. */
static int64_t set_meets(const TableSet *a, const TableSet *b)
{
    for (int32_t i = 0; i < a->count; i++)
        if (set_has(b, a->ids[i]))
            return a->ids[i];
    return 0;
}

/* --- the list ----------------------------------------------------------------- */
/* Those that have committed are of interest to who was there then. */
static void serials_forget(Catalog *catalog)
{
    int64_t oldest = NEVER;
    for (const Serial *serial = catalog->serials; serial != NULL; serial = serial->next)
        if (serial->commit == NEVER && serial->snapshot < oldest)
            oldest = serial->snapshot;
    for (Serial **link = &catalog->serials; *link != NULL;)
    {
        Serial *serial = *link;
        if (serial->commit == NEVER || serial->commit > oldest)
        {
            link = &serial->next;
            continue;
        }
        *link = serial->next;
        arena_free(serial->arena);
    }
}

void catalog_txn_serializable(CatalogTxn *txn)
{
    Catalog *catalog = txn->catalog;
    if (txn->serial != NULL)
        return;
    ASSERT(txn->changes == NULL);
    Arena *arena = arena_new("serializable transaction");
    txn->serial = ARENA_NEW(arena, Serial);
    *txn->serial = (Serial){.arena = arena, .commit = NEVER, .out = NEVER};
    pthread_mutex_lock(&catalog->lock);
    txn->serial->snapshot = catalog->current->snapshot.version;
    txn->serial->next = catalog->serials;
    catalog->serials = txn->serial;
    pthread_mutex_unlock(&catalog->lock);
    catalog_release(catalog, txn->base); /* whom it ran beside until now may be forgotten */
    txn->base = catalog_acquire(catalog);
}

void serials_free(Catalog *catalog)
{
    for (Serial *serial = catalog->serials, *next; serial != NULL; serial = next)
    {
        next = serial->next;
        arena_free(serial->arena);
    }
}

/* --- what no order explains ------------------------------------------------------ */
/* U must have committed by this version for V -> T -> U to be one. */
static int64_t first_by(const Serial *v)
{
    return v->writes_some ? v->commit : v->snapshot;
}

/* The table that V reads and T writes, T having read what U has written; 0: no matter. */
static int64_t table_between(const Serial *v, const Serial *t)
{
    bool pivot = v != t && t->out != NEVER && t->out <= first_by(v) && v->commit > t->snapshot && t->commit > v->snapshot;
    return pivot ? set_meets(&v->reads, &t->writes) : 0;
}

static Error *violation(const CatalogTxn *txn, int64_t table_id)
{
    const CatalogTable *table = catalog_find_table_id(txn->base, table_id); /* what others have read was there */
    Error *error = error_new(SQLSTATE_SERIALIZATION_FAILURE, "1023: serializable isolation violation on table \"%s\"",
                             table == NULL ? "" : table->name);
    return error_hint(error_detail(error, "Transactions at the same time have read what each other wrote: in no order, one after "
                                          "the other, would they have seen what they saw."),
                      "Run the transaction again.");
}

/* Under lock: the transaction as V. */
static int64_t table_before_committed(const Catalog *catalog, const Serial *v)
{
    int64_t table_id = 0;
    for (const Serial *t = catalog->serials; t != NULL && table_id == 0; t = t->next)
        if (t->commit != NEVER)
            table_id = table_between(v, t);
    return table_id;
}

/* Under lock: the transaction as T, with any V. */
static int64_t table_after_any(const Catalog *catalog, const Serial *t)
{
    int64_t table_id = 0;
    for (const Serial *v = catalog->serials; v != NULL && table_id == 0; v = v->next)
        table_id = table_between(v, t);
    return table_id;
}

Error *catalog_txn_reads(CatalogTxn *txn, int64_t table_id)
{
    Serial *serial = txn->serial;
    if (serial == NULL)
        return NULL;
    pthread_mutex_lock(&txn->catalog->lock);
    serial->writes_some = txn->changes != NULL;
    set_add(serial->arena, &serial->reads, table_id);
    int64_t found = table_before_committed(txn->catalog, serial);
    pthread_mutex_unlock(&txn->catalog->lock);
    return found == 0 ? NULL : violation(txn, found);
}

/* What rows there were matters to whoever takes rows away or changes what the table is, and to nobody who adds some. */
static void changes_note(Serial *serial, const Change *changes)
{
    for (const Change *change = changes; change != NULL; change = change->next)
    {
        if (change->table_id == 0 || change->kind == CHANGE_MERGE_SEGMENTS || change->kind == CHANGE_TAKE_NUMBERS)
            continue;
        set_add(serial->arena, &serial->writes, change->table_id);
        if (change->kind != CHANGE_ADD_SEGMENTS)
            set_add(serial->arena, &serial->reads, change->table_id);
    }
}

Error *serial_commit(const CatalogTxn *txn, int64_t version)
{
    Serial *serial = txn->serial;
    if (serial == NULL)
        return NULL;
    Catalog *catalog = txn->catalog;
    pthread_mutex_lock(&catalog->lock);
    serial->writes_some = true;
    changes_note(serial, txn->changes);
    for (const Serial *u = catalog->serials; u != NULL; u = u->next)
        if (u != serial && u->commit != NEVER && u->commit > serial->snapshot && u->commit < serial->out &&
            set_meets(&serial->reads, &u->writes) != 0)
            serial->out = u->commit;
    int64_t found = table_before_committed(catalog, serial);
    if (found == 0)
        found = table_after_any(catalog, serial);
    if (found == 0)
        serial->commit = version; /* from here on others see it so; serial_end() takes it back if the disk refuses */
    pthread_mutex_unlock(&catalog->lock);
    return found == 0 ? NULL : violation(txn, found);
}

void serial_end(CatalogTxn *txn, bool committed)
{
    Catalog *catalog = txn->catalog;
    Serial *serial = txn->serial;
    if (serial == NULL)
        return;
    pthread_mutex_lock(&catalog->lock);
    if (!committed)
        serial->commit = INT64_MIN; /* nobody ran beside it */
    else if (serial->commit == NEVER)
        serial->commit = catalog->current->snapshot.version;
    serials_forget(catalog);
    pthread_mutex_unlock(&catalog->lock);
    txn->serial = NULL;
}
