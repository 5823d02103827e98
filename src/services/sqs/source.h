/* SPDX-License-Identifier: MIT */
/* source: queues that the server consumes itself (core/source.h). */
#ifndef TERN_SERVICES_SQS_SOURCE_H
#define TERN_SERVICES_SQS_SOURCE_H

struct source_provider;
extern const struct source_provider sqs_source_provider;

#endif
