/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/h5file.h"

#include "base/core/assert.h"
#include "hdf5store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* HDF5 is one per process, and so is its lock.  (Its own is not in every build.) */
static pthread_mutex_t hdf5_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t hdf5_once = PTHREAD_ONCE_INIT;

struct H5File
{
    hid_t id; /* -1: closed */
    const char *path;
};

static const H5Z_class2_t filter_class = {
    H5Z_CLASS_T_VERS, FILTER_ID, 1, 1, FILTER_NAME, NULL, NULL, filter_run,
};

static void library_start(void)
{
    /* parallel file systems may lack flock; our files have one writer and are never opened again to write */
    (void) setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    (void) H5open();
    (void) H5Zregister(&filter_class);
}

void h5file_start(void)
{
    (void) pthread_once(&hdf5_once, library_start);
}

static void library_lock(void)
{
    h5file_start();
    (void) pthread_mutex_lock(&hdf5_mutex);
    (void) H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* the stack is a thread's own */
}

static void library_unlock(void)
{
    (void) pthread_mutex_unlock(&hdf5_mutex);
}

/* ---- errors ---- */

static herr_t first_reason(unsigned depth, const H5E_error2_t *frame, void *context)
{
    (void) depth;
    const char **reason = context;
    *reason = frame->desc;
    return 0;
}

/* Call with the lock held, right after the failure. */
static Error *library_error(const H5File *file, const char *act)
{
    const char *reason = NULL;
    (void) H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, first_reason, &reason);
    bool full = reason != NULL && (strstr(reason, strerror(ENOSPC)) != NULL || strstr(reason, strerror(EDQUOT)) != NULL);
    SqlState state = full ? SQLSTATE_DISK_FULL : SQLSTATE_IO_ERROR;
    Error *error = error_new(state, "could not %s in file \"%s\"", act, file->path);
    error = error_detail(error, "HDF5 says: %s.", reason != NULL && reason[0] != '\0' ? reason : "no reason given");
    (void) H5Eclear2(H5E_DEFAULT);
    return error;
}

/* ---- file ---- */

static void close_file(void *thing)
{
    error_free(h5file_close(thing));
}

/* HDF5 would create it readable for all. */
static Error *make_private(const char *path)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return layout_io_error(path, "create");
    if (close(fd) != 0)
        return layout_io_error(path, "create");
    return NULL;
}

Error *h5file_create(Arena *arena, const char *path, uint32_t user_block, H5File **made)
{
    TRY(make_private(path));
    H5File *file = ARENA_NEW(arena, H5File);
    file->id = -1;
    file->path = arena_strdup(arena, path);
    arena_own(arena, close_file, file);

    library_lock();
    hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    bool good = creation >= 0 && access >= 0 && H5Pset_userblock(creation, user_block) >= 0 &&
                H5Pset_obj_track_times(creation, false) >= 0 &&
                H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0 &&
                H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0;
    if (good)
        file->id = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    Error *error = file->id >= 0 ? NULL : library_error(file, "begin a segment");
    (void) H5Pclose(creation);
    (void) H5Pclose(access);
    library_unlock();
    if (error != NULL)
        (void) unlink(path);
    *made = file;
    return error;
}

Error *h5file_close(H5File *file)
{
    if (file->id < 0)
        return NULL;
    library_lock();
    Error *error = H5Fclose(file->id) >= 0 ? NULL : library_error(file, "end a segment");
    file->id = -1;
    library_unlock();
    return error;
}

/* ---- types ---- */

static hid_t type_bool(void)
{
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    int8_t no = 0, yes = 1;
    (void) H5Tenum_insert(type, "FALSE", &no);
    (void) H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

static hid_t type_i128(void)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(I128));
    (void) H5Tinsert(type, "lo", offsetof(I128, lo), H5T_STD_U64LE);
    (void) H5Tinsert(type, "hi", offsetof(I128, hi), H5T_STD_I64LE);
    return type;
}

