/* SPDX-License-Identifier: MIT */
/*
 * kitchen: the services that generate.py makes from kitchen.ops, one for each protocol. They share
 * structs of the same layout, so what one has read another can write. For tests only; constants.
 */
#ifndef TERN_TESTS_WIRE_KITCHEN_H
#define TERN_TESTS_WIRE_KITCHEN_H

#include "wire/route.h"

extern const struct route_table kitchen_table;

/* The operation of the service of that name, as in generate.py. */
const struct operation *kitchen_operation(const char *service, const char *operation);
/* The same operation where no member has a place, so that JSON shows all of them. */
const struct operation *kitchen_plain(const struct operation *operation);
/* Copies to each member of `out` the member of `in` with that name, if there is one. */
void kitchen_echo(const struct operation *operation, const void *in, void *out);
/* The fault of the operation Fail: KitchenFire, or with "closed" KitchenClosed. */
const struct fault_type *kitchen_fault(struct str why);

#endif
