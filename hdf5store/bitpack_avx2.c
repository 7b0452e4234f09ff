/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels for processors with AVX2; empty elsewhere. */
#include "hdf5store/bitpack.h"

#include <string.h>

#ifdef __x86_64__
#pragma GCC optimize("O3")
#pragma GCC target("avx2,bmi2")
#define BIT_VECTOR_BYTES 32
#define BIT_KERNELS bit_kernels_avx2
#define BIT_ISA "avx2"
#include "hdf5store/bitpack_kernels.h"
#endif
