/* SPDX-License-Identifier: MIT */
/* sealing: how the bytes of metrics are sealed on disk, by functions of the store's owner. */
#ifndef TERN_METRIC_SEALING_H
#define TERN_METRIC_SEALING_H

#include "base/base.h"

/* How bytes are sealed on disk; `open` works in place. NULL functions: they are not. */
struct metric_seal {
	void *context;
	struct str (*close)(void *context, struct arena *arena, struct str plain);
	enum err (*open)(void *context, char *sealed, size_t size, struct str *out_plain);
};

#endif
