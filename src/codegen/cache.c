/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code cache: DIR/cache/<key>.t<tier>.so.  The key is the XXH3-128 of all
 * that decides the code: prelude, unit text, instruction sets, compiler, ABI.
 * So a file never changes its meaning, survives restarts, and is shared by all
 * ranks through the warehouse's directory.
 *
 *     wanted -> is <key>.t1.so there?  use it
 *               is <key>.t0.so there?  use it, and have tier 1 made in the background
 *               neither: make tier 0 now, and tier 1 if the query still runs after 0.1 s
 */
#include "base/core/assert.h"
#include "base/core/map.h"
#include "base/core/trace.h"
#include "src/codegen/cache_files.h"
#include "src/codegen/codegen.h"
#include "src/codegen/compile.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#ifndef STOA_TIER1_CC
#define STOA_TIER1_CC "gcc"
#endif

#define KEY_BYTES 33
#define LONG_US 100000 /* a unit's first run that takes longer is worth tier 1 */
#define QUEUE_MAX 64 /* units waiting for tier 1; more are asked for again later */
#define PATH_BYTES 4096
#define FILES_MAX 8192 /* of DIR/cache; pruned at opening and after so many modules more have been made */
#define FILES_MORE 1024
#define LOOK_US (10 * 60 * 1000000LL) /* after this a unit's files are marked as used again, or found gone */

typedef struct CodeEntry
{
    char key[KEY_BYTES];
    bool ready[2];
    bool queued;
    bool refused; /* tier 1 failed once: not tried again */
    int64_t looked_us; /* on clock_us() */
    uint8_t digest[2][16];
} CodeEntry;

typedef struct CodeJob
{
    CodeEntry *entry;
    int64_t due_us; /* on clock_us(): not before */
    char *source; /* malloc */
} CodeJob;

struct CodeCache
{
    Arena *arena;
    char *directory;
    char *drafts; /* of this job, in the directory */
    char *isa;
    int64_t made; /* modules since the last pruning */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    Map *entries;
    CodeJob queue[QUEUE_MAX];
    int32_t queue_count;
    bool stopping;
    CodeReady *ready;
    void *ready_context;
    _Atomic int process; /* of the running tier-1 compiler */
};

const char *code_isa(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd"))
        return "-march=x86-64-v4";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
        return "-march=x86-64-v3";
    if (__builtin_cpu_supports("sse4.2"))
        return "-march=x86-64-v2";
#endif
    return "";
}

static void entry_path(const CodeCache *cache, const CodeEntry *entry, int32_t tier, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s.t%d.so", cache->directory, entry->key, tier);
}

/* Digest of the file, false if there is none. */
static bool digest_file(const char *path, uint8_t digest[16])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return false;
    bool there = fstat(fd, &status) == 0 && status.st_size > 0;
    void *bytes = there ? malloc((size_t) status.st_size) : NULL;
    there = bytes != NULL && read(fd, bytes, (size_t) status.st_size) == status.st_size;
    if (there)
    {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, (size_t) status.st_size));
        memcpy(digest, canonical.digest, 16);
    }
    free(bytes);
    close(fd);
    return there;
}

static void draft_path(const CodeCache *cache, const CodeEntry *entry, int32_t tier, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s.t%d.so", cache->drafts, entry->key, tier);
}

static void entry_look(const CodeCache *cache, CodeEntry *entry, int32_t tier)
{
    char path[PATH_BYTES];
    entry_path(cache, entry, tier, path);
    entry->ready[tier] = digest_file(path, entry->digest[tier]);
    if (entry->ready[tier])
        cache_file_used(path);
}

static char *whole_source(const CodeUnit *unit)
{
    size_t prelude = strlen(codegen_prelude);
    char *source = malloc(prelude + unit->text.length + 1);
    if (source == NULL)
        return NULL;
    memcpy(source, codegen_prelude, prelude);
    memcpy(source + prelude, unit->text.data, unit->text.length + 1);
    return source;
}

static void unit_key(const CodeCache *cache, const char *source, char key[KEY_BYTES])
{
    XXH3_state_t *state = XXH3_createState();
    ASSERT(state != NULL);
    static const char compilers[] = STOA_TIER1_CC " " __VERSION__ " -O3";
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, compilers, sizeof compilers);
    XXH3_128bits_update(state, cache->isa, strlen(cache->isa) + 1);
    XXH3_128bits_update(state, source, strlen(source));
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    XXH3_freeState(state);
    for (int32_t k = 0; k < 16; k++)
        snprintf(key + 2 * k, 3, "%02x", canonical.digest[k]);
}

