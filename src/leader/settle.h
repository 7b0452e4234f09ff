/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files ride in the commit record until they are durable by themselves:
 *
 *     INSERT: file written, not synced --> commit: the manifest names it, `images` has its bytes: one fsync
 *     here:   file synced, or written again if a crash took it --> the image goes
 *
 * A merge, DROP and TRUNCATE take images with their segments: most files are never synced.
 */
#ifndef SRC_LEADER_SETTLE_H
#define SRC_LEADER_SETTLE_H

#include "sql/catalog/catalog.h"

#define IMAGES_BYTES_MAX (INT64_C(64) << 20) /* beyond it files are synced before they are committed */

/* Files whose image the catalog has are there afterwards, durable, and have none: at start before anybody reads, and when many
 * have come together.  A file that is dropped meanwhile may come back without a name in the manifest. */
Error *settle_files(const char *directory, Catalog *catalog) MUST_USE;

#endif
