/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_disk.h"

#include "calls.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define NAME_ROOM 64
#define NOBODY (-1)
#define ROOT 0

typedef enum CallKind
{
    CALL_BYTES,
    CALL_LENGTH,
    CALL_NAME, /* name is node; gone is nobody any more */
    CALL_SYNC
} CallKind;

typedef struct Call
{
    CallKind kind;
    int32_t of; /* the node whose sync makes it durable: the file, the directory of a name */
    int32_t node;
    char name[NAME_ROOM], gone[NAME_ROOM];
    int64_t at, size;
    uint8_t *bytes;
    int32_t durable; /* from the call of that number on */
} Call;

/* A file or directory. */
typedef struct Node
{
    bool directory;
    ino_t inode; /* where the disk stands now; 0: it is not there */
} Node;

/* What a file has, or a directory, while a moment of the past is looked at. */
typedef struct Entry
{
    char name[NAME_ROOM];
    int32_t node;
} Entry;
typedef struct Contents
{
    uint8_t *bytes;
    int64_t size;
    Entry *entries;
    int32_t entry_count;
} Contents;

static struct
{
    char base[200], root[256];
    int32_t turn; /* of the root's name */
    dev_t device;
    bool asleep; /* what is done now is not of the program */
    Call *calls;
    int32_t call_count, call_room;
    Node *nodes;
    int32_t node_count, node_room;
    Call *settled; /* what disk_reset() goes back to */
    int32_t settled_count, settled_nodes;
} disk;

uint64_t dice_bits(Dice *dice) /* splitmix64, Vigna */
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int32_t dice_below(Dice *dice, int32_t end)
{
    return (int32_t) (dice_bits(dice) % (uint64_t) end);
}

/* --- what is written down ------------------------------------------------- */

static Call *call_new(CallKind kind, int32_t of)
{
    if (disk.call_count == disk.call_room)
    {
        disk.call_room = 2 * disk.call_room + 1024;
        disk.calls = realloc(disk.calls, sizeof *disk.calls * (size_t) disk.call_room);
    }
    Call *call = &disk.calls[disk.call_count++];
    *call = (Call){.kind = kind, .of = of, .node = NOBODY, .durable = INT_MAX};
    return call;
}

static int32_t node_new(bool directory, ino_t inode)
{
    if (disk.node_count == disk.node_room)
    {
        disk.node_room = 2 * disk.node_room + 256;
        disk.nodes = realloc(disk.nodes, sizeof *disk.nodes * (size_t) disk.node_room);
    }
    disk.nodes[disk.node_count] = (Node){directory, inode};
    return disk.node_count++;
}

static int32_t node_of(const struct stat *status)
{
    if (disk.asleep || status->st_dev != disk.device)
        return NOBODY;
    int32_t node = disk.node_count - 1;
    while (node >= 0 && disk.nodes[node].inode != status->st_ino)
        node--;
    return node;
}

static int32_t node_of_fd(int fd)
{
    struct stat status;
    return disk.asleep || fstat(fd, &status) != 0 ? NOBODY : node_of(&status);
}

/* The directory of a path, and the name in it. */
static int32_t place_of(const char *path, const char **name)
{
    char above[512];
    struct stat status;
    const char *slash = strrchr(path, '/');
    if (disk.asleep || slash == NULL)
        return NOBODY;
    snprintf(above, sizeof above, "%.*s", (int) (slash - path), path);
    *name = slash + 1;
    return stat(above, &status) == 0 ? node_of(&status) : NOBODY;
}

static void told_wrote(int fd, const void *bytes, size_t count, off_t at)
{
    int32_t node = node_of_fd(fd);
    if (node == NOBODY)
        return;
    Call *call = call_new(CALL_BYTES, node);
    call->at = at;
    call->size = (int64_t) count;
    call->bytes = malloc(count);
    memcpy(call->bytes, bytes, count);
}

static void told_truncated(int fd, off_t length)
{
    int32_t node = node_of_fd(fd);
    if (node != NOBODY)
        call_new(CALL_LENGTH, node)->size = length;
}

static void told_synced(int fd)
{
    int32_t node = node_of_fd(fd), now = disk.call_count;
    if (node == NOBODY)
        return;
    (void) call_new(CALL_SYNC, node);
    for (int32_t i = 0; i < now; i++)
        if (disk.calls[i].of == node && disk.calls[i].durable > now)
            disk.calls[i].durable = now;
}

