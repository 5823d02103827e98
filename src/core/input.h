/* SPDX-License-Identifier: MIT */
/*
 * input: members of a call's input by their names, for code that several operations of a service
 * share. A member that the operation does not have is as one that is absent. The call's thread.
 */
#ifndef TERN_CORE_INPUT_H
#define TERN_CORE_INPUT_H

#include "core/call.h"

struct str call_input_text(const struct call *call, struct str member);
bool call_input_flag(const struct call *call, struct str member);
/* The items of a list or map; NULL: absent. */
const void *call_input_items(const struct call *call, struct str member, size_t *out_count);

#endif
