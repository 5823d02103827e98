/* SPDX-License-Identifier: MIT */
/* faults: one table. */
#include "core/faults.h"

#include "access/signature.h"

const struct fault_type common_faults[COMMON_FAULTS] = {
	[FAULT_SERIALIZATION] = {.shape = STR_INIT("SerializationException"),
				 .query_code = STR_INIT("SerializationException"),
				 .status = 400,
				 .ec2_code = STR_INIT("InvalidParameterValue")},
	[FAULT_UNKNOWN_PARAMETER] = {.shape = STR_INIT("InvalidQueryParameterException"),
				     .query_code = STR_INIT("InvalidQueryParameter"),
				     .status = 400,
				     .ec2_code = STR_INIT("UnknownParameter")},
	[FAULT_UNKNOWN_OPERATION] = {.shape = STR_INIT("UnknownOperationException"),
				     .query_code = STR_INIT("InvalidAction"),
				     .status = 400},
	[FAULT_MISSING_ACTION] = {.shape = STR_INIT("MissingActionException"),
				  .query_code = STR_INIT("MissingAction"),
				  .status = 400},
	[FAULT_METHOD] = {.shape = STR_INIT("MethodNotAllowedException"),
			  .query_code = STR_INIT("MethodNotAllowed"),
			  .status = 405},
	[FAULT_FOREIGN] = {.shape = STR_INIT("AccessDeniedException"),
			   .query_code = STR_INIT("AccessDenied"),
			   .status = 403,
			   .ec2_code = STR_INIT("UnauthorizedOperation")},
	[FAULT_MALFORMED_QUERY] = {.shape = STR_INIT("MalformedQueryStringException"),
				   .query_code = STR_INIT("MalformedQueryString"),
				   .status = 404},
	[FAULT_MALFORMED_HTTP] = {.shape = STR_INIT("MalformedHttpRequestException"),
				  .query_code = STR_INIT("MalformedHttpRequest"),
				  .status = 400},
	[FAULT_UNKNOWN_CODING] = {.shape = STR_INIT("UnsupportedMediaTypeException"),
				  .query_code = STR_INIT("UnsupportedMediaType"),
				  .status = 415},
	[FAULT_TOO_LARGE] = {.shape = STR_INIT("RequestEntityTooLargeException"),
			     .query_code = STR_INIT("RequestEntityTooLarge"),
			     .status = 413},
	[FAULT_TIMEOUT] = {.shape = STR_INIT("RequestTimeoutException"),
			   .query_code = STR_INIT("RequestTimeout"),
			   .status = 408},
	[FAULT_UNAVAILABLE] = {.shape = STR_INIT("ServiceUnavailableException"),
			       .query_code = STR_INIT("ServiceUnavailable"),
			       .status = 503,
			       .is_receiver = true,
			       .ec2_code = STR_INIT("Unavailable")},
	[FAULT_INTERNAL] = {.shape = STR_INIT("InternalFailure"),
			    .query_code = STR_INIT("InternalFailure"),
			    .status = 500,
			    .is_receiver = true,
			    .ec2_code = STR_INIT("InternalError")},
};

struct str fault_namespace(const struct fault_type *fault, const struct service *service)
{
	if (!service || (fault >= common_faults && fault < common_faults + COMMON_FAULTS) ||
	    (fault >= access_faults && fault < access_faults + ACCESS_FAULTS))
		return STR("com.amazon.coral.service");
	return service->namespace;
}
