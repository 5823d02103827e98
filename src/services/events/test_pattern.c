/* SPDX-License-Identifier: MIT */
/* test_pattern: TestEventPattern. */
#include "api/events.h"
#include "core/authorize.h"
#include "format/json.h"
#include "match/matcher.h"
#include "services/events/envelope.h"

enum err events_test_event_pattern(struct call *call, const struct events_test_event_pattern_in *in,
				   struct events_test_event_pattern_out *out)
{
	struct str text = str_trim(in->event), problem;
	struct event_pattern pattern;
	yyjson_val *event;

	enum err err = call_authorize_any(call, STR("events:TestEventPattern"));
	if (err)
		return err;
	err = event_pattern_parse(call->arena, PATTERN_EVENTS, in->event_pattern, &pattern,
				  &problem);
	if (err)
		return fail(call, &EVENTS_INVALID_EVENT_PATTERN,
			    "Event pattern is not valid. Reason: %.*s", STR_ARG(problem));
	if (json_parse(call->arena, text, &event) != ERR_OK || !yyjson_is_obj(event) ||
	    !events_envelope_is_complete(text))
		return fail(call, &EVENTS_VALIDATION, "Parameter Event is not valid.");
	out->result = event_pattern_matches(&pattern, event);
	out->has_result = true;
	return ERR_OK;
}
