/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails when told to: LD_PRELOAD before the C library's calls on files (calls.c).
 *
 * The file that STOA_SHIM names holds a line "<call> <reason> <text>", read anew before each call: calls of that kind on a file
 * whose path has the text in it fail for the reason.  An empty file: nothing fails.
 *
 *     call      write (and pwrite, truncating, allocating), sync, rename, create
 *     reason    an errno, or "short": half of what was to be written is
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int verdict(const char *call, const char *path)
{
    char line[512] = "", told[32] = "", reason[32] = "", text[256] = "";
    const char *control = getenv("STOA_SHIM");
    int before = errno;
    int fd = control == NULL ? -1 : open(control, O_RDONLY | O_CLOEXEC);
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

const FileWatch file_watch = {.verdict = verdict};
