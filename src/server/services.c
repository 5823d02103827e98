/* SPDX-License-Identifier: MIT */
/* services: a new service is one more line of SERVICES, after those that it needs. */
#include "server/services.h"

/* clang-format off */
#define SERVICES(X) \
	X(iam) \
	X(sts) \
	X(kms) \
	X(sqs) \
	X(ec2) \
	X(sns) \
	X(events) \
	X(scheduler) \
	X(cloudwatch) \
	X(logs) \
	X(pipes) \
	X(ce)
/* clang-format on */

#define DECLARE_MODULE(name) extern const struct service_module name##_module;
SERVICES(DECLARE_MODULE)
#undef DECLARE_MODULE

const struct service_module *const service_modules[] = {
#define MODULE(name) &name##_module,
	SERVICES(MODULE)
#undef MODULE
};
const size_t service_module_count = sizeof(service_modules) / sizeof(service_modules[0]);
