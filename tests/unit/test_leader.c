/* SPDX-License-Identifier: Apache-2.0 */
/* The leader's parts that need no warehouse: messages, rows, SCRAM, settings, configuration, leases, client files. */
#include "config.h"

#include "base/data/value.h"
#include "src/leader/auth.h"
#include "src/leader/clientfile.h"
#include "src/leader/config.h"
#include "src/leader/lease.h"
#include "src/leader/merge.h"
#include "src/leader/runfile.h"
#include "src/leader/setting.h"
#include "src/leader/wire.h"

#include <CUnit/Basic.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "leader-XXXXXX";
static char *absolute;

static void worked(Error *error)
{
    if (error != NULL)
        fprintf(stderr, "%s\n", error->message);
    CU_ASSERT_PTR_NULL_FATAL(error);
}

static void fails(SqlState state, Error *error)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_STRING_EQUAL(sqlstate_code(error->state), sqlstate_code(state));
    error_free(error);
}

static int set_up(void)
{
    if (mkdtemp(directory) == NULL)
        return 1;
    absolute = realpath(directory, NULL);
    return absolute == NULL;
}

static int tear_down(void)
{
    free(absolute);
    return rmdir(directory);
}

static void pair(Wire *client, Wire *server)
{
    int fds[2];
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    wire_init(client, fds[0]);
    wire_init(server, fds[1]);
}

static void pair_close(Wire *client, Wire *server)
{
    close(client->fd);
    close(server->fd);
    wire_free(client);
    wire_free(server);
}

static void test_messages(void)
{
    Wire client, server;
    WireReader payload;
    uint8_t type;
    pair(&client, &server);
    wire_begin(&server, 'x');
    wire_put_u8(&server, 7);
    wire_put_u16(&server, 0x1234);
    wire_put_u32(&server, 0xdeadbeef);
    wire_put_string(&server, "word");
    wire_end(&server);
    wire_ready(&server, 'T');
    worked(wire_flush(&server));
    worked(wire_read(&client, &type, &payload));
    CU_ASSERT_EQUAL(type, 'x');
    CU_ASSERT_EQUAL(wire_get_u8(&payload), 7);
    CU_ASSERT_EQUAL(wire_get_u16(&payload), 0x1234);
    CU_ASSERT_EQUAL(wire_get_u32(&payload), 0xdeadbeef);
    fails(SQLSTATE_PROTOCOL_VIOLATION, wire_get_done(&payload));
    CU_ASSERT_STRING_EQUAL(wire_get_string(&payload), "word");
    worked(wire_get_done(&payload));
    CU_ASSERT_EQUAL(wire_get_u32(&payload), 0);
    CU_ASSERT_STRING_EQUAL(wire_get_string(&payload), "");
    fails(SQLSTATE_PROTOCOL_VIOLATION, wire_get_done(&payload));
    worked(wire_read(&client, &type, &payload));
    CU_ASSERT(type == 'Z' && wire_get_u8(&payload) == 'T');
    /* a length that cannot be, and a connection that breaks off */
    CU_ASSERT_EQUAL(write(server.fd, "Q\0\0\0\3", 5), 5);
    fails(SQLSTATE_PROTOCOL_VIOLATION, wire_read(&client, &type, &payload));
    pair_close(&client, &server);
    pair(&client, &server);
    CU_ASSERT_EQUAL(write(server.fd, "Q\0\0\0\x10zz", 7), 7);
    shutdown(server.fd, SHUT_WR);
    fails(SQLSTATE_CONNECTION_FAILURE, wire_read(&client, &type, &payload));
    pair_close(&client, &server);
    pair(&client, &server);
    shutdown(server.fd, SHUT_WR);
    worked(wire_read(&client, &type, &payload));
    CU_ASSERT_EQUAL(type, 0);
    pair_close(&client, &server);
}

static void field_is(WireReader *payload, const char *expected)
{
    uint32_t length = wire_get_u32(payload);
    if (expected == NULL)
    {
        CU_ASSERT_EQUAL(length, UINT32_MAX);
        return;
    }
    CU_ASSERT_EQUAL_FATAL(length, strlen(expected));
    CU_ASSERT(memcmp(payload->at, expected, length) == 0);
    payload->at += length;
}

