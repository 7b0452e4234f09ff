/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa-tpchgen: the tables of TPC-H at any scale, into files or to standard output.
 *
 *     units of a table  ->  chunks  ->  threads fill buffers  ->  written in order
 *
 * The bytes are the same whatever the number of threads.
 */
#include "bench/gen/tables.h"
#include "bench/gen/words.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES (1 << 20)
#define PARTS_MAX 9999
#define TEXT_BYTES_LEAST (16u << 20)
#define TEXT_BYTES_MOST (128u << 20)

typedef struct Options
{
    double scale;
    const char *table; /* NULL: all */
    const char *dir;   /* NULL: standard output */
    int parts;
    int part; /* 0: all of them */
    int threads;
    int quiet;
} Options;

static const struct argp_option option_list[] = {
    {"scale", 's', "FACTOR", 0, "scale factor (default 1: 1.1 GB of text)", 0},
    {"table", 't', "NAME", 0, "one table only: region nation supplier customer part partsupp orders lineitem", 0},
    {"parts", 'n', "N", 0, "N files a table, NAME.tbl.1 .. NAME.tbl.N (region and nation are never split)", 0},
    {"part", 'i', "I", 0, "only the I-th of N parts", 0},
    {"threads", 'j', "T", 0, "threads (default: the cores there are)", 0},
    {"quiet", 'q', NULL, 0, "say nothing but errors", 0},
    {0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    Options *o = state->input;
    switch (key)
    {
    case 's':
        o->scale = strtod(arg, NULL);
        if (!(o->scale > 0 && o->scale <= 100000))
            argp_error(state, "the scale must be above 0 and at most 100000, not \"%s\"", arg);
        return 0;
    case 't':
        o->table = arg;
        return 0;
    case 'n':
        o->parts = (int) strtol(arg, NULL, 10);
        return 0;
    case 'i':
        o->part = (int) strtol(arg, NULL, 10);
        return 0;
    case 'j':
        o->threads = (int) strtol(arg, NULL, 10);
        return 0;
    case 'q':
        o->quiet = 1;
        return 0;
    case ARGP_KEY_ARG:
        if (o->dir != NULL)
            argp_error(state, "one directory only");
        o->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->dir == NULL && o->table == NULL)
            argp_error(state, "name a directory to write to, or one table with --table to stream it");
        if (o->parts < 1 || o->parts > PARTS_MAX || o->part < 0 || o->part > o->parts)
            argp_error(state, "parts are 1 to %d, and the part one of them", PARTS_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0)
    {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return 0;
        data += done;
        size -= (size_t) done;
    }
    return 1;
}

/* Units from..to-1 of a table to fd.  Returns bytes written, -1 with errno when that failed. */
static int64_t table_write(const Table *table, const Scale *scale, int64_t from, int64_t to, int fd)
{
    int64_t step = CHUNK_BYTES / table->unit_max, bytes = 0;
    int failed = 0;
#pragma omp parallel reduction(+ : bytes)
    {
        char *buffer = malloc(CHUNK_BYTES);
#pragma omp for ordered schedule(dynamic, 1)
        for (int64_t first = from; first < to; first += step)
        {
            int64_t last = first + step < to ? first + step : to;
            int stop;
#pragma omp atomic read
            stop = failed;
            char *end = buffer;
            for (int64_t unit = first; unit < last && buffer != NULL && !stop; unit++)
                end = table->put(end, scale, unit);
#pragma omp ordered
            {
                int code = 0;
                if (!stop && buffer == NULL)
                    code = ENOMEM;
                else if (!stop && !write_all(fd, buffer, (size_t) (end - buffer)))
                    code = errno;
                if (code != 0)
                {
#pragma omp atomic write
                    failed = code;
                }
                bytes += end - buffer;
            }
        }
        free(buffer);
    }
    errno = failed;
    return failed ? -1 : bytes;
}

/* One part of a table into DIR/NAME.tbl[.I] or to standard output.  Returns bytes, -1 after saying what failed. */
static int64_t part_write(const Table *table, const Scale *scale, const Options *o, int parts, int part)
{
    int64_t units = table->units(scale);
    int64_t from = units / parts * (part - 1) + units % parts * (part - 1) / parts;
    int64_t to = units / parts * part + units % parts * part / parts;
    char path[4096] = "standard output";
    int fd = STDOUT_FILENO;
    if (o->dir != NULL)
    {
        int size = parts == 1 ? snprintf(path, sizeof path, "%s/%s.tbl", o->dir, table->name)
                              : snprintf(path, sizeof path, "%s/%s.tbl.%d", o->dir, table->name, part);
        if (size >= (int) sizeof path)
            errno = ENAMETOOLONG;
        fd = size >= (int) sizeof path ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    int64_t bytes = fd < 0 ? -1 : table_write(table, scale, from, to, fd);
    int failed = bytes < 0 ? errno : 0;
    if (fd >= 0 && fd != STDOUT_FILENO && close(fd) < 0 && failed == 0)
        failed = errno;
    if (failed == 0)
        return bytes;
    fprintf(stderr, "stoa-tpchgen: could not write \"%s\": %s\n", path, strerror(failed));
    return -1;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* Largest tables first, so that progress is honest.  Returns the exit code. */
static int tables_write(const Options *o)
{
    Scale scale = scale_of(o->scale);
    double begin = seconds_now();
    int64_t all = 0;
    int found = 0;
    for (int i = TABLE_COUNT - 1; i >= 0; i--)
    {
        const Table *table = &tables[i];
        if (o->table != NULL && strcmp(o->table, table->name) != 0)
            continue;
        found = 1;
        int parts = table->units(&scale) < 100 ? 1 : o->parts;
        int64_t bytes = 0;
        for (int part = o->part > 0 ? o->part : 1; part <= (o->part > 0 ? o->part : parts) && part <= parts; part++)
        {
            int64_t done = part_write(table, &scale, o, parts, part);
            if (done < 0)
                return 1;
            bytes += done;
        }
        all += bytes;
        if (!o->quiet)
            fprintf(stderr, "%-10s %9.1f MB\n", table->name, (double) bytes / 1e6);
    }
    if (!found)
    {
        fprintf(stderr, "stoa-tpchgen: TPC-H has no table \"%s\"\n", o->table);
        return 2;
    }
    double took = seconds_now() - begin;
    if (!o->quiet)
        fprintf(stderr, "%-10s %9.1f MB in %.1f s, %.0f MB/s\n", "all", (double) all / 1e6, took, (double) all / 1e6 / took);
    return 0;
}

int main(int argc, char **argv)
{
    Options options = {.scale = 1, .parts = 1};
    const struct argp argp = {option_list, parse_option, "[DIR]",
                              "Makes the tables of TPC-H, fields separated by |, rows in key order.\v"
                              "The same scale gives the same bytes, on any machine and with any number of threads.",
                              NULL, NULL, NULL};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return 2;
    if (options.threads > 0)
        omp_set_num_threads(options.threads);
    if (options.dir != NULL && mkdir(options.dir, 0755) < 0 && errno != EEXIST)
    {
        fprintf(stderr, "stoa-tpchgen: could not make \"%s\": %s\n", options.dir, strerror(errno));
        return 1;
    }
    words_init();
    tables_init();
    double text_bytes = options.scale * TEXT_BYTES_MOST;
    text_bytes = text_bytes < TEXT_BYTES_LEAST ? TEXT_BYTES_LEAST : text_bytes > TEXT_BYTES_MOST ? TEXT_BYTES_MOST : text_bytes;
    if (!text_init((size_t) text_bytes))
    {
        fprintf(stderr, "stoa-tpchgen: no memory for %.0f MB of text\n", text_bytes / 1e6);
        return 1;
    }
    int code = tables_write(&options);
    text_free();
    return code;
}
