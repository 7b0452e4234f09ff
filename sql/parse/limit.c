/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How deep a statement's tree will be, told from its tokens alone.
 *
 *     ( a + b * ( c OR d + CASE WHEN ( e ) ...
 *     1 +1 +1   2 +1    +1  3         4
 *
 * Every '(', '[' and CASE opens a level.  In a level each operator may add one
 * to the depth (a + b + c leans to the left), until a comma, AND, OR or a clause
 * begins another expression: AND and OR chains are flat in the grammar.  Joins
 * and set operations lean to the left as well and are counted for the level.
 * The sum over open levels bounds the depth from above.
 */
#include "sql/parse/parse.h"
#include "sql/parse/token.h"

typedef struct DepthLevel
{
    int32_t chain; /* operators since the expression began */
    int32_t spine; /* joins and set operations of the level */
} DepthLevel;

typedef enum TokenRole
{
    ROLE_NONE,
    ROLE_OPEN,
    ROLE_CLOSE,
    ROLE_CHAIN, /* operator: one deeper */
    ROLE_SPINE, /* join, set operation: one deeper */
    ROLE_FRESH  /* another expression begins */
} TokenRole;

static TokenRole punctuation_role(const TokenList *tokens, int32_t index)
{
    switch (tokens->text[tokens->items[index].start])
    {
    case '(':
    case '[':
        return ROLE_OPEN;
    case ')':
    case ']':
        return ROLE_CLOSE;
    case ',':
    case ';':
        return ROLE_FRESH;
    case '.':
        return ROLE_NONE;
    default:
        return ROLE_CHAIN;
    }
}

static TokenRole token_role(const TokenList *tokens, int32_t index)
{
    switch (tokens->items[index].kind)
    {
    case PG_QUERY__TOKEN__CASE:
        return ROLE_OPEN;
    case PG_QUERY__TOKEN__END_P:
        return ROLE_CLOSE;
    case PG_QUERY__TOKEN__Op:
    case PG_QUERY__TOKEN__TYPECAST:
    case PG_QUERY__TOKEN__LESS_EQUALS:
    case PG_QUERY__TOKEN__GREATER_EQUALS:
    case PG_QUERY__TOKEN__NOT_EQUALS:
    case PG_QUERY__TOKEN__NOT:
    case PG_QUERY__TOKEN__IS:
    case PG_QUERY__TOKEN__ISNULL:
    case PG_QUERY__TOKEN__NOTNULL:
    case PG_QUERY__TOKEN__COLLATE:
    case PG_QUERY__TOKEN__AT:
    case PG_QUERY__TOKEN__LIKE:
    case PG_QUERY__TOKEN__ILIKE:
    case PG_QUERY__TOKEN__SIMILAR:
    case PG_QUERY__TOKEN__BETWEEN:
    case PG_QUERY__TOKEN__IN_P:
    case PG_QUERY__TOKEN__OPERATOR:
        return ROLE_CHAIN;
    case PG_QUERY__TOKEN__JOIN:
    case PG_QUERY__TOKEN__UNION:
    case PG_QUERY__TOKEN__EXCEPT:
    case PG_QUERY__TOKEN__INTERSECT:
        return ROLE_SPINE;
    case PG_QUERY__TOKEN__AND:
    case PG_QUERY__TOKEN__OR:
    case PG_QUERY__TOKEN__SELECT:
    case PG_QUERY__TOKEN__FROM:
    case PG_QUERY__TOKEN__WHERE:
    case PG_QUERY__TOKEN__GROUP_P:
    case PG_QUERY__TOKEN__HAVING:
    case PG_QUERY__TOKEN__ORDER:
    case PG_QUERY__TOKEN__ON:
    case PG_QUERY__TOKEN__WHEN:
    case PG_QUERY__TOKEN__THEN:
    case PG_QUERY__TOKEN__ELSE:
        return ROLE_FRESH;
    default:
        return tokens->items[index].end - tokens->items[index].start == 1 &&
                       tokens->items[index].kind < PG_QUERY__TOKEN__IDENT
                   ? punctuation_role(tokens, index)
                   : ROLE_NONE;
    }
}

Error *limit_check_depth(const TokenList *tokens, int32_t *depth_most, int32_t *byte)
{
    *depth_most = 0;
    DepthLevel levels[PARSE_DEPTH_MAX + 1] = {{0, 0}};
    int32_t level = 0;
    int32_t depth = 0; /* level + sum of all chains and spines */
    for (int32_t i = 0; i < tokens->count; i++)
    {
        switch (token_role(tokens, i))
        {
        case ROLE_OPEN:
            depth++;
            if (level < PARSE_DEPTH_MAX)
                levels[++level] = (DepthLevel){0, 0};
            break;
        case ROLE_CLOSE:
            if (level > 0)
            {
                depth -= 1 + levels[level].chain + levels[level].spine;
                level--;
            }
            break;
        case ROLE_CHAIN:
            levels[level].chain++;
            depth++;
            break;
        case ROLE_SPINE:
            depth += 1 - levels[level].chain;
            levels[level].chain = 0;
            levels[level].spine++;
            break;
        case ROLE_FRESH:
            depth -= levels[level].chain;
            levels[level].chain = 0;
            break;
        case ROLE_NONE:
            break;
        }
        *byte = tokens->items[i].start;
        *depth_most = depth > *depth_most ? depth : *depth_most;
        if (depth > PARSE_DEPTH_MAX)
            return error_hint(error_new(SQLSTATE_STATEMENT_TOO_COMPLEX,
                                        "statement is nested or chained more than %d levels deep", PARSE_DEPTH_MAX),
                              "Use IN lists, temporary results or several statements instead of long chains.");
    }
    return NULL;
}