/* Under the lock. Takes `source` over. */
static void enqueue(CodeCache *cache, CodeEntry *entry, char *source, int64_t due_us)
{
    for (int32_t k = 0; k < cache->queue_count; k++)
        if (cache->queue[k].entry == entry && due_us < cache->queue[k].due_us)
            cache->queue[k].due_us = due_us;
    pthread_cond_signal(&cache->wake);
    if (entry->queued || entry->refused || entry->ready[1] || cache->queue_count == QUEUE_MAX)
    {
        free(source);
        return;
    }
    entry->queued = true;
    cache->queue[cache->queue_count++] = (CodeJob){entry, due_us, source};
}

/* Under the lock. */
static CodeJob queue_take(CodeCache *cache, int32_t k)
{
    CodeJob job = cache->queue[k];
    cache->queue_count--;
    memmove(cache->queue + k, cache->queue + k + 1, sizeof(CodeJob) * (size_t) (cache->queue_count - k));
    return job;
}

/* Under the lock; sleeps until a job is due.  False: the end. */
static bool queue_wait(CodeCache *cache, CodeJob *job)
{
    while (!cache->stopping)
    {
        int32_t first = -1;
        for (int32_t k = 0; k < cache->queue_count; k++)
            if (first < 0 || cache->queue[k].due_us < cache->queue[first].due_us)
                first = k;
        int64_t wait_us = first < 0 ? 0 : cache->queue[first].due_us - clock_us();
        if (first >= 0 && wait_us <= 0)
        {
            *job = queue_take(cache, first);
            return true;
        }
        if (first < 0)
        {
            pthread_cond_wait(&cache->wake, &cache->lock);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        int64_t ns = until.tv_nsec + wait_us % 1000000 * 1000;
        until.tv_sec += (time_t) (wait_us / 1000000 + ns / 1000000000);
        until.tv_nsec = (long) (ns % 1000000000);
        pthread_cond_timedwait(&cache->wake, &cache->lock, &until);
    }
    return false;
}

void code_cache_done(CodeCache *cache, const Spec *spec)
{
    pthread_mutex_lock(&cache->lock);
    for (int32_t k = 0; k < cache->queue_count; k++)
    {
        CodeJob *job = &cache->queue[k];
        if (strcmp(job->entry->key, spec->module) != 0 || job->due_us <= clock_us())
            continue;
        job->entry->queued = false;
        free(job->source);
        queue_take(cache, k);
        break;
    }
    pthread_mutex_unlock(&cache->lock);
}

static Error *optimise(CodeCache *cache, const CodeEntry *entry, int32_t tier, const char *source, const char *level)
{
    char path[PATH_BYTES], draft[PATH_BYTES];
    entry_path(cache, entry, tier, path);
    draft_path(cache, entry, tier, draft);
    return compile_optimised(source, draft, path, level, cache->isa, &cache->process);
}

static void *background(void *argument)
{
    CodeCache *cache = argument;
    CodeJob job;
    pthread_mutex_lock(&cache->lock);
    while (queue_wait(cache, &job))
    {
        pthread_mutex_unlock(&cache->lock);
        Error *error = optimise(cache, job.entry, 1, job.source, "-O3");
        free(job.source);
        pthread_mutex_lock(&cache->lock);
        job.entry->queued = false;
        job.entry->refused = error != NULL;
        if (error != NULL && !cache->stopping)
            trace(TRACE_WARNING, "tier 1: %s", error->message);
        error_free(error);
        entry_look(cache, job.entry, 1);
        if (job.entry->ready[1] && cache->ready != NULL)
            cache->ready(cache->ready_context, job.entry->key, job.entry->digest[1]);
    }
    pthread_mutex_unlock(&cache->lock);
    return NULL;
}

void code_cache_listen(CodeCache *cache, CodeReady *ready, void *context)
{
    pthread_mutex_lock(&cache->lock);
    cache->ready = ready;
    cache->ready_context = context;
    pthread_mutex_unlock(&cache->lock);
}

Error *code_cache_open(const char *directory, const char *isa, CodeCache **out)
{
    Arena *arena = arena_new("code cache");
    char *drafts;
    Error *error = cache_files_open(arena, directory, &drafts);
    if (error != NULL)
    {
        arena_free(arena);
        return error;
    }
    (void) cache_files_prune(directory, FILES_MAX);
    CodeCache *cache = ARENA_NEW(arena, CodeCache);
    cache->drafts = drafts;
    cache->arena = arena;
    cache->directory = arena_strdup(arena, directory);
    cache->isa = arena_strdup(arena, isa);
    cache->entries = map_new(arena);
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->wake, NULL);
    int failure = pthread_create(&cache->thread, NULL, background, cache);
    if (failure != 0)
    {
        cache_files_close(drafts);
        arena_free(arena);
        return error_new(SQLSTATE_INTERNAL_ERROR, "could not start the compiler thread: %s", strerror(failure));
    }
    *out = cache;
    return NULL;
}

