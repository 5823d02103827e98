/* SPDX-License-Identifier: MIT */
/*
 * faults: the faults that any service may answer before, or instead of, its handler. Constants; any
 * thread.
 */
#ifndef TERN_WIRE_FAULTS_H
#define TERN_WIRE_FAULTS_H

#include "wire/shape.h"

enum common_fault {
	FAULT_SERIALIZATION,	 /* the body is not what the dialect says */
	FAULT_UNKNOWN_PARAMETER, /* Query: a parameter that the operation does not have */
	FAULT_UNKNOWN_OPERATION, /* no such operation, target or action */
	FAULT_MISSING_ACTION,	 /* Query without Action */
	FAULT_METHOD,		 /* an HTTP method that runs no operation */
	FAULT_FOREIGN,		 /* a web page or a name that is not welcome; see core/browser.h */
	FAULT_MALFORMED_QUERY,	 /* a form that cannot be decoded */
	FAULT_MALFORMED_HTTP,	 /* not HTTP, or a body that does not follow its coding */
	FAULT_UNKNOWN_CODING,	 /* Content-Encoding is not gzip */
	FAULT_TOO_LARGE,	 /* a body over the limit */
	FAULT_TIMEOUT,		 /* the request came too slowly */
	FAULT_UNAVAILABLE,	 /* no room now; SDKs retry */
	FAULT_INTERNAL,		 /* went wrong here; SDKs retry */
	COMMON_FAULTS,
};
extern const struct fault_type common_faults[COMMON_FAULTS];

#endif
