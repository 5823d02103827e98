/* SPDX-License-Identifier: MIT */
/* shapes: the inputs of all operations, for fuzzers to choose from. */
#ifndef TERN_FUZZ_SHAPES_H
#define TERN_FUZZ_SHAPES_H

#include "api/ec2.h"
#include "api/iam.h"
#include "api/kms.h"
#include "api/sqs.h"
#include "api/sts.h"
#include "base/base.h"

/*
 * The first byte of *input chooses an operation of SQS; from 0xf0 on it chooses another service
 * and the second byte its operation. Takes these bytes off; NULL if there are too few.
 */
static inline const struct operation *choose_operation(struct str *input)
{
	static const struct {
		const struct operation *operations;
		size_t count;
	} others[] = {{iam_operations, IAM_OPERATIONS},
		      {kms_operations, KMS_OPERATIONS},
		      {sts_operations, STS_OPERATIONS},
		      {ec2_operations, EC2_OPERATIONS}};
	const uint8_t *bytes = (const uint8_t *)input->data;

	if (input->size < 2)
		return NULL;
	if (bytes[0] < 0xf0) {
		*input = str_slice(*input, 1, SIZE_MAX);
		return &sqs_operations[bytes[0] % SQS_OPERATIONS];
	}
	size_t service = bytes[0] % (sizeof(others) / sizeof(others[0]));
	*input = str_slice(*input, 2, SIZE_MAX);
	return &others[service].operations[bytes[1] % others[service].count];
}

static inline const struct shape *choose_shape(struct str *input)
{
	const struct operation *operation = choose_operation(input);

	return operation ? operation->in : NULL;
}

#endif
