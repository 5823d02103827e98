/* SPDX-License-Identifier: MIT */
/* bench: `tern bench`, which drives an SQS endpoint and measures it. Main thread only. */
#ifndef TERN_CLI_BENCH_H
#define TERN_CLI_BENCH_H

/* argv[0] is the command's name. Returns the exit status: 0 only if every request succeeded. */
int bench_main(int argc, char **argv);

#endif
