/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/module.h"

#include "base/core/assert.h"

#include <ctype.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define NAME_BYTES       64
#define MODULE_BYTES_MAX ((off_t) 64 * 1024 * 1024)

struct Module
{
    Module *next;
    char name[NAME_BYTES]; /* key and tier */
    void *handle;
    const RtModule *table;
    int32_t holders;
    uint64_t used; /* clock of the last use */
};

struct ModuleCache
{
    char *directory;
    int32_t loaded_max;
    int32_t loaded;
    uint64_t clock;
    pthread_mutex_t lock;
    Module *modules;
};

ModuleCache *module_cache_new(const char *directory, int32_t loaded_max)
{
    ModuleCache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL && loaded_max > 0);
    cache->directory = strdup(directory);
    ASSERT(cache->directory != NULL);
    cache->loaded_max = loaded_max;
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void module_unload(Module *module)
{
    ASSERT(module->holders == 0);
    dlclose(module->handle);
    free(module);
}

void module_cache_free(ModuleCache *cache)
{
    if (cache == NULL)
        return;
    while (cache->modules != NULL)
    {
        Module *module = cache->modules;
        cache->modules = module->next;
        module_unload(module);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache->directory);
    free(cache);
}

static Error *digest_check(const char *path, const char *name, const uint8_t digest[16])
{
    static const uint8_t none[16];
    if (memcmp(digest, none, 16) == 0)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size > MODULE_BYTES_MAX)
    {
        if (fd >= 0)
            close(fd);
        return error_new(SQLSTATE_UNDEFINED_FILE, "generated code \"%s\" cannot be read", name);
    }
    size_t size = (size_t) info.st_size, have = 0;
    uint8_t *bytes = malloc(size + 1);
    ASSERT(bytes != NULL);
    for (ssize_t n; have < size && (n = read(fd, bytes + have, size - have)) > 0;)
        have += (size_t) n;
    close(fd);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, have));
    free(bytes);
    if (have != size || memcmp(canonical.digest, digest, 16) != 0)
        return error_new(SQLSTATE_DATA_CORRUPTED, "generated code \"%s\" is damaged", name);
    return NULL;
}

static Error *module_open(ModuleCache *cache, const char *name, const uint8_t digest[16], Module **out)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/cache/%s.so", cache->directory, name);
    if (n < 0 || (size_t) n >= sizeof path)
        return error_new(SQLSTATE_IO_ERROR, "path of generated code \"%s\" is too long", name);
    if (access(path, R_OK) != 0)
        return error_new(SQLSTATE_UNDEFINED_FILE, "generated code \"%s\" is not there", name);
    TRY(digest_check(path, name, digest));
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return error_new(SQLSTATE_INTERNAL_ERROR, "generated code \"%s\" cannot be loaded: %s", name, dlerror());
    const RtModule *table = dlsym(handle, "stoa_module");
    if (table == NULL || table->abi != RT_ABI || table->pipeline_count < 0)
    {
        dlclose(handle);
        return error_new(SQLSTATE_INTERNAL_ERROR, "generated code \"%s\" is of another version of Stoa", name);
    }
    Module *module = calloc(1, sizeof *module);
    ASSERT(module != NULL);
    snprintf(module->name, sizeof module->name, "%s", name);
    module->handle = handle;
    module->table = table;
    *out = module;
    return NULL;
}

/* Unloads the idle module that was not used for the longest time, if there are too many. */
static void cache_shrink(ModuleCache *cache)
{
    while (cache->loaded > cache->loaded_max)
    {
        Module **oldest = NULL;
        for (Module **at = &cache->modules; *at != NULL; at = &(*at)->next)
            if ((*at)->holders == 0 && (oldest == NULL || (*at)->used < (*oldest)->used))
                oldest = at;
        if (oldest == NULL)
            return;
        Module *module = *oldest;
        *oldest = module->next;
        module_unload(module);
        cache->loaded--;
    }
}

static Error *module_get(ModuleCache *cache, const char *name, const uint8_t digest[16], Module **out)
{
    for (Module *module = cache->modules; module != NULL; module = module->next)
    {
        if (strcmp(module->name, name) == 0)
        {
            *out = module;
            return NULL;
        }
    }
    TRY(module_open(cache, name, digest, out));
    (*out)->next = cache->modules;
    cache->modules = *out;
    cache->loaded++;
    return NULL;
}

Error *module_load(ModuleCache *cache, const char *key, int32_t tier, const uint8_t digest[16], Module **out)
{
    char name[NAME_BYTES];
    *out = NULL;
    for (const char *c = key; *c != 0; c++)
        if (!isxdigit((unsigned char) *c) && *c != '-')
            return error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "key of generated code is malformed");
    int n = snprintf(name, sizeof name, "%s.t%d", key, tier);
    if (n < 4 || (size_t) n >= sizeof name)
        return error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "key of generated code is malformed");
    pthread_mutex_lock(&cache->lock);
    Error *error = module_get(cache, name, digest, out);
    if (error == NULL)
    {
        (*out)->holders++;
        (*out)->used = ++cache->clock;
        cache_shrink(cache);
    }
    pthread_mutex_unlock(&cache->lock);
    return error;
}

const RtModule *module_table(const Module *module)
{
    return module->table;
}

void module_release(ModuleCache *cache, Module *module)
{
    if (module == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    ASSERT(module->holders > 0);
    module->holders--;
    cache_shrink(cache);
    pthread_mutex_unlock(&cache->lock);
}
