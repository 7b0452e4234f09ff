/* SPDX-License-Identifier: Apache-2.0 */
/* COMMENT ON: its owner says of an object what pg_description shows; it goes with the object. */
#include "src/leader/session.h"

#include <string.h>

static Error *wrong_kind(const CommentStatement *said, const char *kind)
{
    return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a %s", said->object.name, kind), said->object.position);
}

/* What of the relation it is on. */
static Error *find_part(const CommentStatement *said, const CatalogTable *table, CatalogComment *comment)
{
    comment->part = 't';
    if (said->word == COMMENT_ON_COLUMN)
    {
        int32_t ordinal = catalog_find_column(table, said->part);
        if (ordinal < 0)
            return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist", said->part,
                                      table->name),
                            said->object.position);
        comment->part = 'c';
        comment->id = table->columns[ordinal].id;
    }
    if (said->word == COMMENT_ON_CONSTRAINT)
    {
        const CatalogKey *key = key_named(table, said->part);
        if (key == NULL)
            return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "constraint \"%s\" for table \"%s\" does not exist", said->part,
                                      table->name),
                            said->object.position);
        comment->part = 'k';
        comment->id = key->id;
    }
    return NULL;
}

static Error *comment_on_relation(Statement *statement, const CommentStatement *said)
{
    CatalogTxn *txn = session_txn(statement->session);
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(txn);
    BindContext context;
    const CatalogTable *table;
    CatalogComment comment = {.text = said->text};
    session_bind_context(statement->session, statement, &context);
    TRY(bind_relation_name(snapshot, &context, &said->object, &table));
    TRY(bind_may_use(snapshot, &context, table, PRIVILEGE_OWNER, said->object.position));
    if (said->word == COMMENT_ON_TABLE && table->view_sql != NULL)
        return wrong_kind(said, "table");
    if (said->word == COMMENT_ON_VIEW && table->view_sql == NULL)
        return wrong_kind(said, "view");
    TRY(find_part(said, table, &comment));
    return catalog_comment(txn, table->id, &comment);
}

Error *comment_run(Statement *statement)
{
    Session *session = statement->session;
    const CommentStatement *said = statement->parse->comment;
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(session));
    bool database = said->word == COMMENT_ON_DATABASE;
    if (!database && said->word != COMMENT_ON_SCHEMA)
        return comment_on_relation(statement, said);
    if (database && strcmp(said->object.name, snapshot->database) != 0)
    { /* as PostgreSQL, so that a dump of another database can be read */
        wire_notice(&session->wire, WIRE_WARNING, "database \"%s\" does not exist", said->object.name);
        return NULL;
    }
    if (!database && !catalog_has_schema(snapshot, said->object.name))
        return error_at(error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", said->object.name),
                        said->object.position);
    TRY(session_need_superuser(session, database ? "comment on the database" : "comment on schemas"));
    return catalog_comment_schema(session_txn(session), database ? NULL : said->object.name, said->text);
}
