/* SPDX-License-Identifier: Apache-2.0 */
/* Making and joining DeletedRows, which are never changed once made and are shared by counted references. */
#ifndef SQL_CATALOG_DELETED_H
#define SQL_CATALOG_DELETED_H

#include "sql/catalog/catalog.h"

/* One reference.  Rows may come in any order, and twice.  53200. */
Error *deleted_make(const uint32_t *rows, int64_t count, DeletedRows **out) MUST_USE;
/* What `bytes` hold; XX001 if that is no bitmap of rows below `row_count`. */
Error *deleted_read(const void *bytes, size_t size, int64_t row_count, DeletedRows **out) MUST_USE;
/* The rows of both; *out = NULL, and no error, if some row is in both.  a may be NULL. */
Error *deleted_join(const DeletedRows *a, const DeletedRows *b, DeletedRows **out) MUST_USE;
DeletedRows *deleted_hold(const DeletedRows *deleted); /* one reference more; NULL is fine */
void deleted_drop(void *deleted);                      /* NULL is fine */

#endif
