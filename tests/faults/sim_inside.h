/* SPDX-License-Identifier: Apache-2.0 */
/* The model, for sim_model.c (what should be there, and its lives) and sim_steps.c (what is done to it). */
#ifndef TESTS_FAULTS_SIM_INSIDE_H
#define TESTS_FAULTS_SIM_INSIDE_H

#include "sim_model.h"

#include "sql/catalog/inside.h"
#include "src/leader/leader.h"

#define SLICES 3
#define TABLES 3
#define ROWS_MAX 512 /* of a table; a step that would make more does nothing */
#define COMMITS_MAX 64
#define STEPS 12
#define FILE_ROWS_MAX 24

/* A table: rows are numbers that are never used twice. */
typedef struct TableState
{
    bool exists;
    int32_t count;
    int64_t rows[ROWS_MAX];
} TableState;

typedef struct State
{
    TableState tables[TABLES];
} State;

/* The life's commits: after[0] is what it began with. */
typedef struct Commit
{
    int32_t begun, acknowledged; /* calls of the disk that had been made */
    State after;
} Commit;

struct Model
{
    Dice dice;
    bool verbose;
    char *failure;
    Arena *arena; /* of a life */
    Catalog *catalog;
    Leader leader; /* as much of it as storage asks for */
    SegmentCache *cache;
    int64_t next_row;
    int32_t opened;        /* the disk's calls when the life had been opened first */
    int64_t epoch, number; /* the life's; one that was given at that moment */
    int64_t least_epoch, least_number; /* what the next ones are above */
    int32_t commit_count;
    Commit commits[COMMITS_MAX];
    State now;
    bool may_be_next; /* what comes after a crash may be `next` too, which was on its way */
    bool may_be_still; /* and so it may be if the crash comes before anybody has seen what it was: `before` or `next` */
    State next, before;
    const CatalogSnapshot *held; /* what a reader sees, who goes on */
    State held_state;
};

/* The seed fails, for the first reason that is given. */
void sim_failed(Model *model, const char *format, ...) PRINTF_LIKE(2, 3);
/* False, and the seed fails, with an error. */
bool sim_worked(Model *model, const char *what, Error *error);
void sim_say(const Model *model, const char *format, ...) PRINTF_LIKE(2, 3);

/* What the second column of a row is. */
int64_t sim_word(int64_t row);
char *sim_table_name(Model *model, int32_t number);
/* The live rows of a segment, in their order, and where they stand in it. */
int32_t sim_segment_read(Model *model, const CatalogTable *table, const CatalogSegment *segment, int64_t *rows, uint32_t *at);

/* A transaction at random. */
void sim_transaction(Model *model);

#endif
