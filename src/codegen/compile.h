/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two compilers.  Both turn the text of a unit into a shared library at
 * `path`, written as `draft` on the same file system and renamed, mode 0600.
 */
#ifndef SRC_CODEGEN_COMPILE_H
#define SRC_CODEGEN_COMPILE_H

#include "base/core/text.h"

/* rt.h and prelude.c, as generated code begins with them. */
extern const char codegen_prelude[];

/* Is libtcc built in?  If not, tier 0 is the optimiser at -O1, in the foreground. */
bool compile_instant_available(void);

/* libtcc, in this process, under one lock (it has global state). XX000 with the compiler's words. */
Error *compile_instant(const char *source, const char *draft, const char *path) MUST_USE;

/* The tier-1 compiler as a process of lowest priority: `level` "-O3", isa "-march=..." or "".
 * The text lies beside the draft while it runs.  *process holds its pid while it
 * runs, so that another thread may kill it.  58P01 if there is no compiler; XX000 if it took more than a
 * minute of CPU time or 4 GB. */
Error *compile_optimised(const char *source, const char *draft, const char *path, const char *level, const char *isa,
                         _Atomic int *process) MUST_USE;

/* The text into a file of mode 0600. 58030 if it cannot be written. */
Error *code_write_source(const char *source, const char *path) MUST_USE;

#endif
