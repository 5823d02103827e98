/* SPDX-License-Identifier: MIT */
/* services: the list of all services. Constant; main binds it. */
#ifndef TERN_SERVER_SERVICES_H
#define TERN_SERVER_SERVICES_H

#include "core/service.h"

/* In the order in which they start, within a stage. */
extern const struct service_module *const service_modules[];
extern const size_t service_module_count;

#endif
