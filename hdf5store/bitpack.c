/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels this processor gets.  The cpuid answers are cached by libgcc. */
#include "hdf5store/bitpack.h"

#include <stdbool.h>
#include <string.h>

#ifdef __x86_64__
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

const BitKernels *bit_kernels(void)
{
#ifdef __x86_64__
    if (has_avx512())
        return &bit_kernels_avx512;
    if (has_avx2())
        return &bit_kernels_avx2;
#endif
    return &bit_kernels_portable;
}

const BitKernels *bit_kernels_named(const char *isa)
{
#ifdef __x86_64__
    if (strcmp(isa, "avx512") == 0)
        return has_avx512() ? &bit_kernels_avx512 : NULL;
    if (strcmp(isa, "avx2") == 0)
        return has_avx2() ? &bit_kernels_avx2 : NULL;
#endif
    return strcmp(isa, "portable") == 0 ? &bit_kernels_portable : NULL;
}
