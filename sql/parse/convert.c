/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/parse/convert.h"
#include "base/core/assert.h"

#include <ctype.h>
#include <string.h>

static const char *const tags[STATEMENT_COUNT] = {
#define STATEMENT(id, tag, kind, type) [STATEMENT_##id] = tag,
#include "sql/parse/statement.def"
#undef STATEMENT
};

StatementType parse_statement_type(StatementKind kind)
{
    static const StatementType types[STATEMENT_COUNT] = {
#define STATEMENT(id, tag, defines, type) [STATEMENT_##id] = STATEMENT_TYPE_##type,
#include "sql/parse/statement.def"
#undef STATEMENT
    };
    return types[kind];
}

char *parse_fold_name(Arena *arena, const char *name)
{
    size_t length = strlen(name);
    if (length > PARSE_NAME_BYTES_MAX)
    {
        length = PARSE_NAME_BYTES_MAX;
        while (length > 0 && ((unsigned char) name[length] & 0xc0) == 0x80)
            length--;
    }
    char *folded = arena_strndup(arena, name, length);
    for (char *c = folded; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char) (*c - 'A' + 'a');
    return folded;
}

static void set_kind(ParseStatement *statement, StatementKind kind)
{
    statement->kind = kind;
    statement->tag = tags[kind];
}

static void set_unsupported(ParseStatement *statement, const char *tag)
{
    statement->kind = STATEMENT_UNSUPPORTED;
    statement->tag = tag;
}

/* The word at *text in capitals, added to `words`; *text moves behind it. */
static void add_word(Text *words, const char **text)
{
    *text += strspn(*text, " \t\r\n");
    if (words->length > 0 && isalpha((unsigned char) **text))
        text_putc(words, ' ');
    for (; isalpha((unsigned char) **text); (*text)++)
        text_putc(words, (char) toupper((unsigned char) **text));
}

/* "CREATE DATABASE", "CREATE OR REPLACE FUNCTION", "LISTEN": the words that say what it is, as they were written. */
static void set_unsupported_words(Arena *arena, ParseStatement *statement)
{
    static const char *const before_kind[] = {"OR", "REPLACE", "MATERIALIZED", "FOREIGN", "EVENT", "DEFAULT", "EXTERNAL", "UNIQUE", "ROW"};
    const char *text = statement->text;
    Text words;
    text_init(&words, arena);
    add_word(&words, &text);
    bool more = words.length > 0 && (strcmp(words.data, "CREATE") == 0 || strcmp(words.data, "ALTER") == 0 ||
                                     strcmp(words.data, "DROP") == 0);
    while (more)
    {
        size_t from = words.length + 1;
        add_word(&words, &text);
        more = false;
        for (size_t i = 0; i < sizeof before_kind / sizeof *before_kind && from < words.length; i++)
            more |= strcmp(words.data + from, before_kind[i]) == 0;
    }
    set_unsupported(statement, words.length > 0 ? words.data : "this statement");
}

static ParseName range_name(Arena *arena, const ParseStatement *statement, const PgQuery__RangeVar *range)
{
    bool has_schema = range->schemaname != NULL && range->schemaname[0] != '\0';
    return (ParseName){has_schema ? parse_fold_name(arena, range->schemaname) : NULL,
                       parse_fold_name(arena, range->relname), parse_position(statement, range->location)};
}

/* Strings of a qualified name; drops the database of db.schema.table. */
static Error *list_name(Arena *arena, const PgQuery__Node *node, ParseName *name)
{
    size_t count = 1;
    PgQuery__Node *const *items = (PgQuery__Node *const *) &node;
    if (node->node_case == PG_QUERY__NODE__NODE_LIST)
    {
        count = node->list->n_items;
        items = node->list->items;
    }
    if (count == 0 || count > 3 || items[count - 1]->node_case != PG_QUERY__NODE__NODE_STRING)
        return error_new(SQLSTATE_SYNTAX_ERROR, "improper qualified name");
    *name = (ParseName){NULL, parse_fold_name(arena, items[count - 1]->string->sval), 0};
    if (count >= 2)
        name->schema = parse_fold_name(arena, items[count - 2]->string->sval);
    return NULL;
}