static void test_rows(void)
{
    static const struct
    {
        SqlType type;
        Rep rep;
        Datum value;
        const char *text;
    } cases[] = {
        {{.id = TYPE_INTEGER}, REP_I32, {.i = INT32_MIN}, "-2147483648"},
        {{.id = TYPE_BIGINT}, REP_I64, {.i = INT64_MIN}, "-9223372036854775808"},
        {{.id = TYPE_BIGINT}, REP_I8, {.i = 0}, "0"},
        {{.id = TYPE_DECIMAL, .precision = 12, .scale = 2}, REP_I64, {.i = -5}, "-0.05"},
        {{.id = TYPE_DECIMAL, .precision = 12, .scale = 2}, REP_I16, {.i = 1200}, "12.00"},
        {{.id = TYPE_DECIMAL, .precision = 12}, REP_I64, {.i = 42}, "42"},
        {{.id = TYPE_DECIMAL, .precision = 38, .scale = 1}, REP_I128, {.i128 = {.lo = 15}}, "1.5"},
        {{.id = TYPE_BOOLEAN}, REP_I8, {.i = 1}, "t"},
        {{.id = TYPE_DATE}, REP_I32, {.i = 0}, "2000-01-01"},
        {{.id = TYPE_VARCHAR, .length = 9}, REP_STR, {.str = {"ab ", 3}}, "ab "},
        {{.id = TYPE_CHAR, .length = 4}, REP_STR, {.str = {"ab", 2}}, "ab  "},
        {{.id = TYPE_INTEGER}, REP_I32, {.null = true}, NULL},
    };
    enum { COUNT = sizeof cases / sizeof cases[0] };
    Arena *arena = arena_new("test");
    RowLayout layout = {.field_count = COUNT, .fields = ARENA_ARRAY(arena, RowField, COUNT)};
    for (int32_t i = 0; i < COUNT; i++)
        layout.fields[i] = (RowField){.type = cases[i].type, .rep = (uint8_t) cases[i].rep};
    row_layout_place(&layout);
    char *row = arena_zalloc(arena, (size_t) layout.stride);
    for (int32_t i = 0; i < COUNT; i++)
        row_set(&layout, row, i, &cases[i].value);
    Wire client, server;
    WireReader payload;
    uint8_t type;
    pair(&client, &server);
    static const uint16_t formats[COUNT]; /* text */
    wire_row(&server, &layout, formats, COUNT, row);
    worked(wire_flush(&server));
    worked(wire_read(&client, &type, &payload));
    CU_ASSERT_EQUAL(type, 'D');
    CU_ASSERT_EQUAL(wire_get_u16(&payload), COUNT);
    for (int32_t i = 0; i < COUNT; i++)
        field_is(&payload, cases[i].text);
    worked(wire_get_done(&payload));
    pair_close(&client, &server);
    arena_free(arena);
}

/* --- a client's half of SCRAM, written from RFC 5802 -------------------------------- */
typedef struct Login
{
    Wire *wire;
    const char *password;
    bool told; /* the server proved itself and said Ok */
} Login;

static size_t sasl_text(Wire *wire, uint32_t expected, char *out, size_t room)
{
    WireReader payload;
    uint8_t type;
    Error *error = wire_read(wire, &type, &payload);
    if (error != NULL || type != 'R' || wire_get_u32(&payload) != expected)
    {
        error_free(error);
        return 0;
    }
    size_t length = (size_t) (payload.end - payload.at);
    if (length >= room)
        abort();
    memcpy(out, payload.at, length);
    out[length] = 0;
    return length;
}

static void hmac_text(const uint8_t *key, const char *text, uint8_t *out)
{
    unsigned size = 32;
    HMAC(EVP_sha256(), key, 32, (const uint8_t *) text, strlen(text), out, &size);
}