static void told_named(const char *path)
{
    const char *name;
    struct stat status;
    int32_t directory = place_of(path, &name);
    if (directory == NOBODY || stat(path, &status) != 0)
        return;
    bool second = !S_ISDIR(status.st_mode) && status.st_nlink > 1; /* inodes may be given again */
    int32_t node = second ? node_of(&status) : node_new(S_ISDIR(status.st_mode), status.st_ino);
    Call *call = call_new(CALL_NAME, directory);
    snprintf(call->name, NAME_ROOM, "%s", name);
    call->node = node;
}

static void told_renamed(const char *from, const char *to)
{
    const char *name, *gone;
    struct stat status;
    int32_t directory = place_of(to, &name);
    if (directory == NOBODY || stat(to, &status) != 0)
        return;
    assert(place_of(from, &gone) == directory);
    Call *call = call_new(CALL_NAME, directory);
    snprintf(call->name, NAME_ROOM, "%s", name);
    snprintf(call->gone, NAME_ROOM, "%s", gone);
    call->node = node_of(&status);
}

static void told_unnamed(const char *path)
{
    const char *name;
    int32_t directory = place_of(path, &name);
    if (directory != NOBODY)
        snprintf(call_new(CALL_NAME, directory)->gone, NAME_ROOM, "%s", name);
}

const FileWatch file_watch = {.wrote = told_wrote,
                              .truncated = told_truncated,
                              .synced = told_synced,
                              .named = told_named,
                              .renamed = told_renamed,
                              .unnamed = told_unnamed};

/* --- a moment of the past --------------------------------------------------- */

static void length_set(Contents *file, int64_t size)
{
    if (size > file->size)
    {
        file->bytes = realloc(file->bytes, (size_t) size);
        memset(file->bytes + file->size, 0, (size_t) (size - file->size));
    }
    file->size = size;
}

static void name_set(Contents *directory, const char *name, int32_t node)
{
    int32_t at = 0;
    while (at < directory->entry_count && strcmp(directory->entries[at].name, name) != 0)
        at++;
    if (at == directory->entry_count)
    {
        directory->entries = realloc(directory->entries, sizeof(Entry) * (size_t) (at + 1));
        snprintf(directory->entries[at].name, NAME_ROOM, "%s", name);
        directory->entry_count++;
    }
    directory->entries[at].node = node;
}

typedef struct Forgetting
{
    Dice *dice;
    Crash crash;
    int32_t keeps; /* of four things that are not durable */
} Forgetting;

static bool is_kept(const Forgetting *how, bool durable)
{
    return durable || how->crash == CRASH_KILL || (how->crash == CRASH_CUT && dice_below(how->dice, 4) < how->keeps);
}

static void bytes_apply(Contents *file, const Call *call, const Forgetting *how, bool durable)
{
    for (int64_t at = call->at, next; at < call->at + call->size; at = next)
    {
        next = (at / SECTOR + 1) * SECTOR;
        if (next > call->at + call->size)
            next = call->at + call->size;
        if (!is_kept(how, durable))
            continue;
        if (next > file->size)
            length_set(file, next);
        memcpy(file->bytes + at, call->bytes + (at - call->at), (size_t) (next - at));
    }
}

static void call_apply(Contents *all, const Call *call, const Forgetting *how, int32_t moment)
{
    Contents *of = &all[call->of];
    bool durable = call->durable < moment;
    if (call->kind == CALL_BYTES)
        bytes_apply(of, call, how, durable);
    else if (call->kind == CALL_SYNC || !is_kept(how, durable))
        return;
    else if (call->kind == CALL_LENGTH)
        length_set(of, call->size);
    else
    {
        if (call->name[0] != 0)
            name_set(of, call->name, call->node);
        if (call->gone[0] != 0)
            name_set(of, call->gone, NOBODY);
    }
}

/* --- the real directory ------------------------------------------------------ */

static int entry_remove(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void) status;
    (void) kind;
    (void) where;
    return remove(path);
}

static void root_remove(void)
{
    if (disk.root[0] != 0 && nftw(disk.root, entry_remove, 16, FTW_DEPTH | FTW_PHYS) != 0)
        abort();
}

static void node_build(const Contents *all, int32_t number, const char *path)
{
    Node *node = &disk.nodes[number];
    const Contents *has = &all[number];
    struct stat status;
    if (node->directory && mkdir(path, 0700) != 0)
        abort();
    if (!node->directory)
    {
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || (has->size > 0 && write(fd, has->bytes, (size_t) has->size) != has->size))
            abort();
        close(fd);
    }
    if (stat(path, &status) != 0)
        abort();
    node->inode = status.st_ino;
    for (int32_t i = 0; i < has->entry_count; i++)
    {
        char below[600];
        snprintf(below, sizeof below, "%s/%s", path, has->entries[i].name);
        if (has->entries[i].node != NOBODY)
            node_build(all, has->entries[i].node, below);
    }
}

