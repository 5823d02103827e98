/* SPDX-License-Identifier: MIT */
/* kms_key: the commands of `kms` that go through AWS's API. Constant; main thread. */
#ifndef TERN_CLI_KMS_KEY_H
#define TERN_CLI_KMS_KEY_H

#include "cli.h"

extern const struct command kms_create_command;
extern const struct command kms_ls_command;
extern const struct command kms_enable_command;
extern const struct command kms_disable_command;
extern const struct command kms_rotate_command;
extern const struct command kms_rm_command;
extern const struct command kms_restore_command;

#endif