static void *client_log_in(void *context)
{
    static const char bare[] = "n=,r=abc";
    Login *login = context;
    char first[512], final[2048], auth[4096], *salt, *nonce, proof_text[64], signature_text[64], got[512];
    if (sasl_text(login->wire, 10, first, sizeof first) == 0)
        return NULL;
    wire_begin(login->wire, 'p');
    wire_put_string(login->wire, "SCRAM-SHA-256");
    wire_put_u32(login->wire, 3 + sizeof bare - 1);
    wire_put_bytes(login->wire, "n,,", 3);
    wire_put_bytes(login->wire, bare, sizeof bare - 1);
    wire_end(login->wire);
    error_free(wire_flush(login->wire));
    if (sasl_text(login->wire, 11, first, sizeof first) == 0)
        return NULL;
    salt = strstr(first, ",s=") + 3;
    uint8_t salt_bytes[128], salted[32], client_key[32], stored[32], server_key[32], signature[32], proof[32];
    char *salt_end = strchr(salt, ',');
    int salt_length = EVP_DecodeBlock(salt_bytes, (uint8_t *) salt, (int) (salt_end - salt)) - 2; /* 16 bytes: two = */
    int iterations = (int) strtol(strstr(first, ",i=") + 3, NULL, 10);
    PKCS5_PBKDF2_HMAC(login->password, -1, salt_bytes, salt_length, iterations, EVP_sha256(), 32, salted);
    hmac_text(salted, "Client Key", client_key);
    EVP_Digest(client_key, 32, stored, NULL, EVP_sha256(), NULL);
    hmac_text(salted, "Server Key", server_key);
    nonce = strndup(first, strcspn(first, ","));
    snprintf(final, sizeof final, "c=biws,%s", nonce);
    free(nonce);
    snprintf(auth, sizeof auth, "%s,%s,%s", bare, first, final);
    hmac_text(stored, auth, signature);
    for (int i = 0; i < 32; i++)
        proof[i] = client_key[i] ^ signature[i];
    EVP_EncodeBlock((uint8_t *) proof_text, proof, 32);
    wire_begin(login->wire, 'p');
    wire_put_bytes(login->wire, final, strlen(final));
    wire_put_bytes(login->wire, ",p=", 3);
    wire_put_bytes(login->wire, proof_text, strlen(proof_text));
    wire_end(login->wire);
    error_free(wire_flush(login->wire));
    if (sasl_text(login->wire, 12, got, sizeof got) == 0)
        return NULL;
    hmac_text(server_key, auth, signature);
    EVP_EncodeBlock((uint8_t *) signature_text, signature, 32);
    WireReader payload;
    uint8_t type;
    Error *error = wire_read(login->wire, &type, &payload);
    login->told = error == NULL && strncmp(got, "v=", 2) == 0 && strcmp(got + 2, signature_text) == 0 && type == 'R' &&
                  wire_get_u32(&payload) == 0;
    error_free(error);
    return NULL;
}

static bool log_in(const char *password, const CatalogPrincipal *user)
{
    static const uint8_t secret[AUTH_SECRET_BYTES] = {1, 2, 3};
    Wire client, server;
    pthread_t thread;
    pair(&client, &server);
    Login login = {.wire = &client, .password = password};
    pthread_create(&thread, NULL, client_log_in, &login);
    Error *error = auth_exchange(&server, "ada", user, secret);
    if (error == NULL)
        worked(wire_flush(&server));
    else
        CU_ASSERT_EQUAL(error->state, SQLSTATE_INVALID_PASSWORD);
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    pair_close(&client, &server);
    bool worked_out = error == NULL;
    error_free(error);
    CU_ASSERT_EQUAL(worked_out, login.told);
    return worked_out;
}

static void test_scram(void)
{
    Arena *arena = arena_new("test");
    CatalogPrincipal user = {.name = "ada"};
    worked(auth_make_verifier(arena, "correct horse", &user.scram));
    CU_ASSERT(strncmp(user.scram, "SCRAM-SHA-256$4096:", 19) == 0);
    CU_ASSERT(log_in("correct horse", &user));
    CU_ASSERT_FALSE(log_in("correct horsf", &user));
    CU_ASSERT_FALSE(log_in("correct horse", NULL));
    user.scram = "nonsense";
    CU_ASSERT_FALSE(log_in("correct horse", &user));
    char *unused;
    fails(SQLSTATE_INVALID_PARAMETER_VALUE, auth_make_verifier(arena, "", &unused));
    fails(SQLSTATE_INVALID_PARAMETER_VALUE, auth_make_verifier(arena, "schl\xc3\xbcssel", &unused));
    arena_free(arena);
}

