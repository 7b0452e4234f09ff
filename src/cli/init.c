/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa init DIR makes
 *
 *     DIR/catalog.db                     what exists
 *     DIR/stoa.conf                      settings, explained
 *     DIR/client/{pg_service.conf,pgpass}  how psql gets in
 *     DIR/server.{crt,key}, DIR/client/root.crt  with --tls: what clients know the server by
 *     DIR/{db1,run,cache,log,import}     data, what runs, generated code, log, files for COPY
 *
 * The catalog comes last: a directory without it is no warehouse.
 */
#include "base/core/assert.h"
#include "hdf5store/segment.h"
#include "sql/catalog/catalog.h"
#include "src/cli/cli.h"
#include "src/leader/auth.h"
#include "src/leader/clientfile.h"
#include "src/leader/config.h"
#include "src/leader/tls.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLICES_DEFAULT 16
#define PASSWORD_BYTES_MAX 1024
#define NAME_BYTES_MAX 63

typedef struct Init
{
    Arena *arena;
    char *directory;
    const char *slices;
    const char *user;
    const char *password_file;
    const char *port;
    int64_t slice_count;
    int64_t port_number;
    char *password;
    bool password_made_up;
    bool tls;
    const char *tls_names; /* more of them, or NULL */
} Init;

static const struct argp_option option_list[] = {
    {"slices", 's', "S", 0, "parts the data is kept in, for the warehouse's life: the most compute nodes that will ever "
                            "have work, times some (default 16)", 0},
    {"user", 'u', "NAME", 0, "the first user, who may do everything (default: your own name)", 0},
    {"password-file", 'f', "FILE", 0, "its first line is the password; - reads it from the terminal or standard input "
                                      "(default: a random one is made and kept in DIR/client/pgpass)", 0},
    {"port", 'p', "PORT", 0, "written to stoa.conf (default 5439)", 0},
    {"tls", 't', "NAME,NAME...", OPTION_ARG_OPTIONAL, "makes a key and a certificate that signs itself, for this machine's name, "
                                                     "localhost and the names given; clients may connect with TLS", 0},
    {0}};

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Init *init = state->input;
    switch (key)
    {
    case 's':
        init->slices = value;
        return 0;
    case 'u':
        init->user = value;
        return 0;
    case 'f':
        init->password_file = value;
        return 0;
    case 'p':
        init->port = value;
        return 0;
    case 't':
        init->tls = true;
        init->tls_names = value;
        return 0;
    case ARGP_KEY_ARG:
        if (init->directory != NULL)
            argp_error(state, "one directory is enough: \"%s\"?", value);
        init->directory = value;
        return 0;
    case ARGP_KEY_END:
        if (init->directory == NULL)
            argp_error(state, "which directory shall the warehouse be made in?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {.options = option_list,
                                   .parser = option_parse,
                                   .args_doc = "DIR",
                                   .doc = "Creates a warehouse in DIR, on a file system that all its nodes will see."};

static Error *password_make_up(Init *init)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    uint8_t random[24];
    char password[sizeof random + 1];
    TRY(auth_random(random, sizeof random));
    for (size_t i = 0; i < sizeof random; i++)
        password[i] = letters[random[i] % (sizeof letters - 1)];
    password[sizeof random] = 0;
    init->password = arena_strdup(init->arena, password);
    init->password_made_up = true;
    return NULL;
}

static Error *password_get(Init *init)
{
    if (init->password_file == NULL)
        return password_make_up(init);
    char line[PASSWORD_BYTES_MAX];
    if (strcmp(init->password_file, "-") == 0 && isatty(STDIN_FILENO))
    {
        char *typed = getpass("Password for the first user: ");
        if (typed == NULL)
            return error_new(SQLSTATE_IO_ERROR, "no password was typed");
        init->password = arena_strdup(init->arena, typed);
        return NULL;
    }
    FILE *file = strcmp(init->password_file, "-") == 0 ? stdin : fopen(init->password_file, "re");
    if (file == NULL)
        return error_new(SQLSTATE_UNDEFINED_FILE, "could not open \"%s\": %s", init->password_file, strerror(errno));
    bool got = fgets(line, sizeof line, file) != NULL;
    if (file != stdin)
        fclose(file);
    if (!got)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "\"%s\" holds no password", init->password_file);
    line[strcspn(line, "\r\n")] = 0;
    init->password = arena_strdup(init->arena, line);
    return NULL;
}

static Error *options_check(Init *init)
{
    init->slice_count = SLICES_DEFAULT;
    init->port_number = PORT_DEFAULT;
    if (init->slices != NULL)
        TRY(cli_number("--slices", init->slices, 1, SLICES_MAX, &init->slice_count));
    if (init->port != NULL)
        TRY(cli_number("--port", init->port, 0, 65535, &init->port_number));
    if (init->user == NULL)
        init->user = getenv("USER");
    if (init->user == NULL || init->user[0] == 0)
        init->user = "admin";
    for (const char *c = init->user; *c != 0; c++)
        if (!((*c >= 'a' && *c <= 'z') || *c == '_' || (c > init->user && ((*c >= '0' && *c <= '9') || *c == '-'))))
            return error_hint(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "\"%s\" is no user name", init->user),
                              "Use lower-case letters, digits, _ and -, beginning with a letter: --user NAME.");
    if (strlen(init->user) > NAME_BYTES_MAX)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the user name is longer than %d bytes", NAME_BYTES_MAX);
    return NULL;
}

