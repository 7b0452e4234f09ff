/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails when told to: LD_PRELOAD before the C library's calls on files.
 *
 * The file that STOA_SHIM names holds a line "<call> <reason> <text>", read anew before each call: calls of that kind on a file
 * whose path has the text in it fail for the reason.  An empty file: nothing fails.
 *
 *     call      write (and pwrite, truncating, allocating), sync, rename, create
 *     reason    an errno, or "short": half of what was to be written is
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/* 0: it works; -1: half of it; else an errno. */
static int verdict(const char *call, const char *path)
{
    char line[512] = "", told[32] = "", reason[32] = "", text[256] = "";
    const char *control = getenv("STOA_SHIM");
    int before = errno;
    int fd = control == NULL ? -1 : REAL(open)(control, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, line, sizeof line - 1);
    close(fd);
    errno = before;
    if (got <= 0 || sscanf(line, "%31s %31s %255s", told, reason, text) != 3)
        return 0;
    if (strcmp(told, call) != 0 || strstr(path, text) == NULL)
        return 0;
    return strcmp(reason, "short") == 0 ? -1 : (int) strtol(reason, NULL, 10);
}

static int verdict_fd(const char *call, int fd)
{
    char link[64], path[4096];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    errno = before;
    if (got <= 0)
        return 0;
    path[got] = 0;
    return verdict(call, path);
}

/* Takes what is to be written, gives how much of it is; 0: errno says why none. */
static size_t writable(int fd, size_t count)
{
    int reason = verdict_fd("write", fd);
    if (reason > 0)
        errno = reason;
    return reason > 0 ? 0 : reason < 0 && count > 1 ? count / 2 : count;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    size_t may = writable(fd, count);
    return may == 0 && count > 0 ? -1 : REAL(write)(fd, bytes, may);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    size_t may = writable(fd, count);
    return may == 0 && count > 0 ? -1 : REAL(pwrite)(fd, bytes, may, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    size_t may = writable(fd, count);
    return may == 0 && count > 0 ? -1 : REAL(pwrite64)(fd, bytes, may, at);
}

static bool refused(const char *call, int fd)
{
    int reason = verdict_fd(call, fd);
    if (reason > 0)
        errno = reason;
    return reason > 0;
}

int ftruncate(int fd, off_t length)
{
    return refused("write", fd) ? -1 : REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return refused("write", fd) ? -1 : REAL(ftruncate64)(fd, length);
}

int fsync(int fd)
{
    return refused("sync", fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return refused("sync", fd) ? -1 : REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to)
{
    int reason = verdict("rename", to);
    if (reason > 0)
        errno = reason;
    return reason > 0 ? -1 : REAL(rename)(from, to);
}

static int open_checked(const char *path, int flags, mode_t mode, int (*real)(const char *, int, ...))
{
    int reason = (flags & O_CREAT) != 0 && access(path, F_OK) != 0 ? verdict("create", path) : 0;
    if (reason > 0)
        errno = reason;
    return reason > 0 ? -1 : real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_checked(path, flags, mode, REAL(open));
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_checked(path, flags, mode, REAL(open64));
}