static Error *convert_drop(Arena *arena, const PgQuery__DropStmt *drop, ParseStatement *statement)
{
    if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        set_kind(statement, STATEMENT_DROP_TABLE);
    else if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA)
        set_kind(statement, STATEMENT_DROP_SCHEMA);
    else if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW)
        set_kind(statement, STATEMENT_DROP_VIEW);
    else
    {
        set_unsupported_words(arena, statement);
        return NULL;
    }
    ObjectStatement *object = ARENA_NEW(arena, ObjectStatement);
    object->name_count = (int32_t) drop->n_objects;
    object->names = ARENA_ARRAY(arena, ParseName, drop->n_objects);
    for (size_t i = 0; i < drop->n_objects; i++)
        TRY(list_name(arena, drop->objects[i], &object->names[i]));
    object->if_exists = drop->missing_ok;
    object->cascade = drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    statement->object = object;
    return NULL;
}

static Error *convert_truncate(Arena *arena, const PgQuery__TruncateStmt *truncate, ParseStatement *statement)
{
    ObjectStatement *object = ARENA_NEW(arena, ObjectStatement);
    object->names = ARENA_ARRAY(arena, ParseName, truncate->n_relations);
    for (size_t i = 0; i < truncate->n_relations; i++)
        object->names[object->name_count++] = range_name(arena, statement, truncate->relations[i]->range_var);
    set_kind(statement, STATEMENT_TRUNCATE);
    statement->object = object;
    return NULL;
}

static Error *convert_schema(Arena *arena, const PgQuery__CreateSchemaStmt *schema, ParseStatement *statement)
{
    bool named = schema->schemaname != NULL && schema->schemaname[0] != '\0';
    const char *owner = schema->authrole != NULL ? schema->authrole->rolename : NULL;
    if (schema->n_schema_elts > 0)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "CREATE SCHEMA with elements is not supported yet");
    if (!named && (owner == NULL || owner[0] == '\0'))
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "CREATE SCHEMA without a name is not supported yet");
    ObjectStatement *object = ARENA_NEW(arena, ObjectStatement);
    object->name_count = 1;
    object->names = ARENA_NEW(arena, ParseName);
    object->names[0].name = parse_fold_name(arena, named ? schema->schemaname : owner);
    object->if_exists = schema->if_not_exists;
    set_kind(statement, STATEMENT_CREATE_SCHEMA);
    statement->object = object;
    return NULL;
}

/* --- settings -------------------------------------------------------------- */

static Error *append_value(Text *text, const PgQuery__Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) /* SET TIME ZONE INTERVAL '1' HOUR */
        node = node->type_cast->arg;
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return error_new(SQLSTATE_SYNTAX_ERROR, "SET takes constants");
    const PgQuery__AConst *constant = node->a_const;
    switch (constant->val_case)
    {
    case PG_QUERY__A__CONST__VAL_IVAL:
        text_printf(text, "%d", constant->ival->ival);
        break;
    case PG_QUERY__A__CONST__VAL_FVAL:
        text_puts(text, constant->fval->fval);
        break;
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        text_puts(text, constant->boolval->boolval ? "on" : "off");
        break;
    case PG_QUERY__A__CONST__VAL_SVAL:
        text_puts(text, constant->sval->sval);
        break;
    case PG_QUERY__A__CONST__VAL_BSVAL:
    default:
        return error_new(SQLSTATE_SYNTAX_ERROR, "SET takes numbers, names and texts");
    }
    return NULL;
}

/* A transaction's modes as settings: READ ONLY, READ WRITE, the isolation; NULL: none of them is said. */
static SetStatement *transaction_modes(Arena *arena, size_t count, PgQuery__Node *const *modes, bool local)
{
    SetStatement *settings = NULL;
    for (size_t i = 0; i < count; i++)
    {
        const PgQuery__DefElem *mode = modes[i]->def_elem;
        const PgQuery__AConst *value = mode->arg->a_const;
        bool isolation = strcmp(mode->defname, "transaction_isolation") == 0;
        if (!isolation && strcmp(mode->defname, "transaction_read_only") != 0)
            continue;
        SetStatement *set = ARENA_NEW(arena, SetStatement);
        *set = (SetStatement){.name = arena_printf(arena, "%s%s", local ? "" : "default_", mode->defname),
                              .value = arena_strdup(arena, isolation ? value->sval->sval : value->ival->ival != 0 ? "on" : "off"),
                              .local = local,
                              .also = settings};
        settings = set;
    }
    return settings;
}

