/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/stoa.conf: "key = value", as postgresql.conf; what the command line says goes first. */
#ifndef SRC_LEADER_CONFIG_H
#define SRC_LEADER_CONFIG_H

#include "base/core/text.h"

#define PORT_DEFAULT 5439
#define CONNECTIONS_DEFAULT 500
#define LOGIN_SECONDS_DEFAULT 60
#define HISTORY_DAYS_DEFAULT 7
#define HISTORY_BYTES_DEFAULT (INT64_C(64) << 20)

typedef enum ConfigSsl
{
    SSL_OFF,
    SSL_ON,      /* for clients that ask for it */
    SSL_REQUIRED /* of all that are not on this machine */
} ConfigSsl;

typedef struct Config
{
    char *listen_address; /* numeric IPv4 or IPv6 */
    int32_t port;         /* 0: any free one, told in DIR/run/port */
    int32_t max_connections;
    int32_t login_timeout_s; /* from the first byte to the last word of the login */
    ConfigSsl ssl;
    char *ssl_cert_file, *ssl_key_file; /* absolute */
    int32_t threads;      /* of each rank; 0: as many as it has cores */
    int64_t memory_bytes; /* of each rank, for queries; 0: the engine decides */
    int32_t history_days; /* 0: none is kept */
    int64_t history_bytes;
    bool auto_vacuum;     /* small segments are merged in the background */
    int32_t copy_directory_count;
    char **copy_directories; /* absolute; COPY may read files below them */
} Config;

/* Defaults, then the file, if it is there.  F0000 with file and line for what cannot be. */
Error *config_read(Arena *arena, const char *directory, Config **out) MUST_USE;
/* One key; used by the file and by command lines.  F0000. */
Error *config_set(Arena *arena, Config *config, const char *directory, const char *key, const char *value) MUST_USE;

#endif
