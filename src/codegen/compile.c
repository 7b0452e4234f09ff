/* SPDX-License-Identifier: Apache-2.0 */
#include "src/codegen/compile.h"
#include "base/core/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_LIBTCC
#include <libtcc.h>
#endif

#ifndef STOA_TIER1_CC
#define STOA_TIER1_CC "gcc"
#endif

#define COMPILER_CPU_S 60
#define COMPILER_BYTES ((rlim_t) 4 << 30)

extern char **environ;

static Error *publish(const char *draft, const char *path)
{
    if (chmod(draft, 0600) != 0 || rename(draft, path) != 0)
        return error_new(SQLSTATE_IO_ERROR, "could not put compiled code at \"%s\": %s", path, strerror(errno));
    return NULL;
}

#ifdef HAVE_LIBTCC

bool compile_instant_available(void)
{
    return true;
}

typedef struct Complaint
{
    char text[400];
} Complaint;

static void note_complaint(void *context, const char *message)
{
    Complaint *complaint = context;
    if (complaint->text[0] == '\0')
        snprintf(complaint->text, sizeof complaint->text, "%s", message);
}

static Error *instant_to_file(const char *source, const char *draft)
{
    Complaint complaint = {""};
    TCCState *state = tcc_new();
    if (state == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for the instant compiler");
    tcc_set_error_func(state, &complaint, note_complaint);
    tcc_set_options(state, "-nostdlib -nostdinc");
    tcc_set_output_type(state, TCC_OUTPUT_DLL);
    bool worked = tcc_compile_string(state, source) == 0 && tcc_output_file(state, draft) == 0;
    tcc_delete(state);
    if (worked)
        return NULL;
    return error_detail(error_new(SQLSTATE_INTERNAL_ERROR, "the instant compiler refuses the generated code"), "%s",
                        complaint.text);
}

Error *compile_instant(const char *source, const char *draft, const char *path)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    Error *error = instant_to_file(source, draft);
    if (error == NULL)
        error = publish(draft, path);
    if (error != NULL)
        unlink(draft);
    pthread_mutex_unlock(&lock);
    return error;
}

#else

bool compile_instant_available(void)
{
    return false;
}

Error *compile_instant(const char *source, const char *draft, const char *path)
{
    (void) source;
    (void) draft;
    return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "no instant compiler is built in (\"%s\")", path);
}

#endif

Error *code_write_source(const char *source, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", path, strerror(errno));
    size_t length = strlen(source), done = 0;
    while (done < length)
    {
        ssize_t wrote = write(fd, source + done, length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
        {
            Error *error = error_new(SQLSTATE_IO_ERROR, "could not write \"%s\": %s", path, strerror(errno));
            close(fd);
            return error;
        }
        done += (size_t) wrote;
    }
    close(fd);
    return NULL;
}

/* Output of the compiler is of no use to a client: it goes nowhere.  It stays in the server's group, which mpirun ends. */
static int spawn_compiler(char *const *arguments, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int failure = posix_spawnp(pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* A unit of a million lines stays at tier 0: what it starts inherits its limits, also when the server is gone. */
static void limit_compiler(pid_t pid)
{
    struct rlimit seconds = {COMPILER_CPU_S, COMPILER_CPU_S}, memory = {COMPILER_BYTES, COMPILER_BYTES};
    (void) setpriority(PRIO_PROCESS, (id_t) pid, 19);
    (void) prlimit(pid, RLIMIT_CPU, &seconds, NULL);
    (void) prlimit(pid, RLIMIT_AS, &memory, NULL);
}

static Error *run_compiler(char *const *arguments, _Atomic int *process)
{
    pid_t pid;
    int failure = spawn_compiler(arguments, &pid);
    if (failure != 0)
        return error_hint(error_new(SQLSTATE_UNDEFINED_FILE, "could not start the compiler \"%s\": %s", arguments[0],
                                    strerror(failure)),
                          "Install gcc on the leader's machine, or build with libtcc.");
    *process = pid;
    limit_compiler(pid);
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_new(SQLSTATE_INTERNAL_ERROR, "lost the compiler: %s", strerror(errno));
    *process = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_new(SQLSTATE_INTERNAL_ERROR, "the optimising compiler failed on the generated code (status %d)", status);
    return NULL;
}

Error *compile_optimised(const char *source, const char *draft, const char *path, const char *level, const char *isa,
                         _Atomic int *process)
{
    char source_path[4096];
    snprintf(source_path, sizeof source_path, "%s.c", draft);
    Error *error = code_write_source(source, source_path);
    char *arguments[20];
    int32_t count = 0;
    const char *const fixed[] = {STOA_TIER1_CC[0] != '\0' ? STOA_TIER1_CC : "gcc", level, "-pipe", "-w", "-shared", "-fPIC",
                                 "-nostdlib", "-fno-trapping-math", "-x", "c", source_path, "-o", draft};
    for (size_t k = 0; k < sizeof fixed / sizeof fixed[0]; k++)
        arguments[count++] = (char *) (uintptr_t) fixed[k];
    if (isa[0] != '\0')
        arguments[count++] = (char *) (uintptr_t) isa;
    arguments[count] = NULL;
    if (error == NULL)
        error = run_compiler(arguments, process);
    if (error == NULL)
        error = publish(draft, path);
    if (error != NULL)
        unlink(draft);
    unlink(source_path);
    return error;
}
