/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/value_session.h"

#include <string.h>

static _Thread_local ValueSession current;

const ValueSession *value_session(void)
{
    if (current.zone == NULL)
        current.zone = zone_utc();
    return &current;
}

void value_session_set(const ValueSession *session)
{
    current = session == NULL ? (ValueSession){.zone = NULL} : *session;
}

void value_session_write(ByteWriter *writer, const ValueSession *session)
{
    const char *name = session->zone == NULL ? "UTC" : zone_name(session->zone);
    put_run(writer, name, strlen(name));
    put_i64(writer, session->now);
    put_u8(writer, session->interval_style);
    put_u8(writer, session->date_order);
    put_u8(writer, session->rounds);
    put_i32(writer, session->float_digits);
}

Error *value_session_read(ByteReader *reader, ValueSession *session)
{
    size_t length;
    const char *name = get_run(reader, &length);
    *session = (ValueSession){.zone = zone_utc()};
    session->now = get_i64(reader);
    session->interval_style = get_u8(reader);
    session->date_order = get_u8(reader);
    session->rounds = get_u8(reader) != 0;
    session->float_digits = get_i32(reader);
    reader->broken |= session->interval_style > INTERVAL_STYLE_ISO || session->date_order > DATE_ORDER_YMD;
    return name == NULL || reader->broken ? NULL : zone_find(name, length, &session->zone);
}
