/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declared keys of a table: PRIMARY KEY, UNIQUE, FOREIGN KEY, checked and named as PostgreSQL does.
 *
 *     create table emp (id int primary key, boss int references emp, ...)
 *
 *     1. read    columns of emp; of a foreign key also the table it refers to    (bind_key)
 *     2. name    emp_pkey, emp_boss_fkey, unless CONSTRAINT has said it          (name_keys)
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <stdio.h>
#include <string.h>

typedef struct KeyMaker
{
    Binder *binder;
    CatalogTable *table;
    const PgQuery__Constraint *constraint;
    int32_t column; /* whose constraint it is; -1: the table's */
    int32_t position;
} KeyMaker;

static Error *fault(const KeyMaker *maker, SqlState state, const char *format, ...) PRINTF_LIKE(3, 4);

static Error *fault(const KeyMaker *maker, SqlState state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char message[512];
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_at(error_new(state, "%s", message), maker->position);
}

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* --- columns ---------------------------------------------------------------------------- */

/* Names as numbers of columns of `of`; `missing` is what an unknown one is told. */
static Error *read_columns(const KeyMaker *maker, const CatalogTable *of, size_t count, Node *const *names, const char *missing,
                           int32_t *columns)
{
    for (size_t i = 0; i < count; i++)
    {
        const char *name = name_fold(maker->binder, node_string(names[i]));
        int32_t ordinal = catalog_find_column(of, name);
        if (ordinal < 0)
            return fault(maker, SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" %s does not exist", name, missing);
        columns[i] = of->columns[ordinal].id;
    }
    return NULL;
}

/* A column that is in the list twice; -1. */
static int32_t find_twice(const int32_t *columns, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        for (int32_t k = 0; k < i; k++)
            if (columns[i] == columns[k])
                return columns[i];
    return -1;
}

/* The key's own columns: PRIMARY KEY (a, b), FOREIGN KEY (a, b), or the column the constraint stands behind. */
static Error *own_columns(const KeyMaker *maker, CatalogKey *key)
{
    const PgQuery__Constraint *constraint = maker->constraint;
    bool foreign = key->kind == KEY_FOREIGN;
    size_t count = foreign ? constraint->n_fk_attrs : constraint->n_keys;
    key->column_count = maker->column >= 0 ? 1 : (int32_t) count;
    key->columns = ARENA_ARRAY(maker->binder->arena, int32_t, key->column_count);
    if (count > KEY_COLUMNS_MAX)
        return fault(maker, SQLSTATE_TOO_MANY_COLUMNS,
                     foreign ? "cannot have more than %d keys in a foreign key" : "cannot use more than %d columns in an index",
                     KEY_COLUMNS_MAX);
    if (maker->column < 0)
        return read_columns(maker, maker->table, count, foreign ? constraint->fk_attrs : constraint->keys,
                            foreign ? "referenced in foreign key constraint" : "named in key", key->columns);
    key->columns[0] = maker->table->columns[maker->column].id;
    return NULL;
}

static CatalogColumn *column_of(const CatalogTable *table, int32_t id)
{
    return &table->columns[catalog_find_column_id(table, id)];
}

static Error *read_unique(const KeyMaker *maker, CatalogKey *key)
{
    CatalogTable *table = maker->table;
    if (key->kind == KEY_PRIMARY && key_primary(table) != NULL)
        return fault(maker, SQLSTATE_INVALID_TABLE_DEFINITION, "multiple primary keys for table \"%s\" are not allowed",
                     table->name);
    TRY(own_columns(maker, key));
    int32_t twice = find_twice(key->columns, key->column_count);
    if (twice >= 0)
        return fault(maker, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" appears twice in %s constraint",
                     column_of(table, twice)->name, key->kind == KEY_PRIMARY ? "primary key" : "unique");
    for (int32_t i = 0; i < key->column_count && key->kind == KEY_PRIMARY; i++)
        column_of(table, key->columns[i])->not_null = true;
    return NULL;
}

/* --- what a foreign key refers to --------------------------------------------------------- */