static hid_t type_string(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    (void) H5Tset_size(type, size);
    (void) H5Tset_strpad(type, H5T_STR_NULLPAD);
    (void) H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static hid_t type_make_hdf5(const H5Dataset *spec)
{
    if (spec->shape == FILTER_STRINGS)
        return type_string((size_t) spec->element_size);
    if (spec->shape == FILTER_TEXT)
        return H5Tcopy(H5T_STD_U8LE);
    switch (spec->kind)
    {
    case CHUNK_I8:
        return spec->is_bool ? type_bool() : H5Tcopy(H5T_STD_I8LE);
    case CHUNK_I16:
        return H5Tcopy(H5T_STD_I16LE);
    case CHUNK_I32:
        return H5Tcopy(H5T_STD_I32LE);
    case CHUNK_I64:
        return H5Tcopy(H5T_STD_I64LE);
    case CHUNK_I128:
        return type_i128();
    case CHUNK_F32:
        return H5Tcopy(H5T_IEEE_F32LE);
    default:
        return H5Tcopy(H5T_IEEE_F64LE);
    }
}

static hid_t type_index(void)
{
    hid_t bytes = H5Tcreate(H5T_OPAQUE, ZONE_PREFIX);
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(IndexEntry));
    (void) H5Tinsert(type, "address", offsetof(IndexEntry, address), H5T_STD_U64LE);
    (void) H5Tinsert(type, "digest", offsetof(IndexEntry, digest), H5T_STD_U64LE);
    (void) H5Tinsert(type, "null_address", offsetof(IndexEntry, null_address), H5T_STD_U64LE);
    (void) H5Tinsert(type, "null_digest", offsetof(IndexEntry, null_digest), H5T_STD_U64LE);
    (void) H5Tinsert(type, "size", offsetof(IndexEntry, size), H5T_STD_U32LE);
    (void) H5Tinsert(type, "null_size", offsetof(IndexEntry, null_size), H5T_STD_U32LE);
    (void) H5Tinsert(type, "rows", offsetof(IndexEntry, rows), H5T_STD_U32LE);
    (void) H5Tinsert(type, "nulls", offsetof(IndexEntry, nulls), H5T_STD_U32LE);
    (void) H5Tinsert(type, "encoding", offsetof(IndexEntry, encoding), H5T_STD_U8LE);
    (void) H5Tinsert(type, "flags", offsetof(IndexEntry, flags), H5T_STD_U8LE);
    (void) H5Tinsert(type, "min_length", offsetof(IndexEntry, min_length), H5T_STD_U8LE);
    (void) H5Tinsert(type, "max_length", offsetof(IndexEntry, max_length), H5T_STD_U8LE);
    (void) H5Tinsert(type, "min", offsetof(IndexEntry, min), bytes);
    (void) H5Tinsert(type, "max", offsetof(IndexEntry, max), bytes);
    (void) H5Tclose(bytes);
    return type;
}

/* ---- datasets ---- */

static hid_t dataset_properties(const H5Dataset *spec)
{
    unsigned values[FILTER_VALUE_COUNT] = {
        [FILTER_VERSION] = 1,
        [FILTER_SHAPE] = (unsigned) spec->shape,
        [FILTER_ELEMENT_SIZE] = spec->shape == FILTER_NUMBERS   ? (unsigned) chunk_kind_width(spec->kind)
                                : spec->shape == FILTER_STRINGS ? (unsigned) spec->element_size
                                                                : 1,
        [FILTER_CHUNK_SIZE] = spec->chunk_size,
    };
    hsize_t chunk = spec->chunk_size;
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    (void) H5Pset_obj_track_times(properties, false); /* same rows, same bytes */
    (void) H5Pset_chunk(properties, 1, &chunk);
    (void) H5Pset_filter(properties, FILTER_ID, H5Z_FLAG_MANDATORY, FILTER_VALUE_COUNT, values);
    return properties;
}

Error *h5file_dataset(H5File *file, const H5Dataset *spec, int64_t *dataset)
{
    ASSERT(spec->chunk_size >= 1);
    hsize_t size = spec->elements, size_max = spec->grows ? H5S_UNLIMITED : spec->elements;
    library_lock();
    hid_t type = type_make_hdf5(spec), properties = dataset_properties(spec);
    hid_t space = H5Screate_simple(1, &size, &size_max);
    hid_t id = H5Dcreate2(file->id, spec->name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    Error *error = id >= 0 ? NULL : library_error(file, "make a dataset");
    (void) H5Sclose(space);
    (void) H5Pclose(properties);
    (void) H5Tclose(type);
    library_unlock();
    *dataset = id;
    return error;
}

Error *h5file_write_chunk(H5File *file, int64_t dataset, uint64_t chunk, uint32_t chunk_size, uint64_t elements,
                          const void *bytes, size_t size)
{
    hsize_t extent = elements, at = chunk * chunk_size;
    library_lock();
    bool good = H5Dset_extent(dataset, &extent) >= 0 && H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &at, size, bytes) >= 0;
    Error *error = good ? NULL : library_error(file, "write a block");
    library_unlock();
    return error;
}

