/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SRC_COMPUTE_GRANTED_H
#define SRC_COMPUTE_GRANTED_H

#include <stdint.h>

/* Bytes of memory that all processes of this job may have on this machine: the least of what the machine has, what the
 * process's control groups (version 1 or 2, and those above them) allow, and what Slurm granted the job here. */
int64_t memory_granted(void);

#endif
