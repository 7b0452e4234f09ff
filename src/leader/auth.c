/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   server                                   client
 *   AuthenticationSASL  SCRAM-SHA-256  -->
 *                                      <--   n,,n=,r=<client nonce>
 *   r=<both nonces>,s=<salt>,i=<iterations> -->
 *                                      <--   c=biws,r=<both nonces>,p=<proof>
 *   v=<server signature>, AuthenticationOk -->
 *
 *   SaltedPassword = PBKDF2(password, salt, i)     ClientKey = HMAC(SaltedPassword, "Client Key")
 *   StoredKey = SHA256(ClientKey)                  ServerKey = HMAC(SaltedPassword, "Server Key")
 *   AuthMessage = client-first-bare , server-first , client-final-without-proof
 *   proof = ClientKey XOR HMAC(StoredKey, AuthMessage);  v = HMAC(ServerKey, AuthMessage)
 */
#include "src/leader/auth.h"
#include "base/core/assert.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 32
#define SALT_BYTES 16
#define NONCE_BYTES 18
#define SASL_MESSAGE_MAX 2048

typedef struct Verifier
{
    int32_t iterations;
    uint8_t salt[64];
    size_t salt_bytes;
    uint8_t stored_key[KEY_BYTES];
    uint8_t server_key[KEY_BYTES];
} Verifier;

typedef struct Exchange
{
    Arena *arena;
    Wire *wire;
    Verifier verifier;
    bool known; /* false: mock */
    char *client_first_bare;
    char *gs2_header;
    char *nonce; /* both parts */
    char *server_first;
} Exchange;

Error *auth_random(void *bytes, size_t count)
{
    if (RAND_bytes(bytes, (int) count) != 1)
        return error_new(SQLSTATE_INTERNAL_ERROR, "no random numbers can be had");
    return NULL;
}

static char *base64(Arena *arena, const void *bytes, size_t length)
{
    char *text = arena_alloc(arena, (length + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *) text, bytes, (int) length);
    return text;
}

/* false unless text is base64 of 1..room bytes. */
static bool base64_decode(const char *text, size_t length, uint8_t *bytes, size_t room, size_t *count)
{
    uint8_t decoded[256];
    if (length == 0 || length % 4 != 0 || length / 4 * 3 > sizeof decoded)
        return false;
    int got = EVP_DecodeBlock(decoded, (const unsigned char *) text, (int) length);
    if (got < 0)
        return false;
    size_t size = (size_t) got - (text[length - 1] == '=') - (text[length - 2] == '=');
    if (size > room)
        return false;
    memcpy(bytes, decoded, size);
    *count = size;
    return true;
}

static void hmac(const void *key, size_t key_bytes, const void *text, size_t length, uint8_t *out)
{
    unsigned int size = KEY_BYTES;
    ASSERT(HMAC(EVP_sha256(), key, (int) key_bytes, text, length, out, &size) != NULL && size == KEY_BYTES);
}

static void sha256(const void *bytes, size_t length, uint8_t *out)
{
    unsigned int size = KEY_BYTES;
    ASSERT(EVP_Digest(bytes, length, out, &size, EVP_sha256(), NULL) == 1 && size == KEY_BYTES);
}

Error *auth_make_verifier(Arena *arena, const char *password, char **verifier)
{
    for (const char *c = password; *c != 0; c++)
        if (*c < ' ' || *c > '~')
            return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "a password may hold printable ASCII characters only");
    if (password[0] == 0)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the password is empty");
    uint8_t salt[SALT_BYTES], salted[KEY_BYTES], client_key[KEY_BYTES], stored_key[KEY_BYTES], server_key[KEY_BYTES];
    TRY(auth_random(salt, sizeof salt));
    if (PKCS5_PBKDF2_HMAC(password, (int) strlen(password), salt, sizeof salt, SCRAM_ITERATIONS, EVP_sha256(), KEY_BYTES,
                          salted) != 1)
        return error_new(SQLSTATE_INTERNAL_ERROR, "PBKDF2 failed");
    hmac(salted, sizeof salted, "Client Key", 10, client_key);
    sha256(client_key, sizeof client_key, stored_key);
    hmac(salted, sizeof salted, "Server Key", 10, server_key);
    *verifier = arena_printf(arena, "SCRAM-SHA-256$%d:%s$%s:%s", SCRAM_ITERATIONS, base64(arena, salt, sizeof salt),
                             base64(arena, stored_key, KEY_BYTES), base64(arena, server_key, KEY_BYTES));
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(client_key, sizeof client_key);
    return NULL;
}

