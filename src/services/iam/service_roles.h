/* SPDX-License-Identifier: MIT */
/* service_roles: the AWS managed policies of service-linked roles, added at start-up. */
#ifndef TERN_SERVICES_IAM_SERVICE_ROLES_H
#define TERN_SERVICES_IAM_SERVICE_ROLES_H

#include "access/directory.h"

/* Adds the AWS managed policies of service-linked roles that the directory lacks. */
void iam_service_policies_add(struct directory *directory);

#endif