static Error *convert_set(Arena *arena, const PgQuery__VariableSetStmt *set, ParseStatement *statement)
{
    SetStatement *setting = ARENA_NEW(arena, SetStatement);
    bool reset =
        set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET || set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL;
    set_kind(statement, reset ? STATEMENT_RESET : STATEMENT_SET);
    statement->set = setting;
    if (set->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL)
        setting->name = parse_fold_name(arena, set->name != NULL ? set->name : "");
    setting->local = set->is_local;
    if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI) /* SET TRANSACTION ... */
    {
        bool local = strcasecmp(set->name, "TRANSACTION") == 0;
        if (strcasecmp(set->name, "TRANSACTION SNAPSHOT") == 0) /* has no modes */
        {
            set_unsupported(statement, "SET TRANSACTION SNAPSHOT");
            return NULL;
        }
        SetStatement *modes = transaction_modes(arena, set->n_args, set->args, local);
        setting->name = arena_strdup(arena, "transaction");
        setting->value = arena_strdup(arena, "");
        if (modes != NULL)
            statement->set = modes;
        return NULL;
    }
    if (set->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE)
        return NULL;
    Text value;
    text_init(&value, arena);
    for (size_t i = 0; i < set->n_args; i++)
    {
        if (i > 0)
            text_puts(&value, ", ");
        TRY(append_value(&value, set->args[i]));
    }
    setting->value = arena_strdup(arena, value.data);
    return NULL;
}

static void convert_show(Arena *arena, const PgQuery__VariableShowStmt *show, ParseStatement *statement)
{
    SetStatement *setting = ARENA_NEW(arena, SetStatement);
    setting->name = parse_fold_name(arena, show->name);
    set_kind(statement, STATEMENT_SHOW);
    statement->set = setting;
}

/* --- EXPLAIN --------------------------------------------------------------- */

bool convert_option_is_on(const PgQuery__DefElem *option)
{
    const PgQuery__Node *arg = option->arg;
    if (arg == NULL || arg->node_case == PG_QUERY__NODE__NODE__NOT_SET)
        return true;
    if (arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
        return arg->boolean->boolval;
    if (arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return arg->integer->ival != 0;
    return arg->node_case != PG_QUERY__NODE__NODE_STRING ||
           (strcasecmp(arg->string->sval, "off") != 0 && strcasecmp(arg->string->sval, "false") != 0);
}

static Error *convert_explain(Arena *arena, const PgQuery__ExplainStmt *explain, ParseStatement *statement)
{
    ExplainStatement *made = ARENA_NEW(arena, ExplainStatement);
    for (size_t i = 0; i < explain->n_options; i++)
    {
        const PgQuery__DefElem *option = explain->options[i]->def_elem;
        bool on = convert_option_is_on(option);
        if (strcmp(option->defname, "verbose") == 0)
            made->verbose = on;
        else if (strcmp(option->defname, "analyze") == 0)
            made->analyze = on;
        else if (strcmp(option->defname, "code") == 0)
            made->code = on;
        else if (strcmp(option->defname, "costs") != 0)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "unrecognized EXPLAIN option \"%s\"", option->defname),
                            parse_position(statement, option->location));
    }
    ParseStatement *inner = ARENA_NEW(arena, ParseStatement);
    *inner = *statement;
    inner->notice_count = 0;
    TRY(convert_statement(arena, explain->query, inner));
    TRY(parse_refusal(inner));
    made->statement = inner;
    set_kind(statement, STATEMENT_EXPLAIN);
    statement->explain = made;
    return NULL;
}

