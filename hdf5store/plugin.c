/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plug-in through which h5dump, h5py and every other HDF5 program reads Stoa's columns:
 *     HDF5_PLUGIN_PATH=<pkglibdir>/hdf5_plugins h5dump -d /quantity segment.h5
 */
#include "hdf5store/filter.h"

#include <H5PLextern.h>
#include <hdf5.h>

static const H5Z_class2_t filter_class = {
    H5Z_CLASS_T_VERS, FILTER_ID, 1, 1, FILTER_NAME, NULL, NULL, filter_run,
};

H5PL_type_t H5PLget_plugin_type(void)
{
    return H5PL_TYPE_FILTER;
}

const void *H5PLget_plugin_info(void)
{
    return &filter_class;
}
