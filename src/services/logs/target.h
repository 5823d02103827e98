/* SPDX-License-Identifier: MIT */
/* target: log groups as targets of rules, pipes and schedules (core/target.h). */
#ifndef TERN_SERVICES_LOGS_TARGET_H
#define TERN_SERVICES_LOGS_TARGET_H

#include "core/target.h"

extern const struct target_provider logs_target_provider;

#endif
