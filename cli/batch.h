/* SPDX-License-Identifier: MIT */
/*
 * batch: messages from arguments, a file or standard input, sent one at a time or in batches.
 *
 * Messages wait in a batch until it has LIMIT_BATCH_ENTRIES or would grow over the service's
 * limit; that keeps their order. Entries of a batch that failed on the service's side are sent
 * again, but not if the order counts: later messages must not overtake them. `tern send`,
 * `tern publish` and `tern event put` use it. Main thread; memory from the cli's arena.
 */
#ifndef TERN_CLI_BATCH_H
#define TERN_CLI_BATCH_H

#include "cli.h"

struct batch;

struct batch_entry {
	struct str id; /* its place in the batch */
	struct str body;
	struct str dedup_id; /* data NULL: none */
	uint64_t number;     /* among all messages, from 1 */
};

/* The differences between `tern send` and its like. Constant. */
struct batch_service {
	const char *noun;      /* "message" */
	size_t size_max;       /* bytes of one message with its attributes, and of all in a batch */
	const char *size_text; /* for people: "1 MiB" */
	/* Sends the entry by the operation for one, or the batch's entries by the one for several.
	 * Each entry's end is reported with batch_sent or batch_failed. */
	enum cli_exit (*send_one)(struct batch *batch, const struct batch_entry *entry);
	enum cli_exit (*send_all)(struct batch *batch);
};

/* Part of the values of `tern send` and `tern publish`. */
struct batch_values {
	struct str file;     /* "-": standard input; data NULL: standard input too */
	bool has_lines;	     /* each line is a message */
	struct str dedup_id; /* of a single message */
	bool has_dedup_each; /* a new one for each message */
	struct str group;
	struct option_list attributes;
};

#define BATCH_ATTRIBUTE_HELP                                                                       \
	"message attribute; TYPE is String (if it is left out), Number or Binary (VALUE is "       \
	"base64 then), with a label if wanted: Number.int; may be repeated"
/* Rows for a struct `type` whose member `member` is a struct batch_values. */
/* clang-format off */
#define BATCH_OPTIONS(type, member) \
	{"file", OPTION_TEXT, offsetof(type, member.file), "FILE", \
	 "read the message from FILE; - is standard input", \
	 0, 0}, \
	{"lines", OPTION_FLAG, offsetof(type, member.has_lines), NULL, \
	 "each line of the file or of standard input is a message; empty lines are skipped", \
	 0, 0}, \
	{"attribute", OPTION_LIST, offsetof(type, member.attributes), "NAME=VALUE[:TYPE]", \
	 BATCH_ATTRIBUTE_HELP, \
	 0, 0}, \
	{"group", OPTION_TEXT, offsetof(type, member.group), "ID", "MessageGroupId", \
	 0, 0}, \
	{"dedup-id", OPTION_TEXT, offsetof(type, member.dedup_id), "ID", \
	 "MessageDeduplicationId of a single message", \
	 0, 0}, \
	{"dedup-each", OPTION_FLAG, offsetof(type, member.has_dedup_each), NULL, \
	 "a new MessageDeduplicationId for each message: none is taken for another's duplicate", \
	 0, 0}
/* clang-format on */

/* Filled by the command, zeroed before; the rest is batch's. */
struct batch {
	struct cli *cli;
	const struct batch_service *service;
	const void *context; /* the command's */
	struct batch_values input;
	bool is_ordered;       /* no message is sent after an earlier one failed */
	size_t attribute_size; /* bytes that each message has beside its body */

	struct arena arena; /* of the entries' texts, until the batch is sent */
	struct batch_entry entries[LIMIT_BATCH_ENTRIES];
	size_t count, size;
	bool is_failed[LIMIT_BATCH_ENTRIES]; /* to be sent again */
	bool may_resend;
	uint64_t read_count, sent_count, failed_count;
	struct str failed_code; /* of the messages that failed last, one after the other */
	uint64_t alike_count;	/* how many those are */
};

/* Reads `bodies`, or the input if there are none, and sends all. */
enum cli_exit batch_run(struct batch *batch, const struct str *bodies, size_t count);

/* Within send_one and send_all. `id`: an entry's; others are ignored. */
void batch_sent(struct batch *batch);
/* The same, and prints the answer; data NULL: it has no such member. */
void batch_print_sent(struct batch *batch, struct str message_id, struct str md5,
		      struct str sequence_number);
void batch_failed(struct batch *batch, struct str id, struct str code, struct str message,
		  bool is_senders_fault);

/* The attributes of messages: "NAME=VALUE[:TYPE]". */
struct batch_attribute {
	struct str name, type, value; /* bytes, if the type begins with Binary */
	bool is_binary;
};
/* Adds their bytes to batch->attribute_size. */
must_check enum cli_exit batch_read_attributes(struct batch *batch, const struct option_list *texts,
					       struct batch_attribute **out_attributes);

#endif
