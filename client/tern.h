/* SPDX-License-Identifier: MIT */
/*
 * libtern: a client of AWS-compatible messaging, Tern's own or AWS's.
 *
 *   session   endpoint, region, credentials, patience (client/session.h)
 *   call      one operation at a time over a kept connection (client/call.h)
 *   retry     what is tried again, and when (client/retry.h)
 *   paginate  all pages of a list (client/paginate.h)
 *
 * Operations and their structs are in api/<service>.h; how their members look is in wire/shape.h.
 * Link with `pkg-config --cflags --libs libtern`, or statically with libtern.a -lcurl -lcrypto
 * -lcbor -lyyjson -lexpat -lm -pthread. Everything exported begins with tern_, or with the name of
 * a service (sqs_operations, SQS_..., sts_operations, STS_...).
 */
#ifndef TERN_CLIENT_TERN_H
#define TERN_CLIENT_TERN_H

#include "client/call.h"
#include "client/paginate.h"
#include "client/retry.h"
#include "client/session.h"

#endif
