/* SPDX-License-Identifier: MIT */
/*
 * scan: passes over values of JSON text, 64 bytes at a time.
 *
 * A scan finds the end of a value by its quotes and brackets and looks at nothing else, so the text
 * should be known to be JSON. No function reads beyond the text. Pure, any thread.
 */
#ifndef TERN_MATCH_SCAN_H
#define TERN_MATCH_SCAN_H

#include "base/base.h"

/* From the opening quote at `at` to behind the closing one; SIZE_MAX: there is none. */
size_t scan_string(struct str text, size_t at, bool *out_has_escapes);
/* The same, which also says whether the string has a point. */
size_t scan_key(struct str text, size_t at, bool *out_has_escapes, bool *out_has_points);
/* From the opening bracket at `at` to behind the closing one; SIZE_MAX: there is none. */
size_t scan_brackets(struct str text, size_t at);

#endif
