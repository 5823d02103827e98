/* SPDX-License-Identifier: MIT */
/* sink: stores the log events of services (core/log_sink.h). */
#ifndef TERN_SERVICES_LOGS_SINK_H
#define TERN_SERVICES_LOGS_SINK_H

#include "core/core.h"

/* Main: at the start and at the end of the service. */
void logs_sink_open(struct core *core);
void logs_sink_close(struct core *core);

#endif
