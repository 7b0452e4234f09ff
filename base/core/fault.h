/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault points: named places (fault.def) where a test can make the process
 * fail.  STOA_FAULT="name[:n][:kill|error|sleep]" in the environment arms one:
 * at the n-th passing (default 1) it kills the process with SIGKILL (default),
 * returns an IO_ERROR, or sleeps for 10 s.  Unarmed, a point is one predictable branch.
 */
#ifndef BASE_CORE_FAULT_H
#define BASE_CORE_FAULT_H

#include "base/core/error.h"

typedef enum FaultPoint
{
#define FAULT(name, where) FAULT_##name,
#include "base/core/fault.def"
#undef FAULT
    FAULT_COUNT
} FaultPoint;

Error *fault_init(void) MUST_USE; /* reads STOA_FAULT; an unknown name is an error */
Error *fault_pass(FaultPoint point) MUST_USE;

#endif
