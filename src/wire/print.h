/* SPDX-License-Identifier: MIT */
/*
 * print: lists, maps and structures as the texts of AWS's faults show them, which is Java's way:
 * "[Tag(key=a, value=null), Tag(key=b, value=c)]", "{a=b, c=d}". Values of secrets and bytes are
 * left out. Pure, any thread.
 */
#ifndef TERN_WIRE_PRINT_H
#define TERN_WIRE_PRINT_H

#include "base/base.h"
#include "wire/shape.h"

/* Appends the list or map `member` of `value`. */
void wire_print_items(struct buf *out, const struct shape_member *member, const void *value);
/* The member's name as these texts have it: with a small first letter. */
void wire_print_name(struct buf *out, const struct shape_member *member);

#endif
