/* SPDX-License-Identifier: Apache-2.0 */
/* Channels of TLS: see tls.h. */
#include "src/leader/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20" /* forward secrecy and authenticated encryption only */

struct TlsServer
{
    SSL_CTX *context;
};

struct TlsChannel
{
    SSL *ssl;
    bool broken; /* nothing more can be said */
};

/* OpenSSL's first word about what went wrong. */
static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return text != NULL ? text : errno != 0 ? strerror(errno) : "the connection was closed";
}

static Error *file_bad(const char *what, const char *path, const char *why)
{
    return error_new(SQLSTATE_CONFIGURATION_ERROR, "could not load %s file \"%s\": %s", what, path, why);
}

/* --- the server's side -------------------------------------------------------------- */
/* Others must not be able to read the key: the file that is looked at is the one that is read. */
static Error *key_check(const char *path, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return file_bad("key", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return file_bad("key", path, "it is not a regular file");
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return error_hint(file_bad("key", path, "it belongs to somebody else"),
                          "It must belong to the user who runs the server, or to root.");
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_hint(file_bad("key", path, "others have access to it"), "Say: chmod 600 %s", path);
    return NULL;
}

/* A key with a passphrase cannot be used: nobody is there to be asked. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void) buffer, (void) size, (void) writing, (void) context;
    return 0;
}

static Error *key_load(SSL_CTX *context, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return file_bad("key", path, strerror(errno));
    Error *error = key_check(path, fileno(file));
    if (error == NULL)
    {
        EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
        if (key == NULL || SSL_CTX_use_PrivateKey(context, key) != 1)
            error = file_bad("key", path, reason());
        EVP_PKEY_free(key);
    }
    fclose(file);
    return error;
}

static void context_set_up(SSL_CTX *context)
{
    uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE;
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
    options |= SSL_OP_IGNORE_UNEXPECTED_EOF; /* messages have lengths: whoever only closes the socket takes nothing away */
#endif
    SSL_CTX_set_options(context, options);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY); /* an idle session keeps no buffers */
}

static Error *context_fill(SSL_CTX *context, const char *certificate, const char *key)
{
    errno = 0;
    context_set_up(context);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS_TLS12) != 1)
        return error_new(SQLSTATE_CONFIGURATION_ERROR, "could not set up TLS: %s", reason());
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return file_bad("certificate", certificate, reason());
    TRY(key_load(context, key));
    if (SSL_CTX_check_private_key(context) != 1)
        return error_new(SQLSTATE_CONFIGURATION_ERROR, "key file \"%s\" does not belong to certificate file \"%s\"", key,
                         certificate);
    return NULL;
}

Error *tls_server_new(Arena *arena, const char *certificate, const char *key, TlsServer **out)
{
    TlsServer *server = ARENA_NEW(arena, TlsServer);
    server->context = SSL_CTX_new(TLS_server_method());
    if (server->context == NULL)
        return error_new(SQLSTATE_CONFIGURATION_ERROR, "could not set up TLS: %s", reason());
    Error *error = context_fill(server->context, certificate, key);
    if (error != NULL)
    {
        tls_server_free(server);
        return error;
    }
    *out = server;
    return NULL;
}

void tls_server_free(TlsServer *server)
{
    if (server != NULL)
        SSL_CTX_free(server->context);
}

/* --- one connection ------------------------------------------------------------------ */
/* A signal came in between: to be tried again. */
static bool interrupted(const SSL *ssl, int result)
{
    int code = SSL_get_error(ssl, result);
    return code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE;
}

/* Of an operation that failed with `result`: what recv() and send() would say. */
static ssize_t failure(TlsChannel *channel, int result)
{
    int code = SSL_get_error(channel->ssl, result);
    if (code == SSL_ERROR_ZERO_RETURN)
        return 0;
    channel->broken = true;
    if (code == SSL_ERROR_SYSCALL)
        return errno == 0 ? 0 : -1;
    ERR_clear_error();
    errno = EPROTO;
    return -1;
}

Error *tls_accept(TlsServer *server, int fd, TlsChannel **out)
{
    TlsChannel *channel = calloc(1, sizeof *channel);
    SSL *ssl = SSL_new(server->context);
    if (channel == NULL || ssl == NULL || SSL_set_fd(ssl, fd) != 1)
    {
        SSL_free(ssl);
        free(channel);
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for a TLS connection");
    }
    channel->ssl = ssl;
    int result;
    do
    {
        ERR_clear_error();
        errno = 0;
        result = SSL_accept(ssl);
    } while (interrupted(ssl, result));
    if (result == 1)
    {
        *out = channel;
        return NULL;
    }
    Error *error = error_new(SQLSTATE_CONNECTION_FAILURE, "could not accept a TLS connection: %s", reason());
    channel->broken = true;
    tls_close(channel);
    return error;
}

ssize_t tls_receive(TlsChannel *channel, void *bytes, size_t room)
{
    size_t got = 0;
    int result;
    do
    {
        ERR_clear_error();
        errno = 0;
        result = SSL_read_ex(channel->ssl, bytes, room, &got);
    } while (interrupted(channel->ssl, result));
    return result == 1 ? (ssize_t) got : failure(channel, result);
}

ssize_t tls_send(TlsChannel *channel, const void *bytes, size_t count)
{
    size_t done = 0;
    int result;
    do
    {
        ERR_clear_error();
        errno = 0;
        result = SSL_write_ex(channel->ssl, bytes, count, &done);
    } while (interrupted(channel->ssl, result));
    return result == 1 ? (ssize_t) done : failure(channel, result);
}

bool tls_pending(const TlsChannel *channel)
{
    return SSL_has_pending(channel->ssl) == 1;
}

const char *tls_version(const TlsChannel *channel)
{
    return SSL_get_version(channel->ssl);
}

const char *tls_cipher(const TlsChannel *channel)
{
    return SSL_get_cipher_name(channel->ssl);
}

void tls_close(TlsChannel *channel)
{
    if (channel == NULL)
        return;
    int fd = SSL_get_fd(channel->ssl);
    if (!channel->broken && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
        (void) SSL_shutdown(channel->ssl); /* the socket is closed next: what the kernel does not take at once is lost */
    ERR_clear_error();
    SSL_free(channel->ssl);
    free(channel);
}
