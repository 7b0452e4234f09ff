/* SPDX-License-Identifier: Apache-2.0 */
/* What libpg_query hands over, as Stoa's own: errors, and protobuf messages in arenas. */
#ifndef SQL_PARSE_UNPACK_H
#define SQL_PARSE_UNPACK_H

#include "base/core/arena.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

/* 42601 with the grammar's message; position = the grammar's character in the text it was given. */
Error *unpack_error(const PgQueryError *error) MUST_USE;

/* An allocator whose memory is the arena's; messages unpacked with it are never freed one by one. */
ProtobufCAllocator unpack_allocator(Arena *arena);

#endif
