/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kernel/body.h"
#include "base/kernel/date_format.h"

#include <string.h>
#include <strings.h>

const char *const month_names[12] = {"JANUARY", "FEBRUARY", "MARCH",     "APRIL",   "MAY",      "JUNE",
                                     "JULY",    "AUGUST",   "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
const char *const day_names[7] = {"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"};

static const struct
{
    const char *name;
    DateWord word;
    int32_t digits;
} words[] = {
    {"A.M.", WORD_HALF_DOTS, 0},
    {"P.M.", WORD_HALF_DOTS, 0},
    {"AM", WORD_HALF, 0},
    {"PM", WORD_HALF, 0},
    {"A.D.", WORD_ERA_DOTS, 0},
    {"B.C.", WORD_ERA_DOTS, 0},
    {"AD", WORD_ERA, 0},
    {"BC", WORD_ERA, 0},
    {"CC", WORD_CENTURY, 2},
    {"DAY", WORD_DAY_NAME, 0},
    {"DDD", WORD_DAY_OF_YEAR, 3},
    {"DD", WORD_DAY, 2},
    {"DY", WORD_DAY_SHORT, 0},
    {"D", WORD_DAY_OF_WEEK, 1},
    {"FF1", WORD_FRACTION, 1},
    {"FF2", WORD_FRACTION, 2},
    {"FF3", WORD_FRACTION, 3},
    {"FF4", WORD_FRACTION, 4},
    {"FF5", WORD_FRACTION, 5},
    {"FF6", WORD_FRACTION, 6},
    {"FX", WORD_EXACT, 0},
    {"HH24", WORD_HOUR24, 2},
    {"HH12", WORD_HOUR12, 2},
    {"HH", WORD_HOUR12, 2},
    {"IDDD", WORD_ISO_DAY_OF_YEAR, 3},
    {"ID", WORD_ISO_DAY_OF_WEEK, 1},
    {"IW", WORD_ISO_WEEK, 2},
    {"IYYY", WORD_ISO_YEAR, 4},
    {"IYY", WORD_ISO_YEAR, 3},
    {"IY", WORD_ISO_YEAR, 2},
    {"I", WORD_ISO_YEAR, 1},
    {"J", WORD_JULIAN, 0},
    {"MI", WORD_MINUTE, 2},
    {"MM", WORD_MONTH, 2},
    {"MONTH", WORD_MONTH_NAME, 0},
    {"MON", WORD_MONTH_SHORT, 0},
    {"MS", WORD_MILLISECOND, 3},
    {"OF", WORD_OFFSET, 0},
    {"Q", WORD_QUARTER, 1},
    {"RM", WORD_ROMAN, 0},
    {"SSSSS", WORD_SECOND_OF_DAY, 0},
    {"SSSS", WORD_SECOND_OF_DAY, 0},
    {"SS", WORD_SECOND, 2},
    {"TZH", WORD_ZONE_HOUR, 0},
    {"TZM", WORD_ZONE_MINUTE, 0},
    {"TZ", WORD_ZONE, 0},
    {"US", WORD_MICROSECOND, 6},
    {"WW", WORD_WEEK, 2},
    {"W", WORD_WEEK_OF_MONTH, 1},
    {"Y,YYY", WORD_YEAR_COMMA, 0},
    {"YYYY", WORD_YEAR, 4},
    {"YYY", WORD_YEAR, 3},
    {"YY", WORD_YEAR, 2},
    {"Y", WORD_YEAR, 1},
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Does `name` stand at `at`, all in capitals, all in small letters, or (a name) with one capital? */
static bool word_here(const char *at, size_t left, const char *name, DateWord word, LetterCase *letters)
{
    size_t length = strlen(name);
    if (length > left || strncasecmp(at, name, length) != 0)
        return false;
    bool upper = true, lower = true, title = !is_lower(*at);
    for (size_t i = 0; i < length; i++)
    {
        bool letter = name[i] >= 'A' && name[i] <= 'Z';
        upper = upper && !(letter && is_lower(at[i]));
        lower = lower && !(letter && !is_lower(at[i]));
        title = title && (i == 0 || is_lower(at[i]));
    }
    bool named = word == WORD_DAY_NAME || word == WORD_DAY_SHORT || word == WORD_MONTH_NAME || word == WORD_MONTH_SHORT;
    *letters = upper ? CASE_UPPER : lower ? CASE_LOWER : CASE_TITLE;
    return upper || lower || (named && title);
}

static bool find_word(DateReader *reader, DateToken *token)
{
    size_t left = (size_t) (reader->end - reader->at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_here(reader->at, left, words[i].name, words[i].word, &token->letters))
        {
            token->word = words[i].word;
            token->digits = words[i].digits;
            reader->at += strlen(words[i].name);
            return true;
        }
    return false;
}

static bool prefix_here(const DateReader *reader, const char *prefix)
{
    return reader->end - reader->at > 2 && strncasecmp(reader->at, prefix, 2) == 0;
}

DateToken date_token_next(DateReader *reader)
{
    DateToken token = {.word = WORD_END};
    while (reader->at < reader->end && *reader->at == '"')
    {
        reader->quoted = !reader->quoted;
        reader->at++;
    }
    if (reader->at >= reader->end)
        return token;
    if (!reader->quoted)
    {
        for (bool more = true; more;)
        {
            bool names = prefix_here(reader, "TM") && !prefix_here(reader, "TMZ");
            more = prefix_here(reader, "FM") || names;
            token.fill = token.fill || more;
            reader->at += more ? 2 : 0;
        }
        if (find_word(reader, &token))
        {
            if (reader->end - reader->at >= 2 && strncasecmp(reader->at, "TH", 2) == 0)
            {
                token.ordinal = is_lower(*reader->at) ? 't' : 'T';
                reader->at += 2;
            }
            return token;
        }
    }
    if (*reader->at == '\\' && reader->end - reader->at > 1 && (reader->quoted || reader->at[1] == '"'))
        reader->at++;
    unsigned char c = (unsigned char) *reader->at;
    bool letter = (c >= 'A' && c <= 'Z') || is_lower((char) c) || (c >= '0' && c <= '9');
    token.word = reader->quoted || letter || c >= 0x80 ? WORD_LITERAL : WORD_SEPARATOR;
    int64_t bytes = char_bytes(*reader->at);
    if (bytes > reader->end - reader->at)
        bytes = reader->end - reader->at;
    token.literal = (Str){reader->at, bytes};
    reader->at += bytes;
    return token;
}
