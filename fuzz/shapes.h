/* SPDX-License-Identifier: MIT */
/* shapes: the inputs of all operations, for fuzzers to choose from. */
#ifndef TERN_FUZZ_SHAPES_H
#define TERN_FUZZ_SHAPES_H

#include "api/services.h"
#include "api/sqs.h"
#include "base/base.h"

/*
 * The first byte of *input chooses an operation of SQS; from 0xf0 on it chooses a service and the
 * second byte its operation. Takes these bytes off; NULL if there are too few.
 */
static inline const struct operation *choose_operation(struct str *input)
{
	const uint8_t *bytes = (const uint8_t *)input->data;

	if (input->size < 2)
		return NULL;
	if (bytes[0] < 0xf0) {
		*input = str_slice(*input, 1, SIZE_MAX);
		return &sqs_operations[bytes[0] % SQS_OPERATIONS];
	}
	const struct service *service = api_services[bytes[0] % API_SERVICES];
	*input = str_slice(*input, 2, SIZE_MAX);
	return &service->operations[bytes[1] % service->operation_count];
}

static inline const struct shape *choose_shape(struct str *input)
{
	const struct operation *operation = choose_operation(input);

	return operation ? operation->in : NULL;
}

#endif
