/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   client                                  server
 *   GSSENCRequest               -->   <--   'N'
 *   SSLRequest                  -->   <--   'S', and all that follows goes through TLS; 'N' if it is off
 *   CancelRequest               -->         finds the session, closes
 *   StartupMessage              -->   <--   SASL exchange (auth.c)
 *                                     <--   AuthenticationOk, ParameterStatus..., BackendKeyData, ReadyForQuery
 */
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "src/leader/auth.h"
#include "src/leader/record.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEGOTIATIONS_MAX 3 /* encryption requests before a startup message */
#define OPTIONS_MAX 64     /* parameters a client may send along */

typedef struct Startup
{
    Session *session;
    const char *user;
    const char *database;
    int32_t option_count;
    struct
    {
        const char *name;
        const char *value;
    } options[OPTIONS_MAX];
} Startup;

/* SSLRequest or GSSENCRequest: one letter is the answer. */
static Error *answer_encryption(Session *session, bool tls)
{
    Wire *wire = &session->wire;
    TlsServer *server = tls ? session->leader->tls : NULL;
    if (wire_pending(wire)) /* bytes sent before our answer: somebody in the middle */
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "received unencrypted data after an encryption request");
    text_putc(&wire->out, server != NULL ? 'S' : 'N');
    TRY(wire_flush(wire));
    return server == NULL ? NULL : wire_secure(wire, server);
}

/* false also for what cannot be told. */
static bool peer_is_local(int fd)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (getpeername(fd, (struct sockaddr *) &peer, &length) != 0)
        return false;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *) &peer;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &peer;
    if (peer.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
    return peer.ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static Error *check_encryption(const Session *session)
{
    if (session->wire.tls != NULL || session->leader->config->ssl != SSL_REQUIRED || peer_is_local(session->fd))
        return NULL;
    return error_hint(error_new(SQLSTATE_INVALID_AUTHORIZATION, "connections from other machines must be encrypted"),
                      "Connect with TLS: sslmode=require or stronger.");
}

/* protocol_version_minor > 0 or options "_pq_.*": say what is spoken here. */
static void negotiate_version(Wire *wire, uint32_t version)
{
    if (version == WIRE_PROTOCOL_3)
        return;
    wire_begin(wire, 'v');
    wire_put_u32(wire, 0);
    wire_put_u32(wire, 0);
    wire_end(wire);
}

/* The first packet that is not about encryption.  *version 0: nothing to serve. */
static Error *first_packet(Session *session, WireReader *payload, uint32_t *version)
{
    *version = 0;
    for (int32_t i = 0; i <= NEGOTIATIONS_MAX; i++)
    {
        bool end;
        TRY(wire_read_startup(&session->wire, payload, &end));
        if (end)
            return NULL;
        uint32_t code = wire_get_u32(payload);
        if ((code == WIRE_SSL_REQUEST || code == WIRE_GSSENC_REQUEST) && session->wire.tls == NULL)
        {
            TRY(answer_encryption(session, code == WIRE_SSL_REQUEST));
            continue;
        }
        if (code == WIRE_CANCEL_REQUEST)
        {
            uint32_t process = wire_get_u32(payload);
            uint32_t secret = wire_get_u32(payload);
            TRY(wire_get_done(payload));
            sessions_cancel(session->leader, process, secret);
            return NULL;
        }
        if (code >> 16 != 3)
            return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "unsupported frontend protocol %u.%u", code >> 16,
                             code & 0xffff);
        *version = code;
        return NULL;
    }
    return error_new(SQLSTATE_PROTOCOL_VIOLATION, "too many encryption requests");
}

static Error *parameters_read(Startup *startup, WireReader *payload)
{
    Arena *arena = startup->session->arena;
    for (;;)
    {
        const char *name = wire_get_string(payload);
        if (payload->broken)
            return error_new(SQLSTATE_PROTOCOL_VIOLATION, "invalid startup packet layout");
        if (name[0] == 0)
            break;
        const char *value = wire_get_string(payload);
        if (strcmp(name, "user") == 0)
            startup->user = arena_strdup(arena, value);
        else if (strcmp(name, "database") == 0)
            startup->database = arena_strdup(arena, value);
        else if (startup->option_count < OPTIONS_MAX)
        {
            startup->options[startup->option_count].name = parse_fold_name(arena, name);
            startup->options[startup->option_count++].value = arena_strdup(arena, value);
        }
    }
    TRY(wire_get_done(payload));
    if (startup->user == NULL || startup->user[0] == 0)
        return error_new(SQLSTATE_INVALID_AUTHORIZATION, "no user name specified in startup packet");
    if (startup->database == NULL || startup->database[0] == 0)
        startup->database = startup->user;
    return NULL;
}

static Error *check_database(Startup *startup)
{
    Leader *leader = startup->session->leader;
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    Error *error = NULL;
    if (strcmp(snapshot->database, startup->database) != 0)
        error = error_hint(error_new(SQLSTATE_INVALID_CATALOG_NAME, "database \"%s\" does not exist", startup->database),
                           "This warehouse has the database \"%s\".", snapshot->database);
    catalog_release(leader->catalog, snapshot);
    return error;
}

