/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones, read from the system's tz database (TZif files, RFC 8536) without the C
 * library's localtime(): many sessions with different zones live in one process.
 *
 * A TimeZone is read once, kept for the life of the process and never changes; any thread may use it.
 */
#ifndef BASE_DATA_ZONE_H
#define BASE_DATA_ZONE_H

#include "base/core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct TimeZone TimeZone;

#define ZONE_NAME_MAX 63
#define ZONE_OFFSET_MAX (15 * 3600 + 59 * 60 + 59) /* seconds, either way */

/* A zone by what SET timezone, AT TIME ZONE and literals may say: "Europe/Berlin" (in any case), an
 * abbreviation ("PST"), "UTC", "Z", hours east ("+3", "-08:00"; in a POSIX form such as "UTC+3" they count west).
 * 22023 if there is none. */
Error *zone_find(const char *name, size_t length, const TimeZone **zone) MUST_USE;
/* As SET timezone takes it: what is a zone's name and an abbreviation too (CET, EET) is the zone, with its summer time. */
Error *zone_find_setting(const char *name, size_t length, const TimeZone **zone) MUST_USE;
const TimeZone *zone_utc(void);
const TimeZone *zone_fixed(int32_t east); /* seconds east of Greenwich, at most ZONE_OFFSET_MAX */
const char *zone_name(const TimeZone *zone);

/* Seconds east of Greenwich at a moment (microseconds since 2000-01-01 00:00 UTC). */
int32_t zone_offset(const TimeZone *zone, int64_t utc);
/* Abbreviation then in force: "CEST". */
const char *zone_abbreviation(const TimeZone *zone, int64_t utc);
/* The same at a local time.  In a gap what was before counts, where it comes twice what is after, as
 * PostgreSQL's DetermineTimeZoneOffset() has it. */
int32_t zone_offset_local(const TimeZone *zone, int64_t local);

/* Local time of a moment, and the moment of a local time.  May pass the calendar's ends by a day. */
static inline int64_t zone_to_local(const TimeZone *zone, int64_t utc)
{
    return utc + zone_offset(zone, utc) * INT64_C(1000000);
}
static inline int64_t zone_to_utc(const TimeZone *zone, int64_t local)
{
    return local - zone_offset_local(zone, local) * INT64_C(1000000);
}

#endif
