/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of exchanges.  Those of the usual size are kept for reuse: fresh
 * memory of 256 KB would be mapped and faulted in anew each time. */
#include "mpi/room.h"

#include <stdlib.h>
#include <string.h>

static Block *block_allocate(size_t capacity)
{
    size_t size = (sizeof(Block) + capacity + 63) & ~(size_t) 63;
    Block *block = aligned_alloc(64, size);
    if (block == NULL)
        return NULL;
    memset(block, 0, sizeof *block);
    block->buffer.data = block->payload;
    block->buffer.capacity = capacity;
    return block;
}

Block *block_new(World *world, size_t capacity)
{
    Block *block = NULL;
    if (capacity == EXCHANGE_BUFFER_BYTES)
    {
        pthread_mutex_lock(&world->pool_lock);
        block = world->pool;
        if (block != NULL)
        {
            world->pool = block->next;
            world->pool_count--;
        }
        pthread_mutex_unlock(&world->pool_lock);
    }
    if (block == NULL)
        block = block_allocate(capacity);
    if (block == NULL)
        return NULL;
    block->next = NULL;
    block->buffer.length = 0;
    block->buffer.from = LEADER_INDEX;
    block->budgeted = false;
    memset(&block->header, 0, sizeof block->header);
    atomic_store(&block->holds, 1);
    return block;
}

void block_drop(World *world, Block *block)
{
    int32_t before = atomic_fetch_sub(&block->holds, 1);
    ASSERT(before >= 1);
    if (before > 1)
        return;
    if (block->buffer.capacity == EXCHANGE_BUFFER_BYTES)
    {
        pthread_mutex_lock(&world->pool_lock);
        bool keep = world->pool_count < POOL_BLOCKS_MAX;
        if (keep)
        {
            block->next = world->pool;
            world->pool = block;
            world->pool_count++;
        }
        pthread_mutex_unlock(&world->pool_lock);
        if (keep)
            return;
    }
    free(block);
}

void blocks_free(World *world)
{
    while (world->pool != NULL)
    {
        Block *block = world->pool;
        world->pool = block->next;
        free(block);
    }
    world->pool_count = 0;
}

Error *exchange_buffer_new(World *world, size_t capacity, ExchangeBuffer **out)
{
    ASSERT(capacity <= EXCHANGE_BUFFER_BYTES_MAX);
    bool pooled = capacity > 4096 && capacity <= EXCHANGE_BUFFER_BYTES; /* as where it is received */
    Block *block = block_new(world, pooled ? EXCHANGE_BUFFER_BYTES : capacity);
    *out = block == NULL ? NULL : &block->buffer;
    if (block == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "no memory for an exchange buffer of %zu bytes", capacity);
    return NULL;
}

void exchange_buffer_free(World *world, ExchangeBuffer *buffer)
{
    if (buffer != NULL)
        block_drop(world, block_of(buffer));
}