/* The directory anew, with what `all` says. */
static void root_build(const Contents *all)
{
    struct stat status;
    root_remove();
    snprintf(disk.root, sizeof disk.root, "%s/%d", disk.base, disk.turn++);
    for (int32_t i = 0; i < disk.node_count; i++)
        disk.nodes[i].inode = 0;
    node_build(all, ROOT, disk.root);
    if (stat(disk.root, &status) != 0)
        abort();
    disk.device = status.st_dev;
}

/* --- the past written anew ------------------------------------------------------ */

static void calls_forget(int32_t from)
{
    for (int32_t i = from; i < disk.call_count; i++)
        free(disk.calls[i].bytes);
    disk.call_count = from;
}

static void node_settle(const Contents *all, int32_t number)
{
    const Contents *has = &all[number];
    if (has->size > 0)
    {
        Call *call = call_new(CALL_BYTES, number);
        call->size = has->size;
        call->bytes = malloc((size_t) has->size);
        memcpy(call->bytes, has->bytes, (size_t) has->size);
        call->durable = NOBODY;
    }
    for (int32_t i = 0; i < has->entry_count; i++)
    {
        if (has->entries[i].node == NOBODY)
            continue;
        Call *call = call_new(CALL_NAME, number);
        snprintf(call->name, NAME_ROOM, "%s", has->entries[i].name);
        call->node = has->entries[i].node;
        call->durable = NOBODY;
        node_settle(all, has->entries[i].node);
    }
}

/* After a kill calls stay as durable as they were; after a cut what is there is all there ever was. */
static void past_rewrite(const Contents *all, Crash crash, int32_t moment)
{
    if (crash == CRASH_KILL)
    {
        calls_forget(moment);
        for (int32_t i = 0; i < moment; i++)
            if (disk.calls[i].durable >= moment)
                disk.calls[i].durable = INT_MAX;
        return;
    }
    calls_forget(0);
    node_settle(all, ROOT);
}

void disk_crash(Dice *dice, Crash crash, int32_t moment)
{
    Forgetting how = {dice, crash, 1 + dice_below(dice, 3)};
    Contents *all = calloc((size_t) disk.node_count, sizeof *all);
    disk.asleep = true;
    for (int32_t i = 0; i < moment; i++)
        call_apply(all, &disk.calls[i], &how, moment);
    past_rewrite(all, crash, moment);
    root_build(all);
    for (int32_t i = 0; i < disk.node_count; i++)
    {
        free(all[i].bytes);
        free(all[i].entries);
    }
    free(all);
    disk.asleep = false;
}

static Call *calls_copy(const Call *calls, int32_t count)
{
    Call *copy = malloc(sizeof *copy * (size_t) (count + 1));
    for (int32_t i = 0; i < count; i++)
    {
        copy[i] = calls[i];
        if (calls[i].bytes == NULL)
            continue;
        copy[i].bytes = malloc((size_t) calls[i].size);
        memcpy(copy[i].bytes, calls[i].bytes, (size_t) calls[i].size);
    }
    return copy;
}

void disk_begin(const char *base)
{
    Contents root = {0};
    snprintf(disk.base, sizeof disk.base, "%s", base);
    (void) node_new(true, 0);
    disk.asleep = true;
    root_build(&root);
    disk.asleep = false;
}

void disk_end(void)
{
    disk.asleep = true;
    root_remove();
    calls_forget(0);
    for (int32_t i = 0; i < disk.settled_count; i++)
        free(disk.settled[i].bytes);
    free(disk.settled);
    free(disk.calls);
    free(disk.nodes);
}

const char *disk_root(void)
{
    return disk.root;
}

int32_t disk_calls(void)
{
    return disk.call_count;
}

void disk_settle(void)
{
    Dice none = {0};
    for (int32_t i = 0; i < disk.call_count; i++)
        disk.calls[i].durable = NOBODY;
    disk_crash(&none, CRASH_FORGETFUL, disk.call_count);
    disk.settled = calls_copy(disk.calls, disk.call_count);
    disk.settled_count = disk.call_count;
    disk.settled_nodes = disk.node_count;
}

void disk_reset(void)
{
    Dice none = {0};
    calls_forget(0);
    free(disk.calls);
    disk.calls = calls_copy(disk.settled, disk.settled_count);
    disk.call_count = disk.settled_count;
    disk.call_room = disk.settled_count + 1;
    disk.node_count = disk.settled_nodes;
    disk_crash(&none, CRASH_KILL, disk.call_count);
}
