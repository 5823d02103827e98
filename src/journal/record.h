/* SPDX-License-Identifier: MIT */
/* record: the header and the check of one record. Pure functions. */
#ifndef TERN_JOURNAL_RECORD_H
#define TERN_JOURNAL_RECORD_H

#include "journal/state.h"

size_t record_header_size(size_t data_size, uint64_t queue);
/* Writes the header in front of the data that stands behind it already; returns the CRC. `size` is
 * that of header and data, `segment` the number of the record's segment. */
uint32_t record_format_header(char *at, size_t size, uint64_t queue, uint8_t type,
			      uint32_t segment);
/* Checks that the bytes are one valid record of that segment. Leaves the location unchanged. LSN
 * and epoch are 0 since version 5. */
bool record_parse(struct str bytes, uint32_t segment, struct journal_record *out_record);
/* Size of the record that `rest`, of a batch of that version, begins with; 0: none is there. */
size_t record_size(struct str rest, uint32_t version);

#endif
