/* SPDX-License-Identifier: MIT */
/* xml: an append-only writer of elements and text. Pure, any thread. */
#ifndef TERN_FORMAT_XML_H
#define TERN_FORMAT_XML_H

#include "base/base.h"

void xml_open(struct buf *out, struct str name);
void xml_close(struct buf *out, struct str name);
void xml_empty(struct buf *out, struct str name); /* <name/> */
/*
 * Escaped: & < > " and carriage returns. Characters that XML excludes (control characters, U+FFFE,
 * U+FFFF, bytes that are not UTF-8) become U+FFFD.
 */
void xml_text(struct buf *out, struct str text);
/* ="text" behind the name of an attribute; line feeds and tabs become references, too. */
void xml_attribute_value(struct buf *out, struct str text);
void xml_element(struct buf *out, struct str name, struct str text);

#endif
