/* SPDX-License-Identifier: MIT */
/* call: functions that handlers use with their call. */
#include "core/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/faults.h"

struct call_end {
	struct list link;
	call_end_fn end;
	void *subject;
};

enum err fail(struct call *call, const struct fault_type *fault, const char *format, ...)
{
	va_list arguments;
	char *text;

	check(fault);
	va_start(arguments, format);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = arena_bytes(call->arena, (size_t)size + 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t)size + 1, format, arguments);
	va_end(arguments);
	call->fault = fault;
	call->fault_text = str_of(text, (size_t)size);
	return ERR_FAULT;
}

void call_state_put(struct call *call, const char *type, const void *state)
{
	check(state);
	call->state = (void *)(uintptr_t)state;
	call->state_type = type;
}

void *call_state_get(const struct call *call, const char *type)
{
	check(call->state);
	check(strcmp(call->state_type, type) == 0);
	return call->state;
}

enum err call_refuse_unknown(struct call *call)
{
	if (!call->unknown_parameter.data)
		return ERR_OK;
	return fail(call, &common_faults[FAULT_UNKNOWN_PARAMETER], "%.*s",
		    STR_ARG(call->unknown_parameter));
}

void call_on_end(struct call *call, call_end_fn end, const void *subject)
{
	struct call_end *entry = arena_new(call->arena, struct call_end);

	check(end);
	entry->end = end;
	entry->subject = (void *)subject; /* const objects have references that change */
	list_push_front(&call->ends, &entry->link);
}

void call_end(struct call *call)
{
	while (!list_is_empty(&call->ends)) {
		struct call_end *entry = container_of(call->ends.next, struct call_end, link);
		list_remove(&entry->link);
		entry->end(entry->subject);
	}
}
