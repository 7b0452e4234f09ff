/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text by grammar (clause 4.2.2.14):
 *
 *     sentence:     N V T | N V P T | N V N T | N P V N T | N P V P T
 *     noun phrase:  N | J N | J, J N | D J N
 *     verb phrase:  V | X V | V D | X V D
 *     preposition:  P the (noun phrase)
 *
 * A comment is a piece of one long text, as the specification says, so it may begin in the middle of a word.
 */
#include "bench/gen/words.h"

#include <stdlib.h>
#include <string.h>

#define PICK_SLOTS 4096  /* above the sum of weights of any list */
#define TEXT_CHUNK 65536 /* bytes of text made from one counter */
#define SENTENCE_MAX 512 /* longest sentence, with room to spare */

static const struct
{
    WordList list;
    int32_t weight;
    const char *text;
} rows[] = {
#define WORD(list, weight, text) {LIST_##list, weight, text},
#include "bench/gen/word.def"
#undef WORD
};

typedef struct List
{
    Word *words;
    int32_t count;
    int32_t weights;        /* their sum */
    uint16_t *slots; /* weights of them: each word as often as it weighs */
} List;

static Word all_words[sizeof rows / sizeof rows[0]];
static uint16_t all_slots[LIST_COUNT][PICK_SLOTS];
static List lists[LIST_COUNT];
static char *pool;
static size_t pool_length;

void words_init(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
        List *list = &lists[rows[i].list];
        if (list->count == 0)
            *list = (List){.words = &all_words[i], .slots = all_slots[rows[i].list]};
        all_words[i] = (Word){rows[i].text, (uint32_t) strlen(rows[i].text), rows[i].weight};
        int32_t weight = rows[i].list == LIST_NATION ? 1 : rows[i].weight;
        for (int32_t w = 0; w < weight && list->weights < PICK_SLOTS; w++)
            list->slots[list->weights++] = (uint16_t) list->count;
        list->count++;
    }
}

int32_t words_count(WordList list)
{
    return lists[list].count;
}

const Word *words_at(WordList list, int32_t index)
{
    return &lists[list].words[index];
}

const Word *words_pick(WordList list, Random *r)
{
    const List *l = &lists[list];
    return &l->words[l->slots[random_range(r, 0, l->weights - 1)]];
}

static char *put_word(char *out, WordList list, Random *r)
{
    const Word *word = words_pick(list, r);
    memcpy(out, word->text, word->length);
    return out + word->length;
}

/* The letters of a phrase of grammar, each a word and a space after it; a comma sticks to the word before it. */
static char *put_phrase(char *out, WordList grammar, Random *r)
{
    for (const char *p = words_pick(grammar, r)->text; *p != '\0'; p++)
    {
        switch (*p)
        {
        case 'N':
            out = put_word(out, LIST_NOUN, r);
            break;
        case 'V':
            out = put_word(out, LIST_VERB, r);
            break;
        case 'J':
            out = put_word(out, LIST_ADJECTIVE, r);
            break;
        case 'D':
            out = put_word(out, LIST_ADVERB, r);
            break;
        case 'X':
            out = put_word(out, LIST_AUXILIARY, r);
            break;
        default: /* a comma or the space between words */
            *out++ = *p;
        }
    }
    *out++ = ' ';
    return out;
}

static char *put_sentence(char *out, Random *r)
{
    for (const char *p = words_pick(LIST_SENTENCE, r)->text; *p != '\0'; p++)
    {
        switch (*p)
        {
        case 'N':
            out = put_phrase(out, LIST_NOUN_PHRASE, r);
            break;
        case 'V':
            out = put_phrase(out, LIST_VERB_PHRASE, r);
            break;
        case 'P':
            out = put_word(out, LIST_PREPOSITION, r);
            memcpy(out, " the ", 5);
            out = put_phrase(out + 5, LIST_NOUN_PHRASE, r);
            break;
        case 'T':
            out = put_word(out - 1, LIST_TERMINATOR, r); /* over the last space */
            *out++ = ' ';
            break;
        default:
            break;
        }
    }
    return out;
}

static void text_chunk(char *out, size_t length, uint64_t number)
{
    char sentence[SENTENCE_MAX];
    Random r = random_of(0x7e47, number);
    for (size_t done = 0; done < length;)
    {
        size_t size = (size_t) (put_sentence(sentence, &r) - sentence);
        size_t take = size < length - done ? size : length - done;
        memcpy(out + done, sentence, take);
        done += take;
    }
}

int text_init(size_t length)
{
    pool_length = (length + TEXT_CHUNK - 1) / TEXT_CHUNK * TEXT_CHUNK;
    pool = malloc(pool_length);
    if (pool == NULL)
        return 0;
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t i = 0; i < pool_length / TEXT_CHUNK; i++)
        text_chunk(pool + i * TEXT_CHUNK, TEXT_CHUNK, i);
    return 1;
}

void text_free(void)
{
    free(pool);
    pool = NULL;
}

size_t text_put(char *out, int least, int most, Random *r)
{
    size_t length = (size_t) random_range(r, least, most);
    size_t from = (size_t) (random_next(r) % (pool_length - (size_t) most));
    memcpy(out, pool + from, length);
    return length;
}