static Error *find_referred(const KeyMaker *maker, const CatalogTable **out)
{
    const PgQuery__RangeVar *range = maker->constraint->pktable;
    Binder *binder = maker->binder;
    ParseName name = bind_range_name(binder, range);
    *out = maker->table;
    if (strcmp(name.name, maker->table->name) == 0 && (name.schema == NULL || strcmp(name.schema, maker->table->schema) == 0))
        return NULL;
    TRY(bind_table(binder, name.schema, name.name, PRIVILEGE(REFERENCES), name.position, out));
    if (table_is_sysview(*out) || (*out)->view_sql != NULL)
        return fault(maker, SQLSTATE_WRONG_OBJECT_TYPE, "referenced relation \"%s\" is not a table", name.name);
    if (table_is_temporary(*out) != table_is_temporary(maker->table))
        return fault(maker, SQLSTATE_INVALID_TABLE_DEFINITION, "constraints on %s tables may reference only %s tables",
                     table_is_temporary(*out) ? "permanent" : "temporary", table_is_temporary(*out) ? "permanent" : "temporary");
    return NULL;
}

/* REFERENCES t is REFERENCES t (its primary key). */
static Error *referred_columns(const KeyMaker *maker, const CatalogTable *other, CatalogKey *key)
{
    const PgQuery__Constraint *constraint = maker->constraint;
    const CatalogKey *primary = key_primary(other);
    if (constraint->n_pk_attrs == 0 && primary == NULL)
        return fault(maker, SQLSTATE_UNDEFINED_OBJECT, "there is no primary key for referenced table \"%s\"", other->name);
    size_t count = constraint->n_pk_attrs > 0 ? constraint->n_pk_attrs : (size_t) primary->column_count;
    key->refers_columns = ARENA_ARRAY(maker->binder->arena, int32_t, count);
    if (constraint->n_pk_attrs == 0)
        memcpy(key->refers_columns, primary->columns, sizeof(int32_t) * count);
    TRY(read_columns(maker, other, constraint->n_pk_attrs, constraint->pk_attrs, "referenced in foreign key constraint",
                     key->refers_columns));
    if (find_twice(key->refers_columns, (int32_t) count) >= 0)
        return fault(maker, SQLSTATE_INVALID_FOREIGN_KEY, "foreign key referenced-columns list must not contain duplicates");
    if (key_with(other, key->refers_columns, (int32_t) count) == NULL)
        return fault(maker, SQLSTATE_INVALID_FOREIGN_KEY,
                     "there is no unique constraint matching given keys for referenced table \"%s\"", other->name);
    if (count != (size_t) key->column_count)
        return fault(maker, SQLSTATE_INVALID_FOREIGN_KEY,
                     "number of referencing and referenced columns for foreign key disagree");
    return NULL;
}

/* Types that have an equality with one another in PostgreSQL's families of operators. */
static int32_t type_family(SqlType type)
{
    switch (type.id)
    {
    case TYPE_SMALLINT:
    case TYPE_INTEGER:
    case TYPE_BIGINT:
        return 1;
    case TYPE_REAL:
    case TYPE_DOUBLE:
        return 3;
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        return 4;
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return 5;
    default:
        return type.id == TYPE_DECIMAL ? 2 : 100 + (int32_t) type.id;
    }
}

/* The same family, or of numbers one that goes into the referred one's without a cast being said. */
static bool are_comparable(SqlType own, SqlType referred)
{
    int32_t a = type_family(own), b = type_family(referred);
    return a == b || (a < b && b <= 3) || (own.id == TYPE_TIME && referred.id == TYPE_TIMETZ);
}

static Error *check_types(const KeyMaker *maker, const CatalogTable *other, const CatalogKey *key)
{
    for (int32_t i = 0; i < key->column_count; i++)
    {
        const CatalogColumn *own = column_of(maker->table, key->columns[i]);
        const CatalogColumn *referred = column_of(other, key->refers_columns[i]);
        if (!are_comparable(own->type, referred->type))
            return error_detail(fault(maker, SQLSTATE_DATATYPE_MISMATCH, "foreign key constraint \"%s\" cannot be implemented",
                                      key->name),
                                "Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.", own->name, referred->name,
                                type_name(own->type), type_name(referred->type));
    }
    return NULL;
}

/* The grammar's letters are pg_constraint's; none of its choices says more than another where nothing is enforced. */
static char letter(const char *said, char otherwise)
{
    return has_text(said) ? said[0] : otherwise;
}

static Error *read_foreign(const KeyMaker *maker, CatalogKey *key, const CatalogTable **other)
{
    const PgQuery__Constraint *constraint = maker->constraint;
    TRY(find_referred(maker, other));
    TRY(own_columns(maker, key));
    TRY(referred_columns(maker, *other, key));
    key->refers_to = *other == maker->table ? 0 : (*other)->id;
    key->on_update = letter(constraint->fk_upd_action, 'a');
    key->on_delete = letter(constraint->fk_del_action, 'a');
    key->match = letter(constraint->fk_matchtype, 's');
    return NULL;
}

