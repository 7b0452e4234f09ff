/* SPDX-License-Identifier: Apache-2.0 */
#include "src/load/boundary.h"

#include "base/core/assert.h"
#include "src/load/splitter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t) 64 * 1024)

/* A byte of the file at a time, read by pieces in either direction. */
typedef struct Bytes
{
    int fd;
    const char *path;
    int64_t size;
    int64_t from; /* piece in hand: [from, from + length) */
    size_t length;
    Error *error; /* of reading; bytes are 0 from then on */
    char *piece;
} Bytes;

static Error *bytes_open(Bytes *bytes, int fd, const char *path, int64_t size)
{
    *bytes = (Bytes){.fd = fd, .path = path, .size = size, .piece = malloc(PIECE_BYTES)};
    return bytes->piece != NULL ? NULL : error_new(SQLSTATE_OUT_OF_MEMORY, "no memory to read \"%s\"", path);
}

/* Makes the piece that holds `at` the one in hand; false at the end of the file. */
static bool bytes_have(Bytes *bytes, int64_t at)
{
    if (at >= bytes->from && at < bytes->from + (int64_t) bytes->length)
        return true;
    if (at < 0 || at >= bytes->size || bytes->error != NULL)
        return false;
    bytes->from = at / (int64_t) PIECE_BYTES * (int64_t) PIECE_BYTES;
    ssize_t got;
    do
        got = pread(bytes->fd, bytes->piece, PIECE_BYTES, bytes->from);
    while (got < 0 && errno == EINTR);
    bytes->length = got < 0 ? 0 : (size_t) got;
    if (got < 0)
        bytes->error = error_new(SQLSTATE_IO_ERROR, "cannot read \"%s\": %s", bytes->path, strerror(errno));
    return at < bytes->from + (int64_t) bytes->length;
}

/* -1 outside the file. */
static int bytes_at(Bytes *bytes, int64_t at)
{
    return bytes_have(bytes, at) ? (unsigned char) bytes->piece[at - bytes->from] : -1;
}

/* Position of the first `c` in [at, to), or `to`. */
static int64_t bytes_seek(Bytes *bytes, int64_t at, int64_t to, char c)
{
    while (at < to && bytes_have(bytes, at))
    {
        int64_t end = bytes->from + (int64_t) bytes->length;
        end = end < to ? end : to;
        const char *found = memchr(bytes->piece + (at - bytes->from), c, (size_t) (end - at));
        if (found != NULL)
            return bytes->from + (found - bytes->piece);
        at = end;
    }
    return to;
}

/* ---- delimited ---- */

static bool newline_is_escaped(Bytes *bytes, int64_t at)
{
    int64_t slashes = 0;
    while (bytes_at(bytes, at - 1 - slashes) == '\\')
        slashes++;
    return slashes % 2 == 1;
}

static int64_t delimited_next(Bytes *bytes, const LoadFormat *format, int64_t at)
{
    for (;;)
    {
        at = bytes_seek(bytes, at, bytes->size, '\n');
        if (at >= bytes->size)
            return bytes->size;
        if (!format->escape || !newline_is_escaped(bytes, at))
            return at + 1;
        at++;
    }
}

/* ---- CSV ---- */

typedef struct Hypothesis
{
    bool inside;
    bool alive;
} Hypothesis;

static bool ends_field(Bytes *bytes, const LoadFormat *format, int64_t at)
{
    int c = bytes_at(bytes, at);
    return c == -1 || c == '\n' || c == (unsigned char) format->delimiter || (c == '\r' && bytes_at(bytes, at + 1) == '\n');
}

static bool begins_field(Bytes *bytes, const LoadFormat *format, int64_t at)
{
    int c = at == 0 ? '\n' : bytes_at(bytes, at - 1);
    return c == '\n' || c == (unsigned char) format->delimiter;
}

static void hypothesis_pass(Hypothesis *h, bool begins, bool ends, bool odd)
{
    bool fits = h->inside ? !odd || ends : begins && (odd || ends);
    h->alive = h->alive && fits;
    h->inside = h->inside != odd;
}

static int64_t quotes_run(Bytes *bytes, char quote, int64_t at)
{
    int64_t length = 0;
    while (bytes_at(bytes, at + length) == (unsigned char) quote)
        length++;
    return length;
}

