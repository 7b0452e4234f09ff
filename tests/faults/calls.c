/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define TELL(what, ...)                                                                                            \
    do                                                                                                             \
        if (file_watch.what != NULL)                                                                               \
            file_watch.what(__VA_ARGS__);                                                                          \
    while (0)

static int verdict_path(const char *call, const char *path)
{
    return file_watch.verdict == NULL ? 0 : file_watch.verdict(call, path);
}

static int verdict_fd(const char *call, int fd)
{
    char link[64], path[4096];
    int before = errno;
    if (file_watch.verdict == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    errno = before;
    if (got <= 0)
        return 0;
    path[got] = 0;
    return file_watch.verdict(call, path);
}

/* Takes what is to be written, gives how much of it is; 0: errno says why none. */
static size_t writable(int fd, size_t count)
{
    int reason = verdict_fd("write", fd);
    if (reason > 0)
        errno = reason;
    return reason > 0 ? 0 : reason < 0 && count > 1 ? count / 2 : count;
}

static bool refused(int reason)
{
    if (reason > 0)
        errno = reason;
    return reason > 0;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    size_t may = writable(fd, count);
    ssize_t done = may == 0 && count > 0 ? -1 : REAL(write)(fd, bytes, may);
    if (done > 0 && file_watch.wrote != NULL)
    {
        off_t end = lseek(fd, 0, SEEK_CUR);
        if (end >= done)
            file_watch.wrote(fd, bytes, (size_t) done, end - done);
    }
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    size_t may = writable(fd, count);
    ssize_t done = may == 0 && count > 0 ? -1 : REAL(pwrite)(fd, bytes, may, at);
    if (done > 0)
        TELL(wrote, fd, bytes, (size_t) done, at);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    size_t may = writable(fd, count);
    ssize_t done = may == 0 && count > 0 ? -1 : REAL(pwrite64)(fd, bytes, may, at);
    if (done > 0)
        TELL(wrote, fd, bytes, (size_t) done, at);
    return done;
}

static int truncate_told(int fd, off_t length, int result)
{
    if (result == 0)
        TELL(truncated, fd, length);
    return result;
}

int ftruncate(int fd, off_t length)
{
    return refused(verdict_fd("write", fd)) ? -1 : truncate_told(fd, length, REAL(ftruncate)(fd, length));
}

int ftruncate64(int fd, off64_t length)
{
    return refused(verdict_fd("write", fd)) ? -1 : truncate_told(fd, length, REAL(ftruncate64)(fd, length));
}

static int sync_told(int fd, int result)
{
    if (result == 0)
        TELL(synced, fd);
    return result;
}

int fsync(int fd)
{
    return refused(verdict_fd("sync", fd)) ? -1 : sync_told(fd, REAL(fsync)(fd));
}

int fdatasync(int fd)
{
    return refused(verdict_fd("sync", fd)) ? -1 : sync_told(fd, REAL(fdatasync)(fd));
}

int rename(const char *from, const char *to)
{
    int result = refused(verdict_path("rename", to)) ? -1 : REAL(rename)(from, to);
    if (result == 0)
        TELL(renamed, from, to);
    return result;
}

static int name_told(const char *path, int result)
{
    if (result == 0)
        TELL(named, path);
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    return name_told(path, REAL(mkdir)(path, mode));
}

int link(const char *from, const char *to)
{
    return name_told(to, REAL(link)(from, to));
}

static int unnamed_told(const char *path, int result)
{
    if (result == 0)
        TELL(unnamed, path);
    return result;
}

int unlink(const char *path)
{
    return unnamed_told(path, REAL(unlink)(path));
}

int rmdir(const char *path)
{
    return unnamed_told(path, REAL(rmdir)(path));
}

static int open_checked(const char *path, int flags, mode_t mode, int (*real)(const char *, int, ...))
{
    int before = errno;
    bool creates = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    errno = before;
    if (refused(creates ? verdict_path("create", path) : 0))
        return -1;
    int fd = real(path, flags, mode);
    if (fd >= 0 && creates)
        TELL(named, path);
    else if (fd >= 0 && (flags & O_TRUNC) != 0)
        TELL(truncated, fd, 0);
    return fd;
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