static void test_settings(void)
{
    Arena *arena = arena_new("test");
    Settings *settings = settings_new(arena);
    const char *told;
    CU_ASSERT_STRING_EQUAL(setting_get(settings, "server_version"), "9.2.24");
    CU_ASSERT_STRING_EQUAL(setting_get(settings, "padb_revision"), PACKAGE_VERSION);
    CU_ASSERT_PTR_NULL(setting_get(settings, "nothing"));
    fails(SQLSTATE_UNDEFINED_OBJECT, setting_set(settings, "nothing", "1", false, &told));
    fails(SQLSTATE_UNDEFINED_OBJECT, setting_set(settings, "stoa.nothing", "1", false, &told));
    fails(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, setting_set(settings, "server_version", "9", false, &told));
    fails(SQLSTATE_INVALID_PARAMETER_VALUE, setting_set(settings, "statement_timeout", "-1", false, &told));
    fails(SQLSTATE_INVALID_PARAMETER_VALUE, setting_set(settings, "client_encoding", "latin1", false, &told));
    fails(SQLSTATE_INVALID_PARAMETER_VALUE, setting_set(settings, "stoa.keep_code", "maybe", false, &told));
    worked(setting_set(settings, "app.user", "x", false, &told));
    CU_ASSERT_STRING_EQUAL(setting_get(settings, "app.user"), "x");
    worked(setting_set(settings, "datestyle", "iso, dmy", false, &told));
    CU_ASSERT_STRING_EQUAL(told, "DateStyle");
    CU_ASSERT_STRING_EQUAL(setting_get(settings, "datestyle"), "ISO, DMY");
    settings_end_transaction(settings, false);
    CU_ASSERT_STRING_EQUAL(setting_get(settings, "datestyle"), "ISO, MDY");
    worked(setting_set(settings, "statement_timeout", "50", true, &told));
    CU_ASSERT_EQUAL(setting_number(settings, "statement_timeout"), 50);
    settings_end_transaction(settings, true);
    CU_ASSERT_EQUAL(setting_number(settings, "statement_timeout"), 0);
    worked(setting_set(settings, "stoa.keep_code", "TRUE", false, &told));
    settings_end_transaction(settings, true);
    CU_ASSERT(setting_is_on(settings, "stoa.keep_code"));
    settings_reset_all(settings);
    CU_ASSERT_FALSE(setting_is_on(settings, "stoa.keep_code"));
    arena_free(arena);
}

static void test_config(void)
{
    Arena *arena = arena_new("test");
    Config *config;
    char *path = arena_printf(arena, "%s/stoa.conf", absolute);
    worked(config_read(arena, absolute, &config));
    CU_ASSERT_EQUAL(config->port, 5439);
    CU_ASSERT_STRING_EQUAL(config->copy_directories[0], arena_printf(arena, "%s/import", absolute));
    worked(file_write_private(arena, path, "# a comment\nport = 0\nmemory = 2 GB\nlisten_address = '0.0.0.0'\n"
                                           "copy_directories = /a/b/, c ,/d\n"));
    worked(config_read(arena, absolute, &config));
    CU_ASSERT(config->port == 0 && config->memory_bytes == (int64_t) 2 << 30 && config->copy_directory_count == 3);
    CU_ASSERT_STRING_EQUAL(config->listen_address, "0.0.0.0");
    CU_ASSERT_STRING_EQUAL(config->copy_directories[0], "/a/b");
    CU_ASSERT_STRING_EQUAL(config->copy_directories[1], arena_printf(arena, "%s/c", absolute));
    static const char *const wrong[] = {"port = 70000\n", "port = x\n", "colour = red\n", "listen_address = here\n",
                                        "memory = much\n", "no sense\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    {
        worked(file_write_private(arena, path, wrong[i]));
        fails(SQLSTATE_CONFIGURATION_ERROR, config_read(arena, absolute, &config));
    }
    struct stat status;
    CU_ASSERT(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    unlink(path);
    arena_free(arena);
}

static void test_lease(void)
{
    Arena *arena = arena_new("test");
    Lease *lease, *other;
    LeaseHolder *holder;
    char *path = arena_printf(arena, "%s/lease", absolute);
    worked(lease_read(arena, absolute, &holder));
    CU_ASSERT_PTR_NULL(holder);
    worked(lease_take(arena, absolute, &lease));
    worked(lease_check(lease));
    worked(lease_read(arena, absolute, &holder));
    CU_ASSERT(holder->pid == getpid() && !lease_holder_is_dead(holder));
    fails(SQLSTATE_OBJECT_IN_USE, lease_take(arena, absolute, &other));
    lease_release(lease);
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
    fails(SQLSTATE_OBJECT_IN_USE, lease_check(lease));
    /* a holder that was killed, and is not even waited for */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
    {
        Error *error = lease_take(arena, absolute, &lease);
        raise(error == NULL ? SIGKILL : SIGTERM);
    }
    siginfo_t info;
    CU_ASSERT_EQUAL(waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT), 0);
    CU_ASSERT_EQUAL(info.si_status, SIGKILL);
    worked(lease_take(arena, absolute, &other));
    worked(lease_check(other));
    /* another host's is not to be judged from here */
    lease_release(other);
    worked(file_write_private(arena, path, "host = elsewhere\npid = 5\njob = \nboot = x\nstarted = 1\ntoken = y\n"));
    fails(SQLSTATE_OBJECT_IN_USE, lease_take(arena, absolute, &other));
    /* unless it is the same Slurm job, started again */
    worked(file_write_private(arena, path, "host = elsewhere\npid = 5\njob = 88\nboot = x\nstarted = 1\ntoken = y\n"));
    setenv("SLURM_JOB_ID", "88", 1);
    worked(lease_take(arena, absolute, &other));
    unsetenv("SLURM_JOB_ID");
    lease_release(other);
    waitpid(child, NULL, 0);
    arena_free(arena);
}

