/* SPDX-License-Identifier: Apache-2.0 */
/* TIMESTAMPTZ, TIME and TIMETZ from text. */
#include "base/data/datetime_scan.h"

Error *timestamptz_parse(const char *text, size_t length, int64_t *timestamp)
{
    Fields fields = {.have = 0};
    int32_t date;
    *timestamp = 0;
    TRY(fields_read("timestamp with time zone", text, length, &fields));
    if (!fields_have_date(&fields))
        return datetime_not_understood("timestamp with time zone", text, length);
    if (!fields_date(&fields, &date))
        return datetime_out_of_range(text, length);
    __int128 result = (__int128) date * DAY_US + fields.us;
    if (result >= TIMESTAMP_MIN && result < TIMESTAMP_END)
        result -= fields_offset(&fields, (int64_t) result) * SECOND_US;
    if (result < TIMESTAMP_MIN || result >= TIMESTAMP_END)
        return datetime_out_of_range(text, length);
    *timestamp = (int64_t) result;
    return NULL;
}

/* A time of day; a date may stand before it, and a zone that is not fixed needs one. */
static Error *time_fields(const char *type, const char *text, size_t length, Fields *fields)
{
    *fields = (Fields){.time_only = true};
    Error *error = fields_read(type, text, length, fields);
    if (error != NULL || (fields->have & HAVE_TIME) == 0)
    {
        Fields moment = {.have = 0};
        Error *again = fields_read(type, text, length, &moment);
        if (again != NULL || (moment.have & HAVE_TIME) == 0)
        {
            error_free(again);
            return error != NULL ? error : datetime_not_understood(type, text, length);
        }
        error_free(error);
        *fields = moment;
    }
    return NULL;
}

Error *time_parse(const char *text, size_t length, int64_t *time)
{
    Fields fields;
    *time = 0;
    TRY(time_fields("time", text, length, &fields));
    *time = fields.us;
    return NULL;
}

Error *timetz_parse(const char *text, size_t length, int64_t *timetz)
{
    Fields fields;
    int32_t date;
    *timetz = 0;
    TRY(time_fields("time with time zone", text, length, &fields));
    if (!fields_have_date(&fields) || !fields_date(&fields, &date))
    {
        int64_t now = value_session()->now;
        date = timestamp_date(zone_to_local(value_session()->zone, now));
    }
    *timetz = timetz_make(fields.us, -fields_offset(&fields, date * DAY_US + fields.us));
    return NULL;
}
