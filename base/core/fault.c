/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLEEP_S 10

typedef enum FaultAct
{
    ACT_KILL,
    ACT_ERROR,
    ACT_SLEEP
} FaultAct;

static const char *const fault_names[FAULT_COUNT] = {
#define FAULT(name, where) [FAULT_##name] = #name,
#include "base/core/fault.def"
#undef FAULT
};

/* One armed point a process, set before any thread starts. */
static int armed_point = -1;
static FaultAct armed_act;
static atomic_long armed_left; /* passings until it strikes */

static int fault_by_name(const char *name, size_t length)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strlen(fault_names[i]) == length && memcmp(fault_names[i], name, length) == 0)
            return i;
    return -1;
}

static Error *act_by_name(const char *name, FaultAct *act)
{
    if (strcmp(name, "kill") == 0)
        *act = ACT_KILL;
    else if (strcmp(name, "error") == 0)
        *act = ACT_ERROR;
    else if (strcmp(name, "sleep") == 0)
        *act = ACT_SLEEP;
    else
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "STOA_FAULT: unknown action \"%s\"", name);
    return NULL;
}

Error *fault_init(void)
{
    armed_point = -1;
    const char *spec = getenv("STOA_FAULT");
    if (spec == NULL || spec[0] == '\0')
        return NULL;
    size_t length = strcspn(spec, ":");
    int point = fault_by_name(spec, length);
    if (point < 0)
        return error_hint(
            error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "STOA_FAULT: unknown fault point \"%.*s\"", (int) length, spec),
            "Fault points are listed in base/core/fault.def.");
    long count = 1;
    FaultAct act = ACT_KILL;
    const char *rest = spec + length;
    if (*rest == ':' && rest[1] >= '0' && rest[1] <= '9')
    {
        char *end;
        count = strtol(rest + 1, &end, 10);
        rest = end;
    }
    if (*rest == ':')
        TRY(act_by_name(rest + 1, &act));
    else if (*rest != '\0')
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "STOA_FAULT: cannot read \"%s\"", spec);
    if (count < 1)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "STOA_FAULT: count must be at least 1");
    armed_act = act;
    atomic_store(&armed_left, count);
    armed_point = point;
    return NULL;
}

static Error *fault_strike(FaultPoint point)
{
    if (atomic_fetch_sub(&armed_left, 1) != 1)
        return NULL;
    switch (armed_act)
    {
    case ACT_KILL:
        raise(SIGKILL);
        break;
    case ACT_ERROR:
        return error_new(SQLSTATE_IO_ERROR, "fault point \"%s\" was armed", fault_names[point]);
    case ACT_SLEEP:
        sleep(SLEEP_S);
        break;
    }
    return NULL;
}

Error *fault_pass(FaultPoint point)
{
    if (__builtin_expect((int) point != armed_point, 1))
        return NULL;
    return fault_strike(point);
}
