/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels for any processor GCC knows; SSE2 on x86-64. */
#include <string.h>

#pragma GCC optimize("O3")
#define BIT_VECTOR_BYTES 16
#define BIT_KERNELS bit_kernels_portable
#define BIT_ISA "portable"
#include "hdf5store/bitpack_kernels.h"
