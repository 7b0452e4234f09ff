/* SPDX-License-Identifier: Apache-2.0 */
/* A warehouse's storage, driven at random, beside what should be in it. */
#ifndef TESTS_FAULTS_SIM_MODEL_H
#define TESTS_FAULTS_SIM_MODEL_H

#include "sim_disk.h"

typedef struct Model Model;

/* Once: the empty warehouse that every seed begins with; and what all of them share goes. */
void model_begin(void);
void model_end(void);

Model *model_new(uint64_t seed, bool verbose);
void model_free(Model *model);
/* Recovers the warehouse, compares, and works with it for a while. */
void model_live(Model *model);
/* A crash before any call since the disk had had `born`: from here on what is there is what had been done then. */
void model_crash(Model *model, int32_t born);
bool model_failed(const Model *model);
const char *model_failure(const Model *model);

#endif
