/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated code on a rank: DIRECTORY/cache/<key>.t<tier>.so, loaded once and kept.
 * The file name says the content, so a name never means two things (glibc
 * would give the old library again).
 */
#ifndef SRC_RUN_MODULE_H
#define SRC_RUN_MODULE_H

#include "src/run/rt.h"

typedef struct ModuleCache ModuleCache;
typedef struct Module Module;

/* loaded_max: idle ones beyond it are unloaded, least recently used first. */
ModuleCache *module_cache_new(const char *directory, int32_t loaded_max);
void module_cache_free(ModuleCache *cache); /* nothing may be held */

/* key: hex digits and '-' only (55000 otherwise).  digest: 16 bytes, or all zero: not checked.
 * 58P01 if the file is not there, XX001 if it is not what the digest says, XX000 if it speaks another
 * ABI.  Hold it while its code runs.  Thread-safe. */
Error *module_load(ModuleCache *cache, const char *key, int32_t tier, const uint8_t digest[16], Module **out) MUST_USE;
const RtModule *module_table(const Module *module);
void module_release(ModuleCache *cache, Module *module); /* NULL is fine */

#endif
