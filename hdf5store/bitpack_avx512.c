/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels for processors with AVX-512 F, BW, DQ and VL; empty elsewhere. */
#include "hdf5store/bitpack.h"

#include <string.h>

#ifdef __x86_64__
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,prefer-vector-width=512")
#define BIT_VECTOR_BYTES 64
#define BIT_KERNELS bit_kernels_avx512
#define BIT_ISA "avx512"
#include "hdf5store/bitpack_kernels.h"
#endif
