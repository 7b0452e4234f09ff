/* SPDX-License-Identifier: Apache-2.0 */
/* COPY FROM STDIN: chunks as the client sends them. */
#include "base/core/assert.h"
#include "src/load/record.h"

#include <stdlib.h>
#include <string.h>

struct LoadStream
{
    LoadParser parser;
    int32_t header_left;
    Error *error; /* of a feed, told by the next load_stream_next */
};

Error *load_stream_open(const LoadPlan *plan, const RowLayout *layout, LoadRejects *rejects, LoadStream **out)
{
    *out = NULL;
    if (plan->format->compression != LOAD_PLAIN)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY FROM STDIN reads no compressed data");
    LoadStream *stream = calloc(1, sizeof *stream);
    ASSERT(stream != NULL);
    Error *error = parser_open(&stream->parser, plan, layout, rejects, "STDIN", 0);
    if (error != NULL)
    {
        free(stream);
        return error;
    }
    stream->parser.stop_mark = plan->format->kind == LOAD_DELIMITED;
    stream->header_left = plan->format->ignore_header;
    *out = stream;
    return NULL;
}

static void stream_skip_header(LoadStream *stream)
{
    LoadWindow *window = &stream->parser.window;
    const char *base = window->data + window->marks_base;
    while (stream->header_left > 0 && window->mark < window->split.mark_count)
    {
        uint32_t mark = window->marks[window->mark++];
        if (base[mark] != '\n')
            continue;
        size_t next = window->marks_base + mark + 1;
        window->at = next > window->end ? window->end : next;
        stream->header_left--;
    }
    if (stream->header_left > 0)
        window->mark = window->split.mark_count;
}

void load_stream_feed(LoadStream *stream, const void *bytes, size_t length)
{
    LoadParser *parser = &stream->parser;
    ASSERT(!parser->window.final);
    if (stream->error != NULL || parser->stopped)
        return;
    stream->error = parser_make_room(parser, length);
    if (stream->error != NULL)
        return;
    if (length > 0)
        memcpy(parser->window.data + parser->window.end, bytes, length);
    parser->window.end += length;
    parser_index(parser);
    stream_skip_header(stream);
}

void load_stream_finish(LoadStream *stream)
{
    LoadParser *parser = &stream->parser;
    if (parser->window.final)
        return;
    if (stream->error == NULL)
        stream->error = parser_make_room(parser, 0);
    parser->window.final = true;
    parser_index(parser);
    stream_skip_header(stream);
}

Error *load_stream_next(LoadStream *stream, void *rows, int64_t rows_max, int64_t *count)
{
    Error *error = stream->error;
    *count = 0;
    stream->error = NULL;
    TRY(error);
    arena_reset(stream->parser.scratch);
    return parser_rows(&stream->parser, rows, rows_max, count);
}

void load_stream_counters(const LoadStream *stream, LoadCounters *out)
{
    *out = stream->parser.counters;
    out->file_bytes = out->bytes;
}

void load_stream_close(LoadStream *stream)
{
    if (stream == NULL)
        return;
    error_free(stream->error);
    parser_close(&stream->parser);
    free(stream);
}
