/* SPDX-License-Identifier: Apache-2.0 */
/* Checking files to the last byte, and clearing away what no manifest names. */
#ifndef HDF5STORE_VERIFY_H
#define HDF5STORE_VERIFY_H

#include "base/core/arena.h"
#include "hdf5store/scan.h"

/* Reads the whole file: size, header, index, digest of everything, every block decoded and compared with
 * its zone.  XX001 at the first thing that is wrong. */
Error *segment_verify(const SegmentRef *ref) MUST_USE;

/* Removes from `directory` every *.h5 and *.tmp whose name is not among `names` (sorted or not), and says how many.
 * Other names are left alone.  A directory that does not exist has none. */
Error *segment_orphans_remove(const char *directory, const char *const *names, int32_t name_count,
                              int32_t *removed) MUST_USE;

#endif
