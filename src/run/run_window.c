/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/run.h"

static Error *window_finish(RtStore *store)
{
    TRY(sort_finish(store));
    return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "window functions are not supported");
}

const StoreOps window_ops = {
    .open = store_bag_open,
    .reserve = store_bag_reserve,
    .commit = store_bag_commit,
    .str = store_bag_str,
    .finish = window_finish,
    .close = store_bag_close,
};
