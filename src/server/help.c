/* SPDX-License-Identifier: MIT */
/* help: what ternd writes about itself, from the table of settings: the help text and ternd(1). */
#include "server/help.h"

#include <stdio.h>

#include "format/roff.h"
#include "server/settings.h"
#include "server/version.h"

enum { HELP_INDENT = 41, HELP_WIDTH = 100 };

/* Words of `text` in lines that begin at HELP_INDENT and end before HELP_WIDTH. */
static void print_wrapped(struct str text)
{
	size_t column = HELP_INDENT;

	while (text.size > 0) {
		struct str word = str_cut(&text, ' ');
		if (column > HELP_INDENT && column + 1 + word.size > HELP_WIDTH) {
			printf("\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else if (column > HELP_INDENT) {
			putchar(' ');
			column++;
		}
		printf("%.*s", STR_ARG(word));
		column += word.size;
	}
	putchar('\n');
}

void help_print(void)
{
	struct settings_row row;

	printf("Usage: ternd [options]\n\n"
	       "Serves Amazon SQS, with IAM, STS and KMS, from a directory. Each option is also "
	       "an\n"
	       "environment variable (--log-format is TERN_LOG_FORMAT) and a key of the "
	       "configuration file.\n\n");
	for (size_t i = 0; settings_describe(i, &row); i++) {
		char option[64], text[512];
		snprintf(option, sizeof(option), "--%s %s", row.name, row.value);
		snprintf(text, sizeof(text), "%s%s%s%s", row.help, row.standard[0] ? " [" : "",
			 row.standard, row.standard[0] ? "]" : "");
		printf("  %-*s", HELP_INDENT - 2, option);
		print_wrapped(str_from(text));
	}
	printf("\nSIGTERM and SIGINT stop it: requests in progress end, nothing is lost.\n");
}

/* ---- the manual page ---- */

static void append(struct buf *page, const char *line)
{
	roff_append(page, str_from(line));
	buf_append_char(page, '\n');
}

static void append_row(struct buf *page, const struct settings_row *row)
{
	buf_append(page, STR(".TP\n\\fB\\-\\-"));
	roff_append(page, str_from(row->name));
	buf_append(page, STR("\\fR \\fI"));
	roff_append(page, str_from(row->value));
	buf_append(page, STR("\\fR\n"));
	append(page, row->help);
	if (row->standard[0]) {
		buf_append(page, STR(".br\nDefault: "));
		append(page, row->standard);
	}
}

void help_print_manual(void)
{
	struct settings_row row;
	struct buf page = {0};

	buf_format(&page, ".TH TERND 1 \"\" \"ternd %s\" \"Tern\"\n.SH NAME\n", TERN_VERSION);
	append(&page, "ternd - AWS-compatible messaging that you host yourself");
	buf_append(&page, STR(".SH SYNOPSIS\n\\fBternd\\fR [options]\n.SH DESCRIPTION\n"));
	append(&page, "Serves Amazon SQS, with IAM, STS, KMS and private endpoints, from a data "
		      "directory. A message that it acknowledges is on disk. It runs in the "
		      "foreground and logs to standard error.");
	buf_append(&page, STR(".PP\n"));
	append(&page, "A flag (--log-format json) has precedence over the environment "
		      "(TERN_LOG_FORMAT=json), that over the configuration file "
		      "(\"log-format\": \"json\"), that over the default.");
	buf_append(&page, STR(".SH OPTIONS\n"));
	for (size_t i = 0; settings_describe(i, &row); i++)
		append_row(&page, &row);
	buf_append(&page, STR(".SH SIGNALS\n.TP\n\\fBSIGTERM\\fR, \\fBSIGINT\\fR\n"));
	append(&page, "Stop: requests in progress end, waiting receives are answered, the log is "
		      "made durable.");
	buf_append(&page, STR(".TP\n\\fBSIGHUP\\fR\n"));
	append(&page, "Read the TLS certificate again and open the audit log anew.");
	buf_append(&page, STR(".SH \"EXIT STATUS\"\n"));
	append(&page,
	       "0: stopped by a signal. 1: it cannot run; the last line says why and what to "
	       "do. 2: a setting is wrong.");
	buf_append(&page, STR(".SH \"SEE ALSO\"\n.BR tern (1)\n"));
	fwrite(page.data, 1, page.size, stdout);
	buf_done(&page);
}
