/* SPDX-License-Identifier: MIT */
/* destination_deliver: the obligations of API destinations (core/obligation.h). */
#ifndef TERN_SERVICES_EVENTS_DESTINATION_DELIVER_H
#define TERN_SERVICES_EVENTS_DESTINATION_DELIVER_H

struct obligation_kind;
extern const struct obligation_kind events_destination_obligation;
/* Of calls; never stored. */
extern const struct obligation_kind events_invoke_obligation;

struct events_tokens;
void events_tokens_free(struct events_tokens **tokens); /* accepts NULL, leaves NULL; wipes them */

#endif
