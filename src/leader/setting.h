/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a session (setting.def), as text.  SET is undone by ROLLBACK, SET LOCAL by the transaction's end. */
#ifndef SRC_LEADER_SETTING_H
#define SRC_LEADER_SETTING_H

#include "base/core/text.h"
#include "base/data/value_session.h"

typedef struct Settings Settings;

/* Lives in `arena` together with all values it ever holds (a session's). */
Settings *settings_new(Arena *arena);

/* Names in lower case; custom names with a dot in them may be set freely.  NULL: there is no such setting. */
const char *setting_get(const Settings *settings, const char *name);
bool setting_is_on(const Settings *settings, const char *name);
int64_t setting_number(const Settings *settings, const char *name);
/* What of them decides how values read and print; now: when the transaction began. */
void settings_values(const Settings *settings, int64_t now, ValueSession *session);

/* value NULL: default.  42704 no such setting, 55000 cannot be changed, 22023 bad value.
 * *reported: name as clients know it if they are to be told of the change, else NULL. */
Error *setting_set(Settings *settings, const char *name, const char *value, bool local, const char **reported) MUST_USE;
void settings_reset_all(Settings *settings);
/* What the server knows about itself and the user; never refused. */
void setting_put(Settings *settings, const char *name, const char *value);

/* End of a transaction: takes back what is to be taken back. */
/* What it takes over of the defaults of transactions. */
Error *setting_begin_transaction(Settings *settings) MUST_USE;
void settings_end_transaction(Settings *settings, bool committed);

/* Walks all settings in order of name: index from 0; false behind the last.  reported: as above. */
bool setting_at(const Settings *settings, int32_t index, const char **name, const char **value, const char **description,
                const char **reported);

#endif
