/* SPDX-License-Identifier: MIT */
/* commands: the rows that main.c puts together. Constant; main thread. */
#ifndef TERN_CLI_COMMANDS_H
#define TERN_CLI_COMMANDS_H

#include "cli.h"

extern const struct command queue_command;
extern const struct command send_command;
extern const struct command receive_command;
extern const struct command dlq_command;
extern const struct command kms_command;
extern const struct command topic_command;
extern const struct command sub_command;
extern const struct command publish_command;
extern const struct command bus_command;
extern const struct command rule_command;
extern const struct command event_command;
extern const struct command archive_command;
extern const struct command replay_command;
extern const struct command pipe_command;
extern const struct command schedule_command;
extern const struct command alarm_command;
extern const struct command dashboard_command;
extern const struct command logs_command;
extern const struct command cost_command;
extern const struct command metrics_command;
extern const struct command watch_command;
extern const struct command account_command;
extern const struct command delivery_command;
extern const struct command whoami_command;
extern const struct command user_command;
extern const struct command key_command;
extern const struct command role_command;
extern const struct command policy_command;
extern const struct command endpoint_command;
extern const struct command health_command;
extern const struct command audit_command;
extern const struct command cert_command;
extern const struct command completion_command;
extern const struct command help_command;
extern const struct command version_command;

#endif
