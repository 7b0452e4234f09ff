/* SPDX-License-Identifier: Apache-2.0 */
#include "src/compute/granted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUPS   "/sys/fs/cgroup"
#define MEGABYTE  (INT64_C(1024) * 1024)
#define PATH_MOST 4096

static int64_t lesser(int64_t all, int64_t granted)
{
    return granted > 0 && granted < all ? granted : all;
}

/* 0: there is no number. */
static int64_t number_in_file(const char *path)
{
    FILE *file = fopen(path, "re");
    long long value = 0;
    if (file == NULL)
        return 0;
    if (fscanf(file, "%lld", &value) != 1)
        value = 0;
    fclose(file);
    return value;
}

/* The limit of a group and of those above it; `group` is cut up. */
static int64_t group_limit(int64_t all, const char *root, char *group, const char *file)
{
    for (;;)
    {
        char path[2 * PATH_MOST];
        snprintf(path, sizeof path, "%s%s/%s", root, group, file);
        all = lesser(all, number_in_file(path));
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return all;
        *slash = 0;
    }
}

/* Lines are "0::/path" (version 2) and "7:memory:/path" (version 1). */
static int64_t cgroup_limit(int64_t all)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MOST];
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
    {
        line[strcspn(line, "\n")] = 0;
        char *names = strchr(line, ':'), *group = names == NULL ? NULL : strchr(names + 1, ':');
        if (group == NULL)
            continue;
        *group++ = 0;
        if (names[1] == 0)
            all = group_limit(all, CGROUPS, group, "memory.max");
        else if (strstr(names + 1, "memory") != NULL)
            all = group_limit(all, CGROUPS "/memory", group, "memory.limit_in_bytes");
    }
    if (file != NULL)
        fclose(file);
    return all;
}

static int64_t megabytes_of(const char *name)
{
    const char *value = getenv(name);
    long long number = value == NULL ? 0 : atoll(value);
    return number > 0 && number < INT64_MAX / MEGABYTE ? number * MEGABYTE : 0;
}

static int64_t slurm_limit(int64_t all)
{
    const char *cpus = getenv("SLURM_CPUS_ON_NODE");
    int64_t count = cpus == NULL ? 0 : atoll(cpus), each = megabytes_of("SLURM_MEM_PER_CPU"), product;
    if (!__builtin_mul_overflow(count, each, &product))
        all = lesser(all, product);
    return lesser(all, megabytes_of("SLURM_MEM_PER_NODE"));
}

int64_t memory_granted(void)
{
    int64_t all = (int64_t) sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    return slurm_limit(cgroup_limit(all));
}