/* The user as the catalog has him now, in the session's arena; without a password when it has expired.  NULL: none. */
static CatalogPrincipal *find_user(Session *session, const char *name)
{
    Catalog *catalog = session->leader->catalog;
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    const CatalogPrincipal *found = principal_find(snapshot->principals, PRINCIPAL_USER, name);
    CatalogPrincipal *user = NULL;
    if (found != NULL)
    {
        user = ARENA_NEW(session->arena, CatalogPrincipal);
        *user = principal_copy(session->arena, found);
        if (user->valid_until != INT64_MAX && user->valid_until <= session_clock())
            user->scram = NULL;
    }
    catalog_release(catalog, snapshot);
    return user;
}

/* `user`: stays in the session's arena. */
static Error *log_in(Startup *startup, const CatalogPrincipal **out)
{
    Session *session = startup->session;
    Leader *leader = session->leader;
    const CatalogPrincipal *user = *out = find_user(session, startup->user);
    Error *refused = auth_exchange(&session->wire, startup->user, user, leader->auth_secret);
    if (refused != NULL)
    {
        record_connection(session, "authentication failure", startup->user);
        return refused;
    }
    record_connection(session, "authenticated", startup->user);
    ASSERT(user != NULL);
    TRY(check_database(startup));
    session->user = arena_strdup(session->arena, startup->user);
    session->database = arena_strdup(session->arena, startup->database);
    session->user_id = user->id;
    session->connection_limit = user->superuser ? -1 : user->connection_limit;
    return NULL;
}

/* "-c name=value -c ..." or "--name=value" of the parameter "options". */
static Error *options_set(Session *session, const char *text)
{
    char *rest = arena_strdup(session->arena, text), *word;
    const char *reported;
    while ((word = strsep(&rest, " ")) != NULL)
    {
        if (strncmp(word, "--", 2) == 0 || strncmp(word, "-c", 2) == 0)
            word += 2;
        char *equals = strchr(word, '=');
        if (equals == NULL)
            continue;
        *equals = 0;
        TRY(setting_set(session->settings, parse_fold_name(session->arena, word), equals + 1, false, &reported));
    }
    return NULL;
}

/* ALTER USER ... SET: what is no setting any more is passed over. */
static void settings_of_user(Session *session, const CatalogPrincipal *user)
{
    const char *reported;
    for (int32_t i = 0; i < user->setting_count; i++)
        error_free(setting_set(session->settings, user->settings[i].name, user->settings[i].value, false, &reported));
}

/* What the client sent along; names the server does not know are passed over. */
static Error *settings_from_client(Startup *startup)
{
    Session *session = startup->session;
    for (int32_t i = 0; i < startup->option_count; i++)
    {
        const char *name = startup->options[i].name, *value = startup->options[i].value, *reported;
        if (strcmp(name, "driver_version") == 0)
            session->driver_version = value;
        if (strcmp(name, "os_version") == 0)
            session->os_version = value;
        if (strcmp(name, "plugin_name") == 0)
            session->plugin_name = value;
        if (strcmp(name, "options") == 0)
            TRY(options_set(session, value));
        if (setting_get(session->settings, name) == NULL)
            continue;
        Error *error = setting_set(session->settings, name, value, false, &reported);
        if (error != NULL && error->state != SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE)
            return error;
        error_free(error);
    }
    settings_end_transaction(session->settings, true);
    return NULL;
}

static void settings_tell(Session *session)
{
    const char *name, *value, *description, *reported;
    for (int32_t i = 0; setting_at(session->settings, i, &name, &value, &description, &reported); i++)
        if (reported != NULL)
            wire_parameter(&session->wire, reported, value);
}

Error *startup_run(Session *session, bool *served)
{
    *served = false;
    WireReader payload;
    uint32_t version;
    TRY(first_packet(session, &payload, &version));
    if (version == 0)
        return NULL;
    TRY(check_encryption(session));
    Startup startup = {.session = session};
    TRY(parameters_read(&startup, &payload));
    negotiate_version(&session->wire, version);
    const CatalogPrincipal *user;
    TRY(log_in(&startup, &user));
    session->settings = settings_new(session->arena);
    setting_put(session->settings, "session_authorization", session->user);
    setting_put(session->settings, "is_superuser", user->superuser ? "on" : "off");
    settings_of_user(session, user);
    TRY(settings_from_client(&startup));
    TRY(sessions_add(session));
    record_connection(session, "initiating session", session->user);
    session->temp_schema = arena_printf(session->arena, TEMP_SCHEMA_PREFIX "%u", session->process);
    settings_tell(session);
    wire_backend_key(&session->wire, session->process, session->secret);
    wire_ready(&session->wire, SESSION_IDLE);
    TRY(wire_flush(&session->wire));
    session->wire.message_bytes_max = WIRE_MESSAGE_BYTES_MAX;
    *served = true;
    return NULL;
}
