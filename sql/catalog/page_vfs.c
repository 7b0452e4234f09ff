/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/catalog/page_vfs.h"

#include "base/core/assert.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HEADER_BYTES 100 /* of the file, in front of page 1; sqlite.org/fileformat2.html */
#define RESERVED_AT 20   /* in it: bytes at the end of each page that are not SQLite's */
#define PAGE_BYTES_MIN 512
#define FCNTL_STATE 0x53746f61 /* ours: tells a PageFile's state */

typedef struct PageState
{
    bool checks;     /* the header says that pages have digests */
    int64_t damaged; /* number of a page, 0: none */
} PageState;

typedef struct PageFile
{
    sqlite3_file file; /* first */
    PageState state;
    uint8_t *copy; /* of a page that is written */
    int copy_bytes;
    sqlite3_file *under;
} PageFile;

static sqlite3_vfs vfs, *below;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static PageFile *page_file(sqlite3_file *file)
{
    return (PageFile *) (void *) file;
}

/* --- pages ------------------------------------------------------------------ */
static bool is_page(int amount, sqlite3_int64 at)
{
    return amount >= PAGE_BYTES_MIN && (amount & (amount - 1)) == 0 && at % amount == 0;
}

static void header_look(PageFile *file, const uint8_t *bytes, int amount, sqlite3_int64 at)
{
    static const char magic[] = "SQLite format 3";
    if (at == 0 && amount >= HEADER_BYTES && memcmp(bytes, magic, sizeof magic) == 0)
        file->state.checks = bytes[RESERVED_AT] == PAGE_DIGEST_BYTES;
}

static void digest_of(const uint8_t *page, int amount, sqlite3_int64 at, uint8_t digest[PAGE_DIGEST_BYTES])
{
    XXH64_canonical_t canonical;
    uint64_t number = (uint64_t) (at / amount) + 1;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits_withSeed(page, (size_t) (amount - PAGE_DIGEST_BYTES), number));
    memcpy(digest, canonical.digest, PAGE_DIGEST_BYTES);
}

static int page_read(sqlite3_file *given, void *bytes, int amount, sqlite3_int64 at)
{
    PageFile *file = page_file(given);
    uint8_t digest[PAGE_DIGEST_BYTES];
    int code = file->under->pMethods->xRead(file->under, bytes, amount, at);
    if (code != SQLITE_OK)
        return code;
    header_look(file, bytes, amount, at);
    if (!file->state.checks || !is_page(amount, at))
        return SQLITE_OK;
    digest_of(bytes, amount, at, digest);
    if (memcmp((const uint8_t *) bytes + amount - PAGE_DIGEST_BYTES, digest, PAGE_DIGEST_BYTES) == 0)
        return SQLITE_OK;
    file->state.damaged = at / amount + 1;
    return SQLITE_IOERR_DATA;
}

/* What SQLite hands over stays its own: the digest is put on a copy. */
static int page_write(sqlite3_file *given, const void *bytes, int amount, sqlite3_int64 at)
{
    PageFile *file = page_file(given);
    header_look(file, bytes, amount, at);
    if (!file->state.checks || !is_page(amount, at))
        return file->under->pMethods->xWrite(file->under, bytes, amount, at);
    if (file->copy_bytes < amount)
    {
        free(file->copy);
        file->copy = malloc((size_t) amount);
        file->copy_bytes = file->copy == NULL ? 0 : amount;
        if (file->copy == NULL)
            return SQLITE_IOERR_NOMEM;
    }
    memcpy(file->copy, bytes, (size_t) amount);
    digest_of(file->copy, amount, at, file->copy + amount - PAGE_DIGEST_BYTES);
    return file->under->pMethods->xWrite(file->under, file->copy, amount, at);
}

/* --- what goes through ------------------------------------------------------- */
static int page_close(sqlite3_file *given)
{
    PageFile *file = page_file(given);
    free(file->copy);
    return file->under->pMethods->xClose(file->under);
}

static int page_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xTruncate(under, size);
}

static int page_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xSync(under, flags);
}

static int page_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xFileSize(under, size);
}

static int page_lock(sqlite3_file *file, int level)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xLock(under, level);
}

static int page_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xUnlock(under, level);
}

static int page_reserved(sqlite3_file *file, int *reserved)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xCheckReservedLock(under, reserved);
}

static int page_control(sqlite3_file *given, int what, void *argument)
{
    PageFile *file = page_file(given);
    if (what != FCNTL_STATE)
        return file->under->pMethods->xFileControl(file->under, what, argument);
    *(PageState *) argument = file->state;
    return SQLITE_OK;
}

static int page_sector(sqlite3_file *file)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xSectorSize(under);
}

static int page_device(sqlite3_file *file)
{
    sqlite3_file *under = page_file(file)->under;
    return under->pMethods->xDeviceCharacteristics(under);
}

/* Version 1: no shared memory, which locking_mode=exclusive does without, and no mapping, which would go past the digests. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = page_close,
    .xRead = page_read,
    .xWrite = page_write,
    .xTruncate = page_truncate,
    .xSync = page_sync,
    .xFileSize = page_size,
    .xLock = page_lock,
    .xUnlock = page_unlock,
    .xCheckReservedLock = page_reserved,
    .xFileControl = page_control,
    .xSectorSize = page_sector,
    .xDeviceCharacteristics = page_device,
};

/* Logs and temporary files are opened as they are. */
static int page_open(sqlite3_vfs *self, const char *name, sqlite3_file *given, int flags, int *flags_out)
{
    (void) self;
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
        return below->xOpen(below, name, given, flags, flags_out);
    PageFile *file = page_file(given);
    *file = (PageFile){.under = (sqlite3_file *) (void *) (file + 1)};
    int code = below->xOpen(below, name, file->under, flags, flags_out);
    file->file.pMethods = file->under->pMethods == NULL ? NULL : &methods;
    return code;
}

static void vfs_register(void)
{
    below = sqlite3_vfs_find("unix-none");
    ASSERT(below != NULL);
    vfs = *below;
    vfs.zName = "stoa";
    vfs.pNext = NULL;
    vfs.szOsFile = (int) sizeof(PageFile) + below->szOsFile;
    vfs.xOpen = page_open;
    (void) sqlite3_vfs_register(&vfs, 0);
}

const char *page_vfs(void)
{
    (void) pthread_once(&once, vfs_register);
    return vfs.zName;
}

void page_digests_want(struct sqlite3 *db)
{
    int bytes = PAGE_DIGEST_BYTES;
    (void) sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

static PageState state_of(struct sqlite3 *db)
{
    PageState state = {0};
    (void) sqlite3_file_control(db, "main", FCNTL_STATE, &state);
    return state;
}

bool page_digests_are(struct sqlite3 *db)
{
    return state_of(db).checks;
}

int64_t page_damaged(struct sqlite3 *db)
{
    return state_of(db).damaged;
}
