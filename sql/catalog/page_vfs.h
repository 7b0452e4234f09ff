/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest on each page of an SQLite file:
 *
 *     | page as SQLite has it ... | xxh3-64 of it, seeded with its number |
 *                                   the last PAGE_DIGEST_BYTES, which the file's header reserves
 *
 * written when a page comes to its place (in WAL mode: at a checkpoint; frames of the log have SQLite's own), compared when it
 * is read.  A page that is another than was written, or stands elsewhere, ends the statement with SQLITE_IOERR_DATA.
 */
#ifndef SQL_CATALOG_PAGE_VFS_H
#define SQL_CATALOG_PAGE_VFS_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

#define PAGE_DIGEST_BYTES 8

/* The VFS's name, for sqlite3_open_v2(): unix-none below it.  Thread-safe. */
const char *page_vfs(void);
/* Right after opening: a new file, or one that is vacuumed, gets digests. */
void page_digests_want(struct sqlite3 *db);
/* Has the file digests? */
bool page_digests_are(struct sqlite3 *db);
/* The number, from 1, of the page that was found damaged last; 0: none. */
int64_t page_damaged(struct sqlite3 *db);

#endif