/* The name is not folded again: drivers (psqlodbc) forget by DEALLOCATE "Name" what they named in a Parse message. */
static Error *prepare_named(Arena *arena, const char *name, ParseStatement *statement)
{
    statement->prepare = ARENA_NEW(arena, PrepareStatement);
    if (name != NULL && name[0] != '\0')
        statement->prepare->name = arena_strdup(arena, name);
    return NULL;
}

static Error *convert_prepare(Arena *arena, const PgQuery__PrepareStmt *prepare, ParseStatement *statement)
{
    ParseStatement *inner = ARENA_NEW(arena, ParseStatement);
    *inner = *statement;
    inner->notice_count = 0;
    TRY(convert_statement(arena, prepare->query, inner));
    TRY(parse_refusal(inner));
    set_kind(statement, STATEMENT_PREPARE);
    TRY(prepare_named(arena, prepare->name, statement));
    statement->prepare->statement = inner;
    return NULL;
}

/* --- cursors ---------------------------------------------------------------- */

#define CURSOR_BINARY 0x01 /* CURSOR_OPT_* of PostgreSQL's parsenodes.h */
#define CURSOR_SCROLL 0x02
#define CURSOR_HOLD   0x20

static Error *cursor_refusal(const ParseStatement *statement, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "a cursor %s is not supported", what),
                    statement->position);
}

static CursorStatement *cursor_named(Arena *arena, const char *name, StatementKind kind, ParseStatement *statement)
{
    CursorStatement *cursor = ARENA_NEW(arena, CursorStatement);
    if (name != NULL && name[0] != '\0')
        cursor->name = parse_fold_name(arena, name);
    set_kind(statement, kind);
    statement->cursor = cursor;
    return cursor;
}

static Error *convert_declare(Arena *arena, const PgQuery__DeclareCursorStmt *declare, ParseStatement *statement)
{
    ParseStatement *inner = ARENA_NEW(arena, ParseStatement);
    *inner = *statement;
    inner->notice_count = 0;
    if ((declare->options & CURSOR_SCROLL) != 0)
        return cursor_refusal(statement, "WITH SCROLL");
    if ((declare->options & CURSOR_BINARY) != 0)
        return cursor_refusal(statement, "that is BINARY");
    TRY(convert_statement(arena, declare->query, inner));
    TRY(parse_refusal(inner));
    if (inner->kind != STATEMENT_SELECT)
        return error_new(SQLSTATE_INVALID_CURSOR_DEFINITION, "DECLARE CURSOR takes a SELECT");
    CursorStatement *cursor = cursor_named(arena, declare->portalname, STATEMENT_DECLARE, statement);
    cursor->statement = inner;
    cursor->hold = (declare->options & CURSOR_HOLD) != 0;
    return NULL;
}

/* Forward only, as Redshift's cursors go. */
static Error *convert_fetch(Arena *arena, const PgQuery__FetchStmt *fetch, ParseStatement *statement)
{
    if (fetch->direction != PG_QUERY__FETCH_DIRECTION__FETCH_FORWARD || fetch->how_many < 0)
        return error_hint(error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward"),
                          "Use FETCH NEXT, FETCH FORWARD n or FETCH ALL.");
    CursorStatement *cursor = cursor_named(arena, fetch->portalname, STATEMENT_FETCH, statement);
    cursor->count = fetch->how_many;
    cursor->moves = fetch->ismove;
    if (cursor->moves)
        statement->tag = "MOVE";
    return NULL;
}

/* Redshift knows one mode only, ACCESS EXCLUSIVE. */
static char *last_name(Arena *arena, const PgQuery__List *list, size_t back)
{
    return list->n_items <= back ? NULL : parse_fold_name(arena, list->items[list->n_items - 1 - back]->string->sval);
}

/* A table's name and, behind it, that of a column or constraint. */
static Error *comment_names(Arena *arena, const PgQuery__Node *object, CommentStatement *comment)
{
    size_t back = comment->word == COMMENT_ON_COLUMN || comment->word == COMMENT_ON_CONSTRAINT;
    if (object->node_case == PG_QUERY__NODE__NODE_STRING)
    {
        comment->object.name = parse_fold_name(arena, object->string->sval);
        return NULL;
    }
    if (object->list->n_items <= back)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "column name must be qualified"), comment->object.position);
    comment->part = back == 0 ? NULL : last_name(arena, object->list, 0);
    comment->object.name = last_name(arena, object->list, back);
    comment->object.schema = last_name(arena, object->list, back + 1);
    return NULL;
}

