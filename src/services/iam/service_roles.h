/* SPDX-License-Identifier: MIT */
/* service_roles: what service-linked roles need at start-up. */
#ifndef TERN_SERVICES_IAM_SERVICE_ROLES_H
#define TERN_SERVICES_IAM_SERVICE_ROLES_H

#include "access/directory.h"

/* Adds the AWS managed policies that service-linked roles carry and the directory has not yet. */
void iam_service_policies_add(struct directory *directory);

#endif
