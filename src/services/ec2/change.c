/* SPDX-License-Identifier: MIT */
/* change: one transaction a change. */
#include "services/ec2/change.h"

#include "services/ec2/ec2.h"
#include "services/ec2/store.h"

static enum err save(struct core *core, const struct ec2_endpoint *endpoint)
{
	struct buf record = {0};

	enum err err = catalog_begin(core->catalog, true);
	if (err)
		return err;
	ec2_endpoint_encode(&record, endpoint);
	err = catalog_put(core->catalog, CATALOG_EC2_ENDPOINTS, endpoint->shown.id,
			  buf_str(&record));
	buf_done(&record);
	if (!err)
		return catalog_commit(core->catalog);
	catalog_abort(core->catalog);
	return err;
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
	enum err err = catalog_begin(core->catalog, true);
	if (err)
		return err;
	err = catalog_delete(core->catalog, CATALOG_EC2_ENDPOINTS, endpoint->shown.id);
	if (err) {
		catalog_abort(core->catalog);
		return err;
	}
	err = catalog_commit(core->catalog);
	if (err)
		return err;
	if (endpoint->url.size > 0)
		core->listeners->close(core, endpoint->listener);
	ec2_endpoints_remove(ec2_of(core)->endpoints, endpoint);
	return ERR_OK;
}
