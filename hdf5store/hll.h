/* SPDX-License-Identifier: Apache-2.0 */
/* The sketch is base's, so that the catalog can merge what segments report. */
#ifndef HDF5STORE_HLL_H
#define HDF5STORE_HLL_H

#include "base/data/hll.h"

#endif
