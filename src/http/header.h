/* SPDX-License-Identifier: MIT */
/* header: a header of an HTTP message, as views. */
#ifndef TERN_HTTP_HEADER_H
#define TERN_HTTP_HEADER_H

#include "base/str.h"

struct http_header {
	struct str name;  /* as sent; compare with str_equal_nocase */
	struct str value; /* without blanks around */
};

#endif
