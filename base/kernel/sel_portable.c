/* SPDX-License-Identifier: Apache-2.0 */
#define SEL_NAME  portable
#define SEL_CHUNK 0
#include "base/kernel/sel_kernels.h"