static bool quotes_odd_before(Bytes *bytes, char quote, int64_t at)
{
    bool odd = false;
    for (int64_t i = bytes_seek(bytes, 0, at, quote); i < at; i = bytes_seek(bytes, i + 1, at, quote))
        odd = !odd;
    return odd;
}

/* Is the byte at `at` inside quotes (as seen before it is read)? */
static bool csv_inside(Bytes *bytes, const LoadFormat *format, int64_t at)
{
    char quote = format->quote;
    int64_t base = at, limit = at + (int64_t) LOAD_RECORD_BYTES_MAX;
    while (base > 0 && bytes_at(bytes, base - 1) == (unsigned char) quote)
        base--;
    if (base == 0)
        return quotes_odd_before(bytes, quote, at);
    bool shifted = (at - base) % 2 == 1; /* quotes of the run between base and at */
    Hypothesis in = {true, true}, out = {false, true};
    int64_t next = bytes_seek(bytes, base, bytes->size < limit ? bytes->size : limit, quote);
    bool none = next >= limit || next >= bytes->size;
    while (in.alive && out.alive && next < limit && next < bytes->size)
    {
        int64_t run = quotes_run(bytes, quote, next);
        bool begins = begins_field(bytes, format, next), ends = ends_field(bytes, format, next + run);
        hypothesis_pass(&in, begins, ends, run % 2 == 1);
        hypothesis_pass(&out, begins, ends, run % 2 == 1);
        next = bytes_seek(bytes, next + run, bytes->size < limit ? bytes->size : limit, quote);
    }
    if (none)
        return shifted; /* a record inside quotes would be too long, or never end */
    if (in.alive && out.alive && next >= bytes->size) /* a file ends outside quotes */
        in.alive = !(out.alive = !out.inside);
    if (in.alive != out.alive)
        return in.alive != shifted;
    return quotes_odd_before(bytes, quote, at);
}

static int64_t csv_next(Bytes *bytes, const LoadFormat *format, int64_t at, bool inside)
{
    while (at < bytes->size)
    {
        if (inside)
        {
            at = bytes_seek(bytes, at, bytes->size, format->quote) + 1;
            inside = false;
            continue;
        }
        /* bounded looks: the next newline is near, the next quote may be far */
        int64_t newline = bytes_seek(bytes, at, bytes->size, '\n');
        int64_t quote = bytes_seek(bytes, at, newline, format->quote);
        if (quote == newline)
            return newline < bytes->size ? newline + 1 : bytes->size;
        at = quote + 1;
        inside = true;
    }
    return bytes->size;
}

/* ---- both ---- */

/* End of the first `lines` records. */
static int64_t header_end(Bytes *bytes, const LoadFormat *format)
{
    int64_t at = 0;
    for (int32_t i = 0; i < format->ignore_header && at < bytes->size; i++)
        at = format->kind == LOAD_CSV ? csv_next(bytes, format, at, false) : delimited_next(bytes, format, at);
    return at;
}

Error *load_boundary_find(int fd, const char *path, const LoadFormat *format, int64_t size, int64_t at, int64_t *start)
{
    Bytes bytes;
    ASSERT(at >= 0 && at <= size);
    TRY(bytes_open(&bytes, fd, path, size));
    int64_t header = header_end(&bytes, format);
    /* the byte before may be the newline that makes `at` a boundary */
    if (at == 0 || at == size)
        *start = at;
    else if (format->kind == LOAD_CSV)
        *start = csv_next(&bytes, format, at - 1, csv_inside(&bytes, format, at - 1));
    else
        *start = delimited_next(&bytes, format, at - 1);
    if (*start < header)
        *start = header;
    free(bytes.piece);
    return bytes.error;
}

Error *load_lines_count(int fd, const char *path, int64_t from, int64_t to, int64_t *lines)
{
    Bytes bytes;
    *lines = 0;
    TRY(bytes_open(&bytes, fd, path, to));
    for (int64_t at = from; at < to && bytes_have(&bytes, at);)
    {
        int64_t end = bytes.from + (int64_t) bytes.length;
        end = end < to ? end : to;
        *lines += load_newlines(bytes.piece + (at - bytes.from), (size_t) (end - at));
        at = end;
    }
    free(bytes.piece);
    return bytes.error;
}
