/* SPDX-License-Identifier: Apache-2.0 */
/* ANALYZE [VERBOSE] [table [(columns)]] [PREDICATE COLUMNS | ALL COLUMNS]: the last two words are taken out. */
#include "sql/parse/dialect.h"

Error *dialect_analyze(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t last = tokens->count - 1;
    if (!token_is(tokens, 0, "analyze") || last < 2 || !token_is(tokens, last, "columns") ||
        !(token_is(tokens, last - 1, "predicate") || token_is(tokens, last - 1, "all")))
        return NULL;
    if (token_is_char(tokens, last - 2, ')')) /* which columns is said already */
        return dialect_syntax_error(dialect, last - 1);
    dialect_erase(dialect, last - 1, last + 1);
    return NULL;
}