/* An empty text is none. */
static Error *convert_comment(Arena *arena, const PgQuery__CommentStmt *node, ParseStatement *statement)
{
    static const struct
    {
        PgQuery__ObjectType type;
        CommentWord word;
    } words[] = {{PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, COMMENT_ON_TABLE},
                 {PG_QUERY__OBJECT_TYPE__OBJECT_VIEW, COMMENT_ON_VIEW},
                 {PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN, COMMENT_ON_COLUMN},
                 {PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT, COMMENT_ON_CONSTRAINT},
                 {PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA, COMMENT_ON_SCHEMA},
                 {PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE, COMMENT_ON_DATABASE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    {
        if (words[i].type != node->objtype)
            continue;
        CommentStatement *comment = statement->comment = ARENA_NEW(arena, CommentStatement);
        set_kind(statement, STATEMENT_COMMENT);
        comment->word = words[i].word;
        comment->object.position = statement->position;
        comment->text = node->comment[0] == '\0' ? NULL : arena_strdup(arena, node->comment);
        return comment_names(arena, node->object, comment);
    }
    set_unsupported(statement, "COMMENT on such objects");
    return NULL;
}

static Error *convert_lock(Arena *arena, const PgQuery__LockStmt *lock, ParseStatement *statement)
{
    enum { ACCESS_EXCLUSIVE = 8 }; /* PostgreSQL's lockdefs.h */
    if (lock->mode != ACCESS_EXCLUSIVE)
        return error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "LOCK in this mode is not supported"),
                          "LOCK [TABLE] name takes an exclusive lock.");
    if (lock->nowait)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "LOCK with NOWAIT is not supported");
    ObjectStatement *object = ARENA_NEW(arena, ObjectStatement);
    object->names = ARENA_ARRAY(arena, ParseName, lock->n_relations);
    for (size_t i = 0; i < lock->n_relations; i++)
        object->names[object->name_count++] = range_name(arena, statement, lock->relations[i]->range_var);
    set_kind(statement, STATEMENT_LOCK);
    statement->object = object;
    return NULL;
}

/* One table at most, as Redshift has it. */
static Error *convert_analyze(Arena *arena, const PgQuery__VacuumStmt *analyze, ParseStatement *statement)
{
    ObjectStatement *object = ARENA_NEW(arena, ObjectStatement);
    object->names = ARENA_ARRAY(arena, ParseName, analyze->n_rels);
    for (size_t i = 0; i < analyze->n_options; i++)
        object->verbose |= strcmp(analyze->options[i]->def_elem->defname, "verbose") == 0;
    for (size_t i = 0; i < analyze->n_rels; i++)
    {
        const PgQuery__VacuumRelation *rel = analyze->rels[i]->vacuum_relation;
        object->names[object->name_count++] = range_name(arena, statement, rel->relation);
        if (i > 0)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "%s takes one table",
                                      analyze->is_vacuumcmd ? "VACUUM" : "ANALYZE"), object->names[i].position);
        object->columns = ARENA_ARRAY(arena, char *, rel->n_va_cols);
        for (size_t k = 0; k < rel->n_va_cols; k++)
            object->columns[object->column_count++] = arena_strdup(arena, rel->va_cols[k]->string->sval);
    }
    set_kind(statement, analyze->is_vacuumcmd ? STATEMENT_VACUUM : STATEMENT_ANALYZE);
    statement->object = object;
    return NULL;
}

static void convert_transaction(Arena *arena, const PgQuery__TransactionStmt *transaction, ParseStatement *statement)
{
    if (transaction->chain)
    {
        set_unsupported(statement, "AND CHAIN");
        return;
    }
    switch (transaction->kind)
    {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        set_kind(statement, STATEMENT_BEGIN);
        statement->set = transaction_modes(arena, transaction->n_options, transaction->options, true);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        set_kind(statement, STATEMENT_COMMIT);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        set_kind(statement, STATEMENT_ROLLBACK);
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
        set_unsupported(statement, "SAVEPOINT");
        break;
    default:
        set_unsupported(statement, "PREPARE TRANSACTION");
        break;
    }
}

