/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that can lose its power at any moment.  What the program does below one directory (a real one, on a file system in
 * memory) is written down, call by call; of any moment of the past can then be said what stood on the disk:
 *
 *     write A  name x  write B  sync A  | crash here:  A is there; x and each sector of B are there or not
 *
 * Bytes are durable once their file was synced, names once their directory was; whatever is not comes or goes by itself, a
 * write by its sectors of 512 bytes.  A rename is all or nothing.  (No real file system forgets as much.)
 */
#ifndef TESTS_FAULTS_SIM_DISK_H
#define TESTS_FAULTS_SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers at random, from a seed alone. */
typedef struct Dice
{
    uint64_t state;
} Dice;
uint64_t dice_bits(Dice *dice);
int32_t dice_below(Dice *dice, int32_t end); /* 0..end - 1 */
static inline bool dice_one_in(Dice *dice, int32_t n)
{
    return dice_below(dice, n) == 0;
}

/* Begins with an empty directory, made below `base`, which stands on a file system that nothing else is counted on. */
void disk_begin(const char *base);
void disk_end(void);
/* Where it stands now: another one after each crash.  Valid until then. */
const char *disk_root(void);
/* All that is there is durable from here on. */
void disk_settle(void);
/* Another disk, as it was when settled last. */
void disk_reset(void);
/* How many calls there have been. */
int32_t disk_calls(void);

typedef enum Crash
{
    CRASH_KILL,       /* of the programs: the system still knows all that it was told */
    CRASH_CUT,        /* of the power: what is not durable is there or not */
    CRASH_FORGETFUL,  /* nothing of it is there */
    CRASH_KINDS
} Crash;
/* The disk after a crash when the first `calls` calls had been made. */
void disk_crash(Dice *dice, Crash crash, int32_t calls);

#endif