static void test_files(void)
{
    Arena *arena = arena_new("test");
    RunFile run;
    char *client = arena_printf(arena, "%s/client", absolute), *below = arena_printf(arena, "%s/run", absolute);
    mkdir(client, 0700);
    mkdir(below, 0700);
    worked(clientfile_create(arena, absolute, "ada", "dev", 5439, "a:b\\c"));
    CU_ASSERT_FALSE(runfile_read(arena, absolute, &run));
    worked(runfile_write(arena, absolute, "127.0.0.1", 6000, false));
    CU_ASSERT_FATAL(runfile_read(arena, absolute, &run));
    CU_ASSERT(run.port == 6000 && run.pid == getpid() && strcmp(run.address, "127.0.0.1") == 0);
    char text[1024] = "";
    FILE *file = fopen(arena_printf(arena, "%s/pg_service.conf", client), "r");
    CU_ASSERT(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nport=6000\ndbname=dev\nuser=ada\n"));
    file = fopen(arena_printf(arena, "%s/pgpass", client), "r");
    CU_ASSERT_STRING_EQUAL(fgets(text, sizeof text, file), "*:*:dev:ada:a\\:b\\\\c\n");
    fclose(file);
    runfile_remove(arena, absolute);
    CU_ASSERT_FALSE(runfile_read(arena, absolute, &run));
    unlink(arena_printf(arena, "%s/served", below));
    unlink(arena_printf(arena, "%s/pg_service.conf", client));
    unlink(arena_printf(arena, "%s/pgpass", client));
    CU_ASSERT_EQUAL(rmdir(client), 0);
    CU_ASSERT_EQUAL(rmdir(below), 0);
    arena_free(arena);
}

/* `count` segments of these bytes each, over `slices`. */
static void segments_put(CatalogTable *table, int32_t count, int64_t bytes, int32_t slices)
{
    for (int32_t i = 0; i < count; i++, table->segment_count++)
        table->segments[table->segment_count] =
            (CatalogSegment){.id = 1000 + table->segment_count, .slice = i % slices, .rows = 1, .bytes = bytes};
}

static void test_merge_choice(void)
{
    Arena *arena = arena_new("test");
    CatalogSegment segments[2000];
    CatalogTable table = {.id = 7, .dist_style = DIST_KEY, .segments = segments};
    SegmentMerge merge;
    CU_ASSERT_FALSE(merge_choose(arena, &table, 4, &merge));
    /* Large ones do not count, and as many small ones as a table may have are left alone. */
    segments_put(&table, 100, 100 << 20, 4);
    segments_put(&table, 48, 9000, 4);
    CU_ASSERT_FALSE(merge_choose(arena, &table, 4, &merge));
    segments_put(&table, 1, 900000, 1); /* more than its slice's small ones together: not this time */
    CU_ASSERT_FATAL(merge_choose(arena, &table, 4, &merge));
    CU_ASSERT(merge.yields && merge.count == 48);
    CU_ASSERT(merge.segment_ids[0] == 1100 && merge.segment_ids[47] == 1147);
    /* One is nothing to merge: three slices have one each, the other all the rest. */
    table.segment_count = 0;
    segments_put(&table, 3, 9000, 3);
    segments_put(&table, 60, 9000, 1);
    CU_ASSERT_FATAL(merge_choose(arena, &table, 4, &merge));
    CU_ASSERT_EQUAL(merge.count, 61);
    /* Dealt evenly, all slices together become one a slice: worth it from twice as many. */
    table.dist_style = DIST_EVEN;
    CU_ASSERT_FATAL(merge_choose(arena, &table, 4, &merge));
    CU_ASSERT_EQUAL(merge.count, 63);
    CU_ASSERT_FALSE(merge_choose(arena, &table, 40, &merge));
    /* No more at a time than others may wait for. */
    table.segment_count = 0;
    segments_put(&table, 60, 7 << 20, 1);
    CU_ASSERT_FATAL(merge_choose(arena, &table, 4, &merge));
    CU_ASSERT_EQUAL(merge.count, 9);
    arena_free(arena);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("leader", set_up, tear_down);
    CU_add_test(suite, "messages", test_messages);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "SCRAM", test_scram);
    CU_add_test(suite, "settings", test_settings);
    CU_add_test(suite, "configuration", test_config);
    CU_add_test(suite, "lease", test_lease);
    CU_add_test(suite, "files", test_files);
    CU_add_test(suite, "segments to merge", test_merge_choice);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
