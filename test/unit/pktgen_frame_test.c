/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/pktgen_arp.h"
#include "bench/pktgen_frame.h"

static struct frame_set set, other;

static struct frame_spec spec_of(const char *dst, uint32_t n_flows, unsigned int n_tags)
{
	struct frame_spec spec = {
		.src_mac = {{2, 0, 0, 0, 0, 1}},
		.dst_mac = {{2, 0, 0, 0, 0, 2}},
		.tags = {101, 202},
		.rx_tags = {101, 202},
		.n_tags = n_tags,
		.n_rx_tags = n_tags,
		.src = 0x0a000102,
		.n_flows = n_flows,
		.sport = 1024,
		.dport = 9,
		.ttl = 64,
	};

	assert_int_equal(prefix_parse(dst, &spec.dst), 0);
	return spec;
}

/* RFC 1071, the slow way, over a pseudo header where there is one. */
static uint16_t checksum(const uint8_t *data, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i < len; i++)
		sum += (uint32_t)data[i] << (i % 2 != 0 ? 0 : 8);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void check_frame(const uint8_t *data, const struct frame_size *size, unsigned int n_tags)
{
	const uint8_t *ip = data + 14 + 4 * n_tags;
	uint32_t udp_len = size->len - 14u - 4 * n_tags - 20;

	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[2] << 8 | ip[3], udp_len + 20);
	assert_int_equal(checksum(ip, 20, 0), 0xffff);
	assert_int_equal(ip[24] << 8 | ip[25], udp_len);
	assert_int_not_equal(ip[26] << 8 | ip[27], 0);
	assert_int_equal(checksum(ip + 20, udp_len, checksum(ip + 12, 8, 17 + udp_len)), 0xffff);
}

static void writes_and_reads(void **state)
{
	static const char *const nets[] = {"10.1.0.0/16", "10.1.2.0/24", "10.1.2.4/30",
		"10.1.2.4/31", "10.1.2.3/32", "0.0.0.0/0"};
	uint8_t data[FRAME_SIZE_MAX];

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int n_tags = round % 3;
		struct frame_spec spec = spec_of(nets[(unsigned long)random() % 6],
			1 + (uint32_t)random() % (random() % 2 ? FRAME_FLOWS_MAX : 10), n_tags);
		uint16_t min = frame_size_min(&spec), bytes;
		struct frame_mark mark, back;
		struct frame_size size;
		uint32_t at;
		int rc = frame_set_init(&set, &spec);

		if (rc == -ERANGE) {
			assert_true(spec.n_flows > FRAME_FLOWS_MAX - 1024);
			continue;
		}
		assert_int_equal(rc, 0);
		bytes = (uint16_t)(min + random() % (FRAME_SIZE_MAX - min + 1));
		mark = (struct frame_mark){.flow = (uint32_t)random() % spec.n_flows,
			.seq = (uint32_t)random() * 2,
			.run = (uint16_t)random(),
			.tsc = (uint64_t)random() << 17 & FRAME_TSC_MASK};
		frame_fill(&set, data);
		frame_size_init(&set, &size, bytes);
		frame_write(&set, &size, &mark, data);
		check_frame(data, &size, n_tags);
		assert_true(prefix_contains(&spec.dst,
			&(struct ip_addr){.af = IP_AF_4,
				.bytes = {data[30 + 4 * n_tags], data[31 + 4 * n_tags],
					data[32 + 4 * n_tags], data[33 + 4 * n_tags]}}));
		memset(&back, 0, sizeof(back));
		assert_int_equal(frame_read(&set, data, size.len, &back), FRAME_OURS);
		assert_int_equal(back.flow, mark.flow);
		assert_int_equal(back.seq, mark.seq);
		assert_int_equal(back.run, mark.run);
		assert_int_equal(back.tsc, mark.tsc);
		assert_int_equal(frame_size_of_payload(&spec, back.payload), bytes);
		/* Any bit of what IP carries: never ours again. A router may change TTL. */
		at = (uint32_t)(14 + 4 * n_tags +
			(unsigned long)random() % (size.len - 14 - 4 * n_tags));
		data[at] ^= (uint8_t)(1 << random() % 8);
		assert_int_not_equal(frame_read(&set, data, size.len, &back), FRAME_OURS);
	}
}

/* Each flow has its own destination and source port, within the prefix. */
static void tells_flows_apart(void **state)
{
	static uint8_t seen[FRAME_FLOWS_MAX];
	struct frame_spec spec = spec_of("10.1.2.0/24", 1000, 0);
	uint8_t data[FRAME_SIZE_MAX];
	struct frame_size size;

	(void)state;
	memset(seen, 0, sizeof(seen));
	assert_int_equal(frame_set_init(&set, &spec), 0);
	frame_fill(&set, data);
	frame_size_init(&set, &size, 64);
	for (uint32_t f = 0; f < spec.n_flows; f++) {
		struct frame_mark mark = {.flow = f}, back;

		frame_write(&set, &size, &mark, data);
		assert_int_equal(frame_read(&set, data, size.len, &back), FRAME_OURS);
		assert_int_equal(back.flow, f);
		assert_int_equal(seen[back.flow]++, 0);
		assert_true(frame_dst(&set, f) > 0x0a010200 && frame_dst(&set, f) < 0x0a0102ff);
	}
}

