/* SPDX-License-Identifier: MIT */
/* target: topics as targets of rules, schedules and alarms (core/target.h). */
#ifndef TERN_SERVICES_SNS_TARGET_H
#define TERN_SERVICES_SNS_TARGET_H

#include "core/target.h"

extern const struct target_provider sns_target_provider;

#endif
