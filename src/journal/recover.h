/* SPDX-License-Identifier: MIT */
/* recover: brings a journal up from its files. */
#ifndef TERN_JOURNAL_RECOVER_H
#define TERN_JOURNAL_RECOVER_H

#include "journal/state.h"

must_check enum err recover(struct journal *journal, journal_checkpoint_fn load,
			    journal_record_fn apply, void *context, struct journal_report *report);

#endif
