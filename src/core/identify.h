/* SPDX-License-Identifier: MIT */
/*
 * identify: identifies the caller and the source of a request. Net thread of the request.
 */
#ifndef TERN_CORE_IDENTIFY_H
#define TERN_CORE_IDENTIFY_H

#include "core/request_context.h"
#include "format/form.h"

/* The private endpoint of the request's listener, held, or NULL; false: it was deleted. */
bool identify_endpoint(struct core *core, const struct net_request *request,
		       const struct endpoint **out_endpoint);
/* Address, transport, agent and endpoint, which may be NULL; takes over the reference. */
void identify_origin(struct request_context *context, const struct endpoint *endpoint);

/* Sets the call's dialect from the headers alone, for a fault before the operation is known. */
void identify_dialect(struct request_context *context);
/*
 * Verifies the signature of a request with a coded body before the body is decoded, since a few
 * bytes may expand to megabytes. ERR_OK without a coding, or if signatures are not verified;
 * ERR_FAULT.
 */
must_check enum err identify_coded(struct request_context *context);
/* Sets principal, account, region and sender of the call. `body` is as it was sent. ERR_FAULT. */
must_check enum err identify(struct request_context *context, struct str body,
			     const struct form *form);

/*
 * Net thread, with core->signers: verifies the request's signature. `body` is as it was sent;
 * `service` is the service of the credential's scope (data NULL: any). ERR_FAULT as
 * signature_verify.
 */
must_check enum err identify_verify(struct dispatch_thread *thread, struct net_request *request,
				    struct str body, struct str service,
				    struct signature *out_signature,
				    const struct fault_type **out_fault, struct str *out_problem);

/* Authentication of the request failed: delays the answer if its source is due for a penalty. */
void identify_slow_down(const struct core *core, struct net_request *request);

#endif
