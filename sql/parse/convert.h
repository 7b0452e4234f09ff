/* SPDX-License-Identifier: Apache-2.0 */
/* From a node of the grammar to the kind of statement and, for those the leader carries out itself, a plain struct. */
#ifndef SQL_PARSE_CONVERT_H
#define SQL_PARSE_CONVERT_H

#include "sql/parse/parse.h"

#include <pg_query/pg_query.pb-c.h>

/* Sets kind, tag, node and the union of `statement`, whose map and position are there already. */
Error *convert_statement(Arena *arena, const PgQuery__Node *node, ParseStatement *statement) MUST_USE;

/* convert_copy.c: COPY (query) TO; sets statement->copy_to. */
Error *convert_copy_to(Arena *arena, const PgQuery__CopyStmt *stmt, ParseStatement *statement) MUST_USE;
/* ON, true, 1, or nothing said. */
bool convert_option_is_on(const PgQuery__DefElem *option);

#endif
