/* SPDX-License-Identifier: MIT */
/* help: what ternd writes about itself on standard output, from the table of settings. Main thread.
 */
#ifndef TERN_SERVER_HELP_H
#define TERN_SERVER_HELP_H

void help_print(void);	      /* usage, and one entry a setting */
void help_print_manual(void); /* the page ternd(1), in roff */

#endif