static bool verifier_parse(const char *text, Verifier *out)
{
    static const char prefix[] = "SCRAM-SHA-256$";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return false;
    char *colon;
    long iterations = strtol(text + sizeof prefix - 1, &colon, 10);
    if (iterations < 1 || iterations > 10000000 || *colon != ':')
        return false;
    out->iterations = (int32_t) iterations;
    const char *salt = colon + 1, *dollar = strchr(salt, '$');
    const char *second = dollar == NULL ? NULL : strchr(dollar, ':');
    size_t size;
    return second != NULL && base64_decode(salt, (size_t) (dollar - salt), out->salt, sizeof out->salt, &out->salt_bytes) &&
           base64_decode(dollar + 1, (size_t) (second - dollar - 1), out->stored_key, KEY_BYTES, &size) &&
           size == KEY_BYTES && base64_decode(second + 1, strlen(second + 1), out->server_key, KEY_BYTES, &size) &&
           size == KEY_BYTES;
}

bool auth_is_verifier(const char *text)
{
    Verifier verifier;
    return verifier_parse(text, &verifier);
}

static void verifier_mock(const char *name, const uint8_t *secret, Verifier *out)
{
    uint8_t made_up[KEY_BYTES];
    hmac(secret, AUTH_SECRET_BYTES, name, strlen(name), made_up);
    *out = (Verifier){.iterations = SCRAM_ITERATIONS, .salt_bytes = SALT_BYTES};
    memcpy(out->salt, made_up, SALT_BYTES);
}

static Error *malformed(void)
{
    return error_new(SQLSTATE_PROTOCOL_VIOLATION, "malformed SCRAM message");
}

static Error *sasl_read(Exchange *x, WireReader *payload)
{
    uint8_t type;
    TRY(wire_read(x->wire, &type, payload));
    if (type == 0)
        return error_new(SQLSTATE_CONNECTION_FAILURE, "the client went away while it logged in");
    if (type != 'p')
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "expected SASL response, got message type %d", type);
    return NULL;
}

/* client-first: gs2-header "n,," or "y,,", then n=..,r=nonce */
static Error *client_first(Exchange *x)
{
    WireReader payload;
    TRY(sasl_read(x, &payload));
    const char *mechanism = wire_get_string(&payload);
    uint32_t length = wire_get_u32(&payload);
    if (payload.broken || length != (uint32_t) (payload.end - payload.at) || length > SASL_MESSAGE_MAX)
        return malformed();
    if (strcmp(mechanism, "SCRAM-SHA-256") != 0)
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "client selected an invalid SASL authentication mechanism");
    char *message = arena_strndup(x->arena, (const char *) payload.at, length);
    if ((message[0] != 'n' && message[0] != 'y') || message[1] != ',' || message[2] != ',')
        return malformed(); /* channel binding needs TLS, authorization identities are not used */
    x->gs2_header = arena_strndup(x->arena, message, 3);
    x->client_first_bare = message + 3;
    const char *nonce = strstr(x->client_first_bare, "r=");
    if (strncmp(x->client_first_bare, "n=", 2) != 0 || nonce == NULL || nonce[-1] != ',')
        return malformed();
    nonce += 2;
    size_t nonce_length = strcspn(nonce, ",");
    if (nonce_length == 0)
        return malformed();
    uint8_t own[NONCE_BYTES];
    TRY(auth_random(own, sizeof own));
    x->nonce =
        arena_printf(x->arena, "%.*s%s", (int) nonce_length, nonce, base64(x->arena, own, sizeof own));
    return NULL;
}

