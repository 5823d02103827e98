/* SPDX-License-Identifier: MIT */
/* err: names of errors, one row each, in the order of the enum. */
#include "base/err.h"

struct str err_text(enum err err)
{
	static const struct str texts[] = {
		[ERR_OK] = STR_INIT("ok"),
		[ERR_FAULT] = STR_INIT("fault"),
		[ERR_PARKED] = STR_INIT("parked"),
		[ERR_NOTFOUND] = STR_INIT("not found"),
		[ERR_EXISTS] = STR_INIT("exists"),
		[ERR_INVALID] = STR_INIT("invalid"),
		[ERR_TOOLARGE] = STR_INIT("too large"),
		[ERR_FULL] = STR_INIT("disk full"),
		[ERR_IO] = STR_INIT("input/output error"),
		[ERR_DAMAGED] = STR_INIT("damaged"),
		[ERR_VERSION] = STR_INIT("newer version"),
		[ERR_BUSY] = STR_INIT("busy"),
		[ERR_CLOSED] = STR_INIT("closed"),
	};

	if ((size_t)err >= sizeof(texts) / sizeof(texts[0]))
		return STR("unknown error");
	return texts[err];
}