static Error *conf_write(Init *init)
{
    Text text;
    text_init(&text, init->arena);
    text_puts(&text, "# Settings of this warehouse, read when it starts. What is not said here has the value shown.\n\n"
                     "# Where to listen: 127.0.0.1 for this machine only, 0.0.0.0 for all networks.\n"
                     "#listen_address = 127.0.0.1\n");
    text_printf(&text, "%sport = %lld\n\n", init->port == NULL ? "#" : "", (long long) init->port_number);
    text_printf(&text, "# TLS: off, on (for clients that ask for it) or required (of all clients on other machines).\n"
                       "%s\n#ssl_cert_file = server.crt\n#ssl_key_file = server.key\n\n",
                init->tls ? "ssl = on" : "#ssl = off");
    text_puts(&text, "#max_connections = 500\n\n"
                     "# Seconds until a client must have logged in.\n#login_timeout = 60\n\n"
                     "# Of each rank, for queries: threads (0: the cores it has) and memory (0: decided by the machine's).\n"
                     "#threads = 0\n#memory = 0\n\n"
                     "# Small segments are merged in the background: on or off.\n#auto_vacuum = on\n\n"
                     "# Queries, connections and the like are told by system views for so many days, 0: not at all, within this size.\n"
                     "#history_days = 7\n#history_size = 64MB\n\n"
                     "# COPY may read files below these directories, on a file system that all nodes see; with commas\n"
                     "# between them. Relative ones stand in this directory.\n"
                     "#copy_directories = import\n");
    return file_write_private(init->arena, arena_printf(init->arena, "%s/stoa.conf", init->directory), text.data);
}

static Error *pair_write(Init *init)
{
    char host[256] = "", *certificate, *key;
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == 0)
        snprintf(host, sizeof host, "localhost");
    TRY(tls_make_pair(init->arena, arena_printf(init->arena, "%s,localhost,127.0.0.1,::1,%s", host,
                                                init->tls_names == NULL ? "" : init->tls_names), &certificate, &key));
    TRY(file_write_private(init->arena, arena_printf(init->arena, "%s/server.crt", init->directory), certificate));
    TRY(file_write_private(init->arena, arena_printf(init->arena, "%s/server.key", init->directory), key));
    return file_write_private(init->arena, arena_printf(init->arena, "%s/client/root.crt", init->directory), certificate);
}

static Error *parts_make(Init *init)
{
    static const char *const below[] = {"db1", "run", "cache", "log", "import", "client"};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
    {
        char *path = arena_printf(init->arena, "%s/%s", init->directory, below[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", path, strerror(errno));
    }
    TRY(conf_write(init));
    if (init->tls)
        TRY(pair_write(init));
    TRY(clientfile_create(init->arena, init->directory, init->user, "dev", (int32_t) init->port_number, init->password));
    CatalogPrincipal user = {.id = FIRST_USER_ID,
                             .name = (char *) init->user,
                             .version = 1,
                             .superuser = true,
                             .create_db = true,
                             .syslog_unrestricted = true,
                             .valid_until = INT64_MAX,
                             .connection_limit = -1};
    TRY(auth_make_verifier(init->arena, init->password, &user.scram));
    TRY(catalog_create(arena_printf(init->arena, "%s/catalog.db", init->directory), (int32_t) init->slice_count, "dev", &user));
    return segment_sync_directory(init->directory);
}

static Error *init_run(Init *init)
{
    TRY(options_check(init));
    TRY(password_get(init));
    char *unused;
    TRY(auth_make_verifier(init->arena, init->password, &unused)); /* refuses a bad one before anything is made */
    TRY(cli_directory_make(init->arena, init->directory));
    return parts_make(init);
}

int cli_init(int argc, char **argv)
{
    Init init = {.arena = arena_new("init")};
    argp_parse(&parser, argc, argv, 0, NULL, &init);
    umask(0077);
    Error *error = init_run(&init);
    int status = error == NULL ? 0 : cli_failed(error);
    if (status == 0)
        printf("A warehouse of %lld slices is made in %s, with the database \"dev\" and the user \"%s\".\n"
               "Its password is %s %s/client/pgpass.\n"
               "Start it with:    stoa start %s\nThen connect with: stoa psql %s\n",
               (long long) init.slice_count, init.directory, init.user,
               init.password_made_up ? "random; it stands in" : "the one you gave, also in", init.directory,
               init.directory, init.directory);
    arena_free(init.arena);
    return status;
}
