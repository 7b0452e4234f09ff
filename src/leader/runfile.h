/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/run/leader: where the running warehouse is, "address port pid host"; there while it accepts connections. */
#ifndef SRC_LEADER_RUNFILE_H
#define SRC_LEADER_RUNFILE_H

#include "base/core/text.h"

typedef struct RunFile
{
    char *address;
    int32_t port;
    int64_t pid;
    char *host;
} RunFile;

/* Also DIR/run/port, the number alone, for scripts. */
Error *runfile_write(Arena *arena, const char *directory, const char *address, int32_t port, bool tls) MUST_USE;
void runfile_remove(Arena *arena, const char *directory);
bool runfile_read(Arena *arena, const char *directory, RunFile *out); /* false: not there */

#endif
