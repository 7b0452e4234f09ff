/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another number of slices: every table's rows are written anew, to the slices that they have then, and one commit puts the
 * new files and the new number in the place of the old.  A crash before it leaves the warehouse as it was, and files that the
 * next start sweeps: the resize is run again.
 */
#ifndef SRC_LEADER_RESIZE_H
#define SRC_LEADER_RESIZE_H

#include "src/leader/leader.h"

/* Before anybody else has a session.  One rank does it, with all its threads: rows of a table stand on other slices than the
 * number says meanwhile, and no exchange would find them. */
Error *resize_run(Leader *leader, int32_t slice_count) MUST_USE;

#endif