static Error *server_first(Exchange *x)
{
    x->server_first = arena_printf(x->arena, "r=%s,s=%s,i=%d", x->nonce,
                                   base64(x->arena, x->verifier.salt, x->verifier.salt_bytes), x->verifier.iterations);
    wire_begin(x->wire, 'R');
    wire_put_u32(x->wire, 11);
    wire_put_bytes(x->wire, x->server_first, strlen(x->server_first));
    wire_end(x->wire);
    return wire_flush(x->wire);
}

/* *proven: the client knows the password. signature: the server's own proof. */
static Error *client_final(Exchange *x, bool *proven, uint8_t *signature)
{
    WireReader payload;
    TRY(sasl_read(x, &payload));
    size_t length = (size_t) (payload.end - payload.at);
    if (length > SASL_MESSAGE_MAX)
        return malformed();
    char *message = arena_strndup(x->arena, (const char *) payload.at, length);
    char *proof = strstr(message, ",p=");
    if (proof == NULL)
        return malformed();
    *proof = 0; /* message is now client-final-without-proof */
    char *expected =
        arena_printf(x->arena, "c=%s,r=%s", base64(x->arena, x->gs2_header, strlen(x->gs2_header)), x->nonce);
    uint8_t given[KEY_BYTES];
    size_t size;
    if (strcmp(message, expected) != 0 || !base64_decode(proof + 3, strlen(proof + 3), given, KEY_BYTES, &size) ||
        size != KEY_BYTES)
        return malformed();
    char *auth = arena_printf(x->arena, "%s,%s,%s", x->client_first_bare, x->server_first, message);
    uint8_t client_signature[KEY_BYTES], client_key[KEY_BYTES], stored_key[KEY_BYTES];
    hmac(x->verifier.stored_key, KEY_BYTES, auth, strlen(auth), client_signature);
    for (int i = 0; i < KEY_BYTES; i++)
        client_key[i] = given[i] ^ client_signature[i];
    sha256(client_key, KEY_BYTES, stored_key);
    *proven = CRYPTO_memcmp(stored_key, x->verifier.stored_key, KEY_BYTES) == 0 && x->known;
    hmac(x->verifier.server_key, KEY_BYTES, auth, strlen(auth), signature);
    return NULL;
}

static Error *exchange_run(Exchange *x, const char *name)
{
    wire_begin(x->wire, 'R');
    wire_put_u32(x->wire, 10);
    wire_put_string(x->wire, "SCRAM-SHA-256");
    wire_put_u8(x->wire, 0);
    wire_end(x->wire);
    TRY(wire_flush(x->wire));
    TRY(client_first(x));
    TRY(server_first(x));
    bool proven = false;
    uint8_t signature[KEY_BYTES];
    TRY(client_final(x, &proven, signature));
    if (!proven)
        return error_new(SQLSTATE_INVALID_PASSWORD, "password authentication failed for user \"%s\"", name);
    char *final = arena_printf(x->arena, "v=%s", base64(x->arena, signature, KEY_BYTES));
    wire_begin(x->wire, 'R');
    wire_put_u32(x->wire, 12);
    wire_put_bytes(x->wire, final, strlen(final));
    wire_end(x->wire);
    wire_begin(x->wire, 'R');
    wire_put_u32(x->wire, 0);
    wire_end(x->wire);
    return NULL;
}

Error *auth_exchange(Wire *wire, const char *name, const CatalogPrincipal *user, const uint8_t *secret)
{
    Exchange x = {.wire = wire};
    x.known = user != NULL && user->scram != NULL && verifier_parse(user->scram, &x.verifier);
    if (!x.known)
        verifier_mock(name, secret, &x.verifier);
    x.arena = arena_new("login");
    Error *error = exchange_run(&x, name);
    arena_free(x.arena);
    OPENSSL_cleanse(&x.verifier, sizeof x.verifier);
    return error;
}
