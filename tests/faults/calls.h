/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's calls that change files, with somebody asked before and told after each: by LD_PRELOAD (shim.c), or in a
 * program of its own (sim_disk.c), whose symbols go before those of every library. */
#ifndef TESTS_FAULTS_CALLS_H
#define TESTS_FAULTS_CALLS_H

#include <stddef.h>
#include <sys/types.h>

typedef struct FileWatch
{
    /* "write" (and truncating), "sync", "rename", "create": 0: it works; -1: half of a write; else an errno.  NULL: all work. */
    int (*verdict)(const char *call, const char *path);
    /* Told of what worked; each may be NULL. */
    void (*wrote)(int fd, const void *bytes, size_t count, off_t at);
    void (*truncated)(int fd, off_t length);
    void (*synced)(int fd);
    void (*named)(const char *path); /* a file or directory that was not there, or a second name */
    void (*renamed)(const char *from, const char *to);
    void (*unnamed)(const char *path);
} FileWatch;

extern const FileWatch file_watch;

#endif
