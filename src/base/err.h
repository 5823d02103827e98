/* SPDX-License-Identifier: MIT */
/*
 * err: what can go wrong on our side, and the two marks every function uses.
 *
 * A mistake of a caller of the API is not an enum err but a fault (core/fault.h);
 * ERR_FAULT only says that one was recorded. Any thread.
 */
#ifndef TERN_BASE_ERR_H
#define TERN_BASE_ERR_H

#include "base/str.h"

#define must_check __attribute__((warn_unused_result))

enum err {
	ERR_OK = 0,
	ERR_FAULT,    /* the caller's mistake; its fault is recorded in the call */
	ERR_PARKED,   /* not an error: the call waits and is resumed later */
	ERR_NOTFOUND, /* nothing is stored under that name */
	ERR_EXISTS,   /* something is stored under that name already */
	ERR_INVALID,  /* text or bytes that do not follow their format */
	ERR_TOOLARGE, /* over a limit of limits.h */
	ERR_FULL,     /* the disk has no room */
	ERR_IO,	      /* the operating system refused; errno was logged or kept by the module */
	ERR_DAMAGED,  /* stored bytes fail their check */
	ERR_VERSION,  /* stored bytes come from a newer version */
	ERR_BUSY,     /* somebody else holds it */
	ERR_CLOSED,   /* the other side is gone, or the module is stopping */
};

/* A short English name of `err`, for logs. Static memory. */
struct str err_text(enum err err);

#endif
