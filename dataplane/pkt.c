/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_errno.h>

#include "dataplane/pkt.h"

int pkt_meta_offset = -1;

int pkt_init(void)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "hpsrouter_pkt_meta",
		.size = sizeof(struct pkt_meta),
		.align = __alignof__(struct pkt_meta),
	};

	if (pkt_meta_offset >= 0)
		return 0;
	pkt_meta_offset = rte_mbuf_dynfield_register(&field);
	return pkt_meta_offset < 0 ? -rte_errno : 0;
}
