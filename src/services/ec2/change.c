/* SPDX-License-Identifier: MIT */
/* change: one transaction a change. */
#include "services/ec2/change.h"

#include "core/group.h"
#include "services/ec2/ec2.h"
#include "services/ec2/store.h"

static enum err save(struct core *core, const struct ec2_endpoint *endpoint)
{
	struct catalog_changes changes = {0};
	struct buf record = {0};

	ec2_endpoint_encode(&record, endpoint);
	catalog_changes_put(&changes, CATALOG_EC2_ENDPOINTS, endpoint->shown.id, buf_str(&record));
	buf_done(&record);
	return catalog_write(core->catalog, &changes);
}

enum err ec2_change(struct core *core, const struct ec2_endpoint *draft)
{
	enum err err = save(core, draft);
	if (!err)
		ec2_endpoints_put(ec2_of(core)->endpoints, ec2_endpoint_new(draft));
	return err;
}

enum err ec2_remove(struct core *core, const struct ec2_endpoint *endpoint)
{
	struct catalog_changes changes = {0};

	catalog_changes_delete(&changes, CATALOG_EC2_ENDPOINTS, endpoint->shown.id);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		err = core_leave_group(core);
	if (err)
		return err;
	if (endpoint->url.size > 0)
		core->listeners->close(core, endpoint->listener);
	ec2_endpoints_remove(ec2_of(core)->endpoints, endpoint);
	return ERR_OK;
}
