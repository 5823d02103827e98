/* SPDX-License-Identifier: MIT */
/* message: printing a received message. Main thread. */
#ifndef TERN_CLI_MESSAGE_H
#define TERN_CLI_MESSAGE_H

#include "api/sqs.h"
#include "cli.h"

/* For people: a line of facts, the attributes, the body. As JSON: as ReceiveMessage has it. */
void message_print(struct cli *cli, const struct sqs_message *message, bool has_body_only);
/* A system attribute's value; data is NULL if the message has none of that name. */
struct str message_attribute(const struct sqs_message *message, struct str name);

#endif
