/* SPDX-License-Identifier: MIT */
/* measure: what the engine does in a turn; the linker redirects its calls here (--wrap). */
#ifndef TERN_QUEUE_SIM_MEASURE_H
#define TERN_QUEUE_SIM_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

/* What was moved and placed since it was reset, but for answers, which are the client's. */
struct turn_work {
	size_t bytes, items;
	bool is_answering;
};
extern struct turn_work turn_work;

#endif
