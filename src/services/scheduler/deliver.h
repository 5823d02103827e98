/* SPDX-License-Identifier: MIT */
/* deliver: the obligations of schedules (core/obligation.h). */
#ifndef TERN_SERVICES_SCHEDULER_DELIVER_H
#define TERN_SERVICES_SCHEDULER_DELIVER_H

struct obligation_kind;
extern const struct obligation_kind scheduler_obligation;

#endif