static void knows_others(void **state)
{
	struct frame_spec spec = spec_of("10.1.0.0/16", 4, 1), strange = spec;
	uint8_t data[FRAME_SIZE_MAX] = {0};
	struct frame_mark mark = {0};
	struct frame_size size;

	(void)state;
	assert_int_equal(frame_set_init(&set, &spec), 0);
	for (uint32_t len = 0; len < 64; len++)
		assert_int_equal(frame_read(&set, data, len, &mark), FRAME_OTHER);
	strange.src++;
	assert_int_equal(frame_set_init(&other, &strange), 0);
	frame_fill(&other, data);
	frame_size_init(&other, &size, 100);
	frame_write(&other, &size, &mark, data);
	assert_int_equal(frame_read(&set, data, size.len, &mark), FRAME_OTHER);
	frame_size_init(&set, &size, 100);
	frame_write(&set, &size, &mark, data);
	assert_int_equal(frame_read(&set, data, size.len, &mark), FRAME_OURS);
	/* Cut anywhere: no byte beyond the end is looked at. */
	for (uint32_t len = 0; len < size.len; len++) {
		uint8_t *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, data, len);
		assert_int_not_equal(frame_read(&set, cut, len, &mark), FRAME_OURS);
		free(cut);
	}
	data[15] ^= 1;
	assert_int_equal(frame_read(&set, data, size.len, &mark), FRAME_WRONG_TAG);
	set.spec.any_rx_tags = true;
	assert_int_equal(frame_read(&set, data, size.len, &mark), FRAME_OURS);
	for (unsigned int round = 0; round < 20000; round++) {
		for (uint32_t i = 0; i < 80; i++)
			data[i] = (uint8_t)random();
		assert_int_not_equal(frame_read(&set, data, 80, &mark), FRAME_OURS);
	}
}

static void refuses(void **state)
{
	struct frame_spec spec = spec_of("10.1.0.0/16", 0, 0);

	(void)state;
	assert_int_equal(frame_set_init(&set, &spec), -EINVAL);
	spec.n_flows = FRAME_FLOWS_MAX + 1;
	assert_int_equal(frame_set_init(&set, &spec), -EINVAL);
	spec = spec_of("2001:db8::/32", 1, 0);
	assert_int_equal(frame_set_init(&set, &spec), -EINVAL);
	spec = spec_of("10.1.2.3/32", FRAME_FLOWS_MAX, 0);
	assert_int_equal(frame_set_init(&set, &spec), -ERANGE);
	spec = spec_of("10.1.2.3/32", 1, 0);
	assert_int_equal(frame_size_min(&spec), 64);
	spec.n_tags = 1;
	assert_int_equal(frame_size_min(&spec), 64);
	spec.n_tags = 2;
	assert_int_equal(frame_size_min(&spec), 68);
}

static void asks_and_answers(void **state)
{
	const struct mac_addr host = {{2, 0, 0, 0, 0, 1}}, router = {{2, 0, 0, 0, 0, 9}};
	const uint16_t tags[2] = {100, 200};

	(void)state;
	for (unsigned int n_tags = 0; n_tags <= 2; n_tags++) {
		struct arp_message message;
		uint8_t data[ARP_FRAME_MAX], before[ARP_FRAME_MAX];
		uint32_t len = arp_request(data, &host, tags, n_tags, 0x0a000002, 0x0a000001);

		assert_true(len >= 60 && len <= sizeof(data));
		assert_int_equal(arp_read(data, len, &message), ARP_REQUEST);
		assert_int_equal(message.sender, 0x0a000002);
		assert_int_equal(message.target, 0x0a000001);
		assert_memory_equal(message.sender_mac.bytes, host.bytes, 6);
		memcpy(before, data, sizeof(data));
		arp_answer(data, &message, &router);
		assert_memory_equal(data, host.bytes, 6);
		assert_memory_equal(data + 6, router.bytes, 6);
		assert_memory_equal(data + 12, before + 12, 4 * n_tags + 2);
		assert_int_equal(arp_read(data, len, &message), ARP_REPLY);
		assert_int_equal(message.sender, 0x0a000001);
		assert_int_equal(message.target, 0x0a000002);
		assert_memory_equal(message.sender_mac.bytes, router.bytes, 6);
		for (len = 0; len < 14 + 4 * n_tags + 28; len++)
			assert_int_equal(arp_read(data, len, &message), ARP_NONE);
		data[14 + 4 * n_tags] ^= 1; /* no longer Ethernet */
		assert_int_equal(arp_read(data, 60, &message), ARP_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads),
		cmocka_unit_test(tells_flows_apart),
		cmocka_unit_test(knows_others),
		cmocka_unit_test(refuses),
		cmocka_unit_test(asks_and_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
