/* SPDX-License-Identifier: MIT */
/* bus_target: event buses as targets of other services (core/target.h). Any thread. */
#ifndef TERN_SERVICES_EVENTS_BUS_TARGET_H
#define TERN_SERVICES_EVENTS_BUS_TARGET_H

#include "core/target.h"

extern const struct target_provider events_target_provider;

#endif
