/* SPDX-License-Identifier: MIT */
/* sts: the service's module. It has no state: a session token is its own record. */
#include "api/sts.h"
#include "api/handlers.h"
#include "core/service.h"

extern const struct service_module sts_module;
const struct service_module sts_module = {
	.service = &sts_service,
	.bind = sts_bind_handlers,
	.stage = SERVICE_BEFORE_ENGINE,
	.needs = "iam",
};
