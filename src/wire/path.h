/* SPDX-License-Identifier: MIT */
/*
 * path: the paths of REST operations: from a request's path to an operation through the tree that
 * tools/gen.py makes, and the labels of a path. Pure; memory from the arena; any thread.
 */
#ifndef TERN_WIRE_PATH_H
#define TERN_WIRE_PATH_H

#include "base/base.h"
#include "format/form.h"
#include "wire/shape.h"

/*
 * The operation of that method and path, which is percent-encoded. A literal segment goes before a
 * label and a label before the rest of the path; a route with a parameter goes before one without.
 * An empty segment at the end does not count. NULL: there is none; *out_allow then has the methods
 * that the path takes, "GET, PUT", or data NULL if it takes none.
 */
const struct operation *path_find(struct arena *arena, const struct service *service,
				  struct str method, struct str path, const struct form *form,
				  struct str *out_allow);

/* The text, still percent-encoded, that stands for a label. False: the path has no such label. */
bool path_label(struct str path_template, struct str path, struct str label, struct str *out_text);

#endif
