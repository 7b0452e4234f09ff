/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate that signs itself: see tls.h. */
#include "base/core/assert.h"
#include "src/leader/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SERIAL_BITS 63
#define COMMON_NAME_BYTES_MAX 64 /* RFC 5280 */
#define YESTERDAY (-24L * 3600)  /* clocks differ */
#define LIFE_SECONDS (3650L * 24 * 3600)

/* A name of the list: letters, digits, dots, dashes; a star; colons in addresses. */
static bool name_good(const char *name)
{
    return name[0] != 0 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*:") == strlen(name);
}

static bool name_is_address(const char *name)
{
    unsigned char binary[16];
    return inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
}

/* "a.b,127.0.0.1" -> "DNS:a.b,IP:127.0.0.1" */
static Error *names_sort(Arena *arena, const char *names, char **first, char **out)
{
    Text text;
    text_init(&text, arena);
    char *rest = arena_strdup(arena, names), *name;
    *first = NULL;
    while ((name = strsep(&rest, ", ")) != NULL)
    {
        if (name[0] == 0)
            continue;
        if (!name_good(name) || (strchr(name, ':') != NULL && !name_is_address(name)))
            return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "\"%s\" is no name of a server", name);
        text_printf(&text, "%s%s:%s", *first == NULL ? "" : ",", name_is_address(name) ? "IP" : "DNS", name);
        if (*first == NULL)
            *first = name;
    }
    if (*first == NULL)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the server has no name");
    *out = text.data;
    return NULL;
}

static EVP_PKEY *key_make(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    if (context == NULL || EVP_PKEY_keygen_init(context) != 1 ||
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) != 1 || EVP_PKEY_keygen(context, &key) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static bool extension_add(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool serial_set(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool set = number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
               BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static bool certificate_fill(X509 *certificate, EVP_PKEY *key, const char *first, const char *names)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    const char *common = strlen(first) <= COMMON_NAME_BYTES_MAX ? first : "stoa";
    return X509_set_version(certificate, 2) == 1 && serial_set(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), YESTERDAY) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), LIFE_SECONDS) != NULL &&
           X509_set_pubkey(certificate, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *) common, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           extension_add(certificate, NID_subject_alt_name, names) &&
           extension_add(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           extension_add(certificate, NID_key_usage, "critical,digitalSignature") &&
           extension_add(certificate, NID_ext_key_usage, "serverAuth") &&
           extension_add(certificate, NID_subject_key_identifier, "hash") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

static char *pem(Arena *arena, X509 *certificate, EVP_PKEY *key)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL, *bytes;
    bool written = memory != NULL && (certificate != NULL ? PEM_write_bio_X509(memory, certificate) == 1
                                                          : PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1);
    if (written)
    {
        long length = BIO_get_mem_data(memory, &bytes);
        text = arena_strndup(arena, bytes, (size_t) length);
    }
    BIO_free(memory);
    return text;
}

Error *tls_make_pair(Arena *arena, const char *names, char **certificate, char **key)
{
    char *first, *sorted;
    TRY(names_sort(arena, names, &first, &sorted));
    EVP_PKEY *pair = key_make();
    X509 *paper = X509_new();
    bool made = pair != NULL && paper != NULL && certificate_fill(paper, pair, first, sorted);
    *certificate = made ? pem(arena, paper, NULL) : NULL;
    *key = made ? pem(arena, NULL, pair) : NULL;
    X509_free(paper);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    if (*certificate == NULL || *key == NULL)
        return error_new(SQLSTATE_INTERNAL_ERROR, "could not make a certificate");
    return NULL;
}
