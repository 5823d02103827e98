/* SPDX-License-Identifier: MIT */
/* target: queues as targets of other services (core/target.h). Any thread. */
#ifndef TERN_SERVICES_SQS_TARGET_H
#define TERN_SERVICES_SQS_TARGET_H

#include "core/target.h"

extern const struct target_provider sqs_target_provider;

#endif
