/* SPDX-License-Identifier: MIT */
/* real: 17 digits are always enough, 15 always right as far as they go (IEEE 754). */
#include "format/real.h"

#include <stdio.h>
#include <stdlib.h>

void real_format(struct buf *out, double value)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		int size = snprintf(text, sizeof(text), "%.*g", digits, value);
		check(size > 0 && (size_t)size < sizeof(text));
		if (digits == 17 || strtod(text, NULL) == value) {
			buf_append(out, str_of(text, (size_t)size));
			return;
		}
	}
}