Error *h5file_chunk_address(H5File *file, int64_t dataset, uint64_t chunk, uint32_t chunk_size, uint64_t *address)
{
    hsize_t at = chunk * chunk_size, size = 0;
    unsigned mask = 0;
    haddr_t found = HADDR_UNDEF;
    library_lock();
    bool good = H5Dget_chunk_info_by_coord(dataset, &at, &mask, &found, &size) >= 0 && found != HADDR_UNDEF;
    Error *error = good ? NULL : library_error(file, "find a block");
    library_unlock();
    *address = found;
    return error;
}

Error *h5file_extend(H5File *file, int64_t dataset, uint64_t elements)
{
    hsize_t extent = elements;
    library_lock();
    Error *error = H5Dset_extent(dataset, &extent) >= 0 ? NULL : library_error(file, "extend a dataset");
    library_unlock();
    return error;
}

Error *h5file_dataset_close(H5File *file, int64_t dataset)
{
    library_lock();
    Error *error = H5Dclose(dataset) >= 0 ? NULL : library_error(file, "end a dataset");
    library_unlock();
    return error;
}

/* ---- attributes ---- */

static Error *attribute(H5File *file, int64_t dataset, const char *name, hid_t type, const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t id = H5Acreate2(dataset >= 0 ? dataset : file->id, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = id >= 0 && H5Awrite(id, type, value) >= 0;
    Error *error = good ? NULL : library_error(file, "write an attribute");
    if (id >= 0)
        (void) H5Aclose(id);
    (void) H5Sclose(space);
    return error;
}

Error *h5file_attribute_text(H5File *file, int64_t dataset, const char *name, const char *value)
{
    library_lock();
    hid_t type = type_string(strlen(value) + 1);
    (void) H5Tset_strpad(type, H5T_STR_NULLTERM);
    Error *error = attribute(file, dataset, name, type, value);
    (void) H5Tclose(type);
    library_unlock();
    return error;
}

Error *h5file_attribute_int(H5File *file, int64_t dataset, const char *name, int64_t value)
{
    library_lock();
    Error *error = attribute(file, dataset, name, H5T_STD_I64LE, &value);
    library_unlock();
    return error;
}

/* ---- what the engine itself reads ---- */

/* Lock held.  Takes over type and space. */
static Error *contiguous(H5File *file, const char *name, hid_t type, hid_t space, uint64_t *address)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    (void) H5Pset_obj_track_times(properties, false);
    (void) H5Pset_layout(properties, H5D_CONTIGUOUS);
    (void) H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
    (void) H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
    hid_t id = H5Dcreate2(file->id, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    haddr_t at = id >= 0 ? H5Dget_offset(id) : HADDR_UNDEF;
    Error *error = at != HADDR_UNDEF ? NULL : library_error(file, "make the index");
    if (id >= 0)
        (void) H5Dclose(id);
    (void) H5Pclose(properties);
    (void) H5Sclose(space);
    (void) H5Tclose(type);
    *address = at;
    return error;
}

Error *h5file_index(H5File *file, const char *name, uint64_t columns, uint64_t blocks, uint64_t *address)
{
    hsize_t size[2] = {columns, blocks};
    library_lock();
    Error *error = contiguous(file, name, type_index(), H5Screate_simple(2, size, size), address);
    library_unlock();
    return error;
}

Error *h5file_bytes(H5File *file, const char *name, uint64_t bytes, uint64_t *address)
{
    hsize_t size = bytes;
    library_lock();
    Error *error = contiguous(file, name, H5Tcopy(H5T_STD_U8LE), H5Screate_simple(1, &size, &size), address);
    library_unlock();
    return error;
}

char *h5file_link_name(Arena *arena, const char *name)
{
    Text text;
    text_init(&text, arena);
    for (const char *c = name; *c != '\0'; c++)
    {
        bool plain = (unsigned char) *c >= ' ' && *c != '%' && *c != '/' && *c != '.' && !(c == name && *c == '_');
        if (plain)
            text_putc(&text, *c);
        else
            text_printf(&text, "%%%02X", (unsigned) (unsigned char) *c);
    }
    return text.length > 0 ? text.data : arena_strdup(arena, "%");
}