static bool is_relation(PgQuery__ObjectType type)
{
    return type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE || type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW;
}

/* Of a table or view: what, is in the node. */
static void convert_alter(Arena *arena, const PgQuery__Node *node, ParseStatement *statement)
{
    PgQuery__ObjectType type = PG_QUERY__OBJECT_TYPE__OBJECT_TYPE_UNDEFINED;
    if (node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        type = node->alter_table_stmt->objtype;
    else if (is_relation(node->rename_stmt->rename_type))
        type = node->rename_stmt->rename_type;
    else if (node->rename_stmt->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN)
        type = node->rename_stmt->relation_type;
    if (is_relation(type))
        set_kind(statement, STATEMENT_ALTER_TABLE);
    else
        set_unsupported_words(arena, statement);
    if (type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW)
        statement->tag = "ALTER VIEW";
}

Error *convert_statement(Arena *arena, const PgQuery__Node *node, ParseStatement *statement)
{
    statement->node = node;
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        set_kind(statement, node->select_stmt->into_clause != NULL ? STATEMENT_CREATE_TABLE_AS : STATEMENT_SELECT);
        return NULL;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        set_kind(statement, STATEMENT_INSERT);
        return NULL;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        set_kind(statement, STATEMENT_UPDATE);
        return NULL;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        set_kind(statement, STATEMENT_DELETE);
        return NULL;
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        set_kind(statement, STATEMENT_MERGE);
        return NULL;
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        ASSERT(statement->table != NULL);
        set_kind(statement, STATEMENT_CREATE_TABLE);
        return NULL;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        convert_alter(arena, node, statement);
        return NULL;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        if (node->create_table_as_stmt->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
            set_unsupported(statement, "CREATE MATERIALIZED VIEW");
        else
            set_kind(statement, STATEMENT_CREATE_TABLE_AS);
        return NULL;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return convert_drop(arena, node->drop_stmt, statement);
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        return convert_truncate(arena, node->truncate_stmt, statement);
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        return convert_schema(arena, node->create_schema_stmt, statement);
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        return convert_set(arena, node->variable_set_stmt, statement);
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
        convert_show(arena, node->variable_show_stmt, statement);
        return NULL;
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        convert_transaction(arena, node->transaction_stmt, statement);
        return NULL;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        return convert_explain(arena, node->explain_stmt, statement);
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        set_kind(statement, STATEMENT_CREATE_VIEW);
        if (statement->view == NULL)
            set_unsupported(statement, "this form of CREATE VIEW");
        return NULL;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        set_kind(statement, STATEMENT_COPY_TO);
        return convert_copy_to(arena, node->copy_stmt, statement);
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
        return convert_declare(arena, node->declare_cursor_stmt, statement);
    case PG_QUERY__NODE__NODE_FETCH_STMT:
        return convert_fetch(arena, node->fetch_stmt, statement);
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
        cursor_named(arena, node->close_portal_stmt->portalname, STATEMENT_CLOSE, statement);
        return NULL;
    case PG_QUERY__NODE__NODE_VACUUM_STMT: /* ANALYZE too */
        return convert_analyze(arena, node->vacuum_stmt, statement);
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        return convert_comment(arena, node->comment_stmt, statement);
    case PG_QUERY__NODE__NODE_LOCK_STMT:
        return convert_lock(arena, node->lock_stmt, statement);
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
        return convert_prepare(arena, node->prepare_stmt, statement);
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        set_kind(statement, STATEMENT_EXECUTE);
        return prepare_named(arena, node->execute_stmt->name, statement);
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
        set_kind(statement, STATEMENT_DEALLOCATE);
        return prepare_named(arena, node->deallocate_stmt->name, statement);
    default:
        set_unsupported_words(arena, statement);
        return NULL;
    }
}
