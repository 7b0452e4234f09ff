/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The word lists of TPC-H (word.def) and the pool of pseudo text that every
 * comment is a piece of.
 */
#ifndef BENCH_GEN_WORDS_H
#define BENCH_GEN_WORDS_H

#include "bench/gen/random.h"

#include <stddef.h>

typedef enum WordList
{
    LIST_ADJECTIVE,
    LIST_ADVERB,
    LIST_AUXILIARY,
    LIST_COLOR,
    LIST_CONTAINER1,
    LIST_CONTAINER2,
    LIST_INSTRUCTION,
    LIST_MODE,
    LIST_NATION,
    LIST_NOUN,
    LIST_NOUN_PHRASE,
    LIST_PREPOSITION,
    LIST_PRIORITY,
    LIST_REGION,
    LIST_SEGMENT,
    LIST_SENTENCE,
    LIST_TERMINATOR,
    LIST_TYPE1,
    LIST_TYPE2,
    LIST_TYPE3,
    LIST_VERB,
    LIST_VERB_PHRASE,
    LIST_COUNT
} WordList;

typedef struct Word
{
    const char *text;
    uint32_t length;
    int32_t weight; /* of NATION: the region's key */
} Word;

/* Reads word.def into lists.  Once, before anything else, by one thread. */
void words_init(void);

int32_t words_count(WordList list);
const Word *words_at(WordList list, int32_t index);
/* A word by weight, or each as likely as the other when all weights are one. */
const Word *words_pick(WordList list, Random *r);

/* Makes length bytes of text by the grammar of clause 4.2.2.14, all threads
 * helping; the same bytes whatever the number of threads.  false: no memory. */
int text_init(size_t length);
void text_free(void);
/* Copies a random piece of least..most bytes to out; returns its length. */
size_t text_put(char *out, int least, int most, Random *r);

#endif