/* --- names -------------------------------------------------------------------------------- */

/* Not the first byte of a character is cut off. */
static size_t whole_characters(const char *text, size_t bytes)
{
    while (bytes > 0 && ((unsigned char) text[bytes] & 0xc0) == 0x80)
        bytes--;
    return bytes;
}

/* t_a_b_key: of table and columns the longer one is shortened until all fits (PostgreSQL's makeObjectName()). */
static char *made_name(const KeyMaker *maker, const CatalogKey *key, int32_t number)
{
    const char *word = key->kind == KEY_PRIMARY ? "pkey" : key->kind == KEY_UNIQUE ? "key" : "fkey";
    Arena *arena = maker->binder->arena;
    Text columns;
    text_init(&columns, arena);
    for (int32_t i = 0; i < key->column_count && key->kind != KEY_PRIMARY; i++)
        text_printf(&columns, "_%s", column_of(maker->table, key->columns[i])->name);
    const char *label = number == 0 ? word : arena_printf(arena, "%s%d", word, number);
    size_t room = PARSE_NAME_BYTES_MAX - strlen(label) - 1, table = strlen(maker->table->name), rest = columns.length;
    while (table + rest > room)
        if (table > rest)
            table--;
        else
            rest--;
    return arena_printf(arena, "%.*s%.*s_%s", (int) whole_characters(maker->table->name, table), maker->table->name,
                        (int) (rest == 0 ? 0 : whole_characters(columns.data, rest)), rest == 0 ? "" : columns.data, label);
}

/* Is it the name of a relation of the schema, or of a key? */
static bool relation_exists(const KeyMaker *maker, const char *name)
{
    const CatalogTable *table = maker->table, *other;
    const CatalogKey *own = key_named(table, name);
    return strcmp(table->name, name) == 0 || (own != NULL && key_is_unique(own)) ||
           catalog_find_table(maker->binder->snapshot, table->schema, name) != NULL ||
           catalog_find_index(maker->binder->snapshot, table->schema, name, &other) != NULL;
}

static bool constraint_exists(const KeyMaker *maker, const char *name)
{
    const CatalogSnapshot *snapshot = maker->binder->snapshot;
    for (int32_t t = 0; t < snapshot->table_count; t++)
        if (strcmp(snapshot->tables[t]->schema, maker->table->schema) == 0 && key_named(snapshot->tables[t], name) != NULL)
            return true;
    return key_named(maker->table, name) != NULL;
}

static Error *name_key(const KeyMaker *maker, CatalogKey *key)
{
    if (has_text(maker->constraint->conname))
    {
        key->name = name_fold(maker->binder, maker->constraint->conname);
        if (key_is_unique(key) && relation_exists(maker, key->name))
            return fault(maker, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", key->name);
        if (key_named(maker->table, key->name) != NULL)
            return fault(maker, SQLSTATE_DUPLICATE_OBJECT, "constraint \"%s\" for relation \"%s\" already exists", key->name,
                         maker->table->name);
        return NULL;
    }
    int32_t number = 0;
    do
        key->name = made_name(maker, key, number++);
    while ((key_is_unique(key) && relation_exists(maker, key->name)) || constraint_exists(maker, key->name));
    return NULL;
}

/* --- the door ------------------------------------------------------------------------------ */

bool bind_is_key(const PgQuery__Constraint *constraint)
{
    return constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
           constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE ||
           constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;
}

Error *bind_key(Binder *binder, CatalogTable *table, const PgQuery__Constraint *constraint, int32_t column)
{
    ASSERT(bind_is_key(constraint));
    KeyMaker maker = {binder, table, constraint, column, node_position(binder, constraint->location)};
    CatalogKey key = {.kind = constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY  ? KEY_PRIMARY
                              : constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE ? KEY_UNIQUE
                                                                                            : KEY_FOREIGN};
    const CatalogTable *other = NULL;
    if (constraint->deferrable || constraint->initdeferred)
        return unsupported(maker.position, "DEFERRABLE is");
    TRY(key_is_unique(&key) ? read_unique(&maker, &key) : read_foreign(&maker, &key, &other));
    TRY(name_key(&maker, &key));
    if (other != NULL)
        TRY(check_types(&maker, other, &key));
    int32_t capacity = table->key_count;
    ARRAY_ADD(binder->arena, table->keys, table->key_count, capacity, key);
    return NULL;
}
