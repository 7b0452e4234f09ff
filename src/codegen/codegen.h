/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a plan to a loadable module.
 *
 *     Plan --codegen_make()--> CodeUnit (C text) --code_cache_get()--> DIR/cache/<key>.t<tier>.so
 *
 * Tier 0 is libtcc in this process (0.3 ms), tier 1 gcc -O3 in a process of low
 * priority, started when a unit is wanted again or its first run is long.  Both
 * compile the same text, so both must give the same answers.
 */
#ifndef SRC_CODEGEN_CODEGEN_H
#define SRC_CODEGEN_CODEGEN_H

#include "src/plan/plan.h"

typedef struct CodeUnit
{
    Text text; /* without rt.h and prelude, which are the same for all units */
} CodeUnit;

/* Writes the unit, fills the spec's parameters and each pipeline's function number. 0A000 for what it
 * cannot express.  *unit NULL: no pipeline needs code. */
Error *codegen_make(Arena *arena, Plan *plan, CodeUnit **unit) MUST_USE;

typedef struct CodeCache CodeCache;

typedef enum CodeTier
{
    TIER_AUTO = -1, /* the best that is ready; tier 0 if none is */
    TIER_INSTANT = 0,
    TIER_OPTIMISED = 1 /* waits for gcc */
} CodeTier;

/* directory: DIR/cache, made if it is not there (0700).  isa: flags of the instruction sets all ranks have,
 * e.g. "-march=x86-64-v4", part of the key.  Starts the background compiler thread. */
Error *code_cache_open(const char *directory, const char *isa, CodeCache **cache) MUST_USE;
void code_cache_close(CodeCache *cache); /* waits for a running gcc (killed), frees */

/* `ready` is told of every unit whose tier 1 has been made: its key and the module's digest.  Called in the compiler
 * thread, under the cache's lock: it must be short and may not ask the cache.  NULL: nobody, and none is being told
 * any more when the function returns. */
typedef void CodeReady(void *context, const char *key, const uint8_t digest[16]);
void code_cache_listen(CodeCache *cache, CodeReady *ready, void *context);

/* Makes sure the unit's module is on disk and writes its name, tier and digest into the spec.
 * keep_source: leaves the whole text beside it as <key>.c (SET stoa.keep_code).
 * Thread-safe. XX000 if the compiler refuses our own text. */
Error *code_cache_get(CodeCache *cache, const CodeUnit *unit, CodeTier tier, bool keep_source, Spec *spec) MUST_USE;
/* The query that code_cache_get() was for has ended: if it was the unit's first and too short to want tier 1, none is made. */
void code_cache_done(CodeCache *cache, const Spec *spec);

/* -march flag for this machine: x86-64-v4, -v3, -v2 or "" by cpuid; ranks take the least. */
const char *code_isa(void);

#endif
