/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/lock.h"
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "src/leader/session.h"

#include <stdlib.h>
#include <time.h>

#define LOOK_MS 50 /* between looks at cancels and deadlines while waiting */

/* One session's lock of one table, had or asked for; they stand in the order in which they were asked for. */
typedef struct Lock
{
    Session *session;
    int64_t table;
    LockMode mode;
    bool granted;
    bool visited; /* while looking for a circle */
    struct Lock *next;
} Lock;

struct Locks
{
    pthread_mutex_t mutex;
    pthread_cond_t released;
    Lock *first;
};

Locks *locks_new(void)
{
    Locks *locks = calloc(1, sizeof *locks);
    if (locks == NULL)
        return NULL;
    pthread_mutex_init(&locks->mutex, NULL);
    pthread_cond_init(&locks->released, NULL);
    return locks;
}

void locks_free(Locks *locks)
{
    if (locks == NULL)
        return;
    ASSERT(locks->first == NULL);
    pthread_cond_destroy(&locks->released);
    pthread_mutex_destroy(&locks->mutex);
    free(locks);
}

static bool modes_conflict(LockMode one, LockMode other)
{
    return one == LOCK_ALL || other == LOCK_ALL || (one == other && one >= LOCK_NUMBER);
}

/* Does who has the one need no other? */
static bool mode_covers(LockMode has, LockMode mode)
{
    return has >= mode && !(has == LOCK_CHANGE && mode == LOCK_NUMBER);
}

/* --- under the mutex --------------------------------------------------------------- */

static Lock *lock_held(const Locks *locks, const Session *session, int64_t table)
{
    Lock *lock = locks->first;
    while (lock != NULL && !(lock->granted && lock->session == session && lock->table == table))
        lock = lock->next;
    return lock;
}

/* Does `other` keep `lock` waiting?  `before`: it was asked for earlier; one who holds a lock of the table passes those. */
static bool lock_blocks(const Lock *other, const Lock *lock, bool before, bool holds)
{
    return other->session != lock->session && other->table == lock->table && modes_conflict(other->mode, lock->mode) &&
           (other->granted || (before && !holds));
}

static bool lock_is_blocked(const Locks *locks, const Lock *lock)
{
    bool before = true, holds = lock_held(locks, lock->session, lock->table) != NULL;
    for (const Lock *other = locks->first; other != NULL; other = other->next)
    {
        before = before && other != lock;
        if (lock_blocks(other, lock, before, holds))
            return true;
    }
    return false;
}

/* Do those `lock` waits for wait, directly or not, for `session`? */
static bool lock_closes_circle(const Locks *locks, Lock *lock, const Session *session)
{
    bool before = true, holds = lock_held(locks, lock->session, lock->table) != NULL;
    lock->visited = true;
    for (const Lock *other = locks->first; other != NULL; other = other->next)
    {
        before = before && other != lock;
        if (!lock_blocks(other, lock, before, holds))
            continue;
        if (other->session == session)
            return true;
        for (Lock *waiting = locks->first; waiting != NULL; waiting = waiting->next)
            if (waiting->session == other->session && !waiting->granted && !waiting->visited &&
                lock_closes_circle(locks, waiting, session))
                return true;
    }
    return false;
}

static bool lock_is_deadlocked(const Locks *locks, Lock *lock)
{
    for (Lock *other = locks->first; other != NULL; other = other->next)
        other->visited = false;
    return lock_closes_circle(locks, lock, lock->session);
}

static Lock *lock_add(Locks *locks, Session *session, int64_t table, LockMode mode)
{
    Lock *lock = calloc(1, sizeof *lock);
    if (lock == NULL)
        return NULL;
    *lock = (Lock){.session = session, .table = table, .mode = mode};
    Lock **at = &locks->first;
    while (*at != NULL)
        at = &(*at)->next;
    *at = lock;
    return lock;
}

