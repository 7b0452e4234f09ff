/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kernel/sel.h"

#if defined(__x86_64__)
static const SelKernels *fastest(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2"))
        return &sel_kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return &sel_kernels_avx2;
    return &sel_kernels_portable;
}
#else
static const SelKernels *fastest(void)
{
    return &sel_kernels_portable;
}
#endif

const SelKernels *sel_kernels(void)
{
    return fastest();
}