void code_cache_close(CodeCache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    cache->stopping = true;
    pthread_cond_signal(&cache->wake);
    pthread_mutex_unlock(&cache->lock);
    int process = cache->process;
    if (process > 0)
        kill(process, SIGKILL);
    pthread_join(cache->thread, NULL);
    cache_files_close(cache->drafts);
    for (int32_t k = 0; k < cache->queue_count; k++)
        free(cache->queue[k].source);
    pthread_cond_destroy(&cache->wake);
    pthread_mutex_destroy(&cache->lock);
    arena_free(cache->arena);
}

/* Under the lock. The entry of a key; its files are looked for once, and again when they may have been pruned. */
static CodeEntry *find_entry(CodeCache *cache, const char *key, bool *seen)
{
    CodeEntry *entry = map_get(cache->entries, key);
    *seen = entry != NULL;
    if (entry == NULL)
    {
        entry = ARENA_NEW(cache->arena, CodeEntry);
        memcpy(entry->key, key, KEY_BYTES);
        map_put(cache->entries, entry->key, entry);
    }
    int64_t now_us = clock_us();
    if (!*seen || now_us - entry->looked_us > LOOK_US)
    {
        entry_look(cache, entry, 0);
        entry_look(cache, entry, 1);
        entry->looked_us = now_us;
        *seen = *seen || entry->ready[0];
    }
    return entry;
}

/* Under the lock. Has the module of `tier` made now, if it is not there. */
static Error *make_now(CodeCache *cache, CodeEntry *entry, int32_t tier, const char *source)
{
    if (entry->ready[tier])
        return NULL;
    if (++cache->made > FILES_MORE)
    {
        (void) cache_files_prune(cache->directory, FILES_MAX);
        cache->made = 0;
    }
    if (tier == 0 && compile_instant_available())
    {
        char path[PATH_BYTES], draft[PATH_BYTES];
        entry_path(cache, entry, 0, path);
        draft_path(cache, entry, 0, draft);
        TRY(compile_instant(source, draft, path));
    }
    else
        TRY(optimise(cache, entry, tier, source, tier == 0 ? "-O1" : "-O3"));
    entry_look(cache, entry, tier);
    if (!entry->ready[tier])
        return error_new(SQLSTATE_IO_ERROR, "compiled code is not where it was written, in \"%s\"", cache->directory);
    return NULL;
}

static Error *leave_source(const CodeCache *cache, const CodeEntry *entry, const char *source)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s.c", cache->directory, entry->key);
    return code_write_source(source, path);
}

Error *code_cache_get(CodeCache *cache, const CodeUnit *unit, CodeTier tier, bool keep_source, Spec *spec)
{
    char *source = whole_source(unit);
    if (source == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for generated code");
    char key[KEY_BYTES];
    unit_key(cache, source, key);
    pthread_mutex_lock(&cache->lock);
    bool seen;
    CodeEntry *entry = find_entry(cache, key, &seen);
    int32_t use = tier == TIER_INSTANT ? 0 : tier == TIER_OPTIMISED || entry->ready[1] ? 1 : 0;
    spec->module_made = !entry->ready[use];
    Error *error = make_now(cache, entry, use, source);
    if (error == NULL && keep_source)
        error = leave_source(cache, entry, source);
    if (error == NULL)
    {
        memcpy(spec->module, entry->key, KEY_BYTES);
        memcpy(spec->module_digest, entry->digest[use], 16);
        spec->module_tier = use;
    }
    if (error == NULL && tier == TIER_AUTO && use == 0)
        enqueue(cache, entry, source, clock_us() + (seen ? 0 : LONG_US));
    else
        free(source);
    pthread_mutex_unlock(&cache->lock);
    return error;
}