static void locks_remove(Locks *locks, const Session *session, const Lock *only)
{
    for (Lock **at = &locks->first; *at != NULL;)
    {
        Lock *lock = *at;
        if (lock->session != session || (only != NULL && lock != only))
        {
            at = &lock->next;
            continue;
        }
        *at = lock->next;
        free(lock);
    }
    pthread_cond_broadcast(&locks->released);
}

/* --- waiting -------------------------------------------------------------------------- */

static void wait_a_little(Locks *locks)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void) pthread_cond_timedwait(&locks->released, &locks->mutex, &until);
}

/* Whoever of them works in the background. */
static void blockers_give_way(const Locks *locks, const Lock *lock)
{
    for (const Lock *other = locks->first; other != NULL; other = other->next)
        if (other->session->background && lock_blocks(other, lock, true, false))
            session_interrupt(other->session);
}

static Error *lock_wait(Locks *locks, Lock *lock, bool *waited)
{
    int64_t timeout_ms = setting_number(lock->session->settings, "lock_timeout"), start = clock_us();
    while (lock_is_blocked(locks, lock))
    {
        *waited = true;
        TRY(session_check(lock->session));
        if (lock_is_deadlocked(locks, lock))
            return error_hint(error_new(SQLSTATE_DEADLOCK_DETECTED, "deadlock detected"),
                              "Another transaction waits for this one: run this one again.");
        if (timeout_ms > 0 && clock_us() - start > timeout_ms * 1000)
            return error_new(SQLSTATE_LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout");
        blockers_give_way(locks, lock);
        wait_a_little(locks);
    }
    lock->granted = true;
    return NULL;
}

Error *lock_take(Session *session, int64_t table, LockMode mode, bool *waited)
{
    Locks *locks = session->leader->locks;
    pthread_mutex_lock(&locks->mutex);
    Error *error = NULL;
    const Lock *held = locks->first; /* a session may hold several of one table */
    while (held != NULL &&
           !(held->granted && held->session == session && held->table == table && mode_covers(held->mode, mode)))
        held = held->next;
    if (held == NULL)
    {
        Lock *lock = lock_add(locks, session, table, mode);
        error = lock == NULL ? error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory") : lock_wait(locks, lock, waited);
        if (error != NULL && lock != NULL)
            locks_remove(locks, session, lock);
    }
    pthread_mutex_unlock(&locks->mutex);
    return error;
}

/* Under the mutex: changes, or waits to, or has appended and may yet change. */
static bool written_by_others(const Locks *locks, const Session *session, int64_t table, LockMode most)
{
    for (const Lock *other = locks->first; other != NULL; other = other->next)
    {
        bool goes_on = other->session->status == SESSION_BLOCK || other->session->transaction_seen;
        if (other->session != session && other->table == table && other->mode >= LOCK_APPEND && (goes_on || other->mode > most))
            return true;
    }
    return false;
}

bool lock_try(Session *session, int64_t table)
{
    Locks *locks = session->leader->locks;
    pthread_mutex_lock(&locks->mutex);
    Lock *lock = written_by_others(locks, session, table, LOCK_NUMBER) ? NULL : lock_add(locks, session, table, LOCK_CHANGE);
    bool taken = lock != NULL;
    if (taken)
        lock->granted = true;
    pthread_mutex_unlock(&locks->mutex);
    return taken;
}

bool lock_is_alone(Session *session, int64_t table)
{
    Locks *locks = session->leader->locks;
    pthread_mutex_lock(&locks->mutex);
    bool written = written_by_others(locks, session, table, LOCK_ALL);
    pthread_mutex_unlock(&locks->mutex);
    return !written;
}

void locks_release(Session *session)
{
    Locks *locks = session->leader->locks;
    pthread_mutex_lock(&locks->mutex);
    locks_remove(locks, session, NULL);
    pthread_mutex_unlock(&locks->mutex);
}
