/* SPDX-License-Identifier: Apache-2.0 */
/* A line is put together on the stack and written with one write(2), so lines of
 * ranks and threads that share a file never mix (O_APPEND). */
#include "base/core/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 4096

/* The log is the process's, as stderr is. */
static atomic_int trace_fd = STDERR_FILENO;
static atomic_int trace_least = TRACE_LOG;
static atomic_int trace_rank = -1;

Error *trace_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not open log file \"%s\": %s", path, strerror(errno));
    int before = atomic_exchange(&trace_fd, fd);
    if (before != STDERR_FILENO)
        close(before);
    return NULL;
}

void trace_set(TraceLevel least, int rank)
{
    atomic_store(&trace_least, (int) least);
    atomic_store(&trace_rank, rank);
}

static size_t put_head(char *line, size_t room, TraceLevel level)
{
    static const char *const names[] = {"DEBUG", "LOG", "WARNING", "ERROR"};
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    int length =
        snprintf(line, room, "%04d-%02d-%02d %02d:%02d:%02d.%03d UTC [%d] ", utc.tm_year + 1900, utc.tm_mon + 1,
                 utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int) (now.tv_nsec / 1000000), (int) getpid());
    int rank = atomic_load(&trace_rank);
    if (rank >= 0)
        length += snprintf(line + length, room - (size_t) length, "rank %d ", rank);
    length += snprintf(line + length, room - (size_t) length, "%s:  ", names[level]);
    return (size_t) length;
}

void trace(TraceLevel level, const char *format, ...)
{
    if ((int) level < atomic_load(&trace_least))
        return;
    int saved_errno = errno;
    char line[LINE_BYTES_MAX];
    size_t length = put_head(line, sizeof line - 1, level);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + length, sizeof line - 1 - length, format, args);
    va_end(args);
    if (more > 0)
        length += (size_t) more;
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    /* A log that cannot be written must not stop the warehouse. */
    if (write(atomic_load(&trace_fd), line, length) < 0)
        errno = saved_errno;
    errno = saved_errno;
}

int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
