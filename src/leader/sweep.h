/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Open MPI leaves behind when it is killed, on this machine and of this user only:
 *
 *     /dev/shm/vader_segment.HOST.UID.JOB.RANK     shared memory between ranks of a node
 *     TMPDIR/ompi.HOST.UID/{pid.N,jf.J}            session directory of mpirun with process N
 *
 * A shared-memory file goes when no process has it mapped, a session directory when its mpirun is dead.
 */
#ifndef SRC_LEADER_SWEEP_H
#define SRC_LEADER_SWEEP_H

#include "base/core/arena.h"

/* Returns how many were removed. */
int64_t sweep_dead_jobs(void);

#endif
