/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 791 fragmentation: what a receiver puts together again is what was sent. */
#include <string.h>

#include "wire.h"

struct whole {
	uint8_t payload[FRAME_MAX];
	size_t len;
	bool more; /* the last one says that more follow */
	unsigned int fragments;
};

/* Options that fragments but the first carry: those with the copied flag, filled up to words. */
static size_t copied_options(const uint8_t *options, size_t len, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len && options[i] != 0;) {
		size_t size = options[i] == 1 ? 1 : options[i + 1];

		if (options[i] & 0x80) {
			memcpy(out + n, options + i, size);
			n += size;
		}
		i += size;
	}
	while (n % 4 != 0)
		out[n++] = 0;
	return n;
}

/* Take all that left by port 1 and put it together, holding each fragment to its header. */
static void reassemble(
	const struct wire_lab *lab, const struct frame_ip *ip, uint16_t mtu, struct whole *whole)
{
	uint16_t offset = (uint16_t)((ip->frag & 0x1fff) * 8), next = offset;
	uint8_t copied[40];
	size_t n_copied = copied_options(ip->options, ip->options_len, copied);
	struct frame f;
	struct frame_view v;

	whole->len = 0;
	whole->more = true;
	for (whole->fragments = 0; wire_recv(1, &f); whole->fragments++) {
		frame_parse(&f, &v);
		assert_true(v.ok && v.padding == 0);
		assert_memory_equal(&v.l2, &lab->at_b, sizeof(v.l2));
		assert_in_range(v.total, 21, mtu);
		assert_int_equal(v.ip.id, ip->id);
		assert_int_equal(v.ip.ttl, 63);
		assert_int_equal(v.ip.tos, ip->tos);
		assert_int_equal(v.ip.src, ip->src);
		assert_int_equal(v.ip.dst, ip->dst);
		assert_int_equal(v.ip.frag & FRAME_DF, 0);
		assert_int_equal((v.ip.frag & 0x1fff) * 8, next);
		if (next == 0) {
			assert_int_equal(v.ip.options_len, ip->options_len);
			if (ip->options_len > 0)
				assert_memory_equal(v.ip.options, ip->options, ip->options_len);
		} else if (offset == 0) {
			assert_int_equal(v.ip.options_len, n_copied);
			if (n_copied > 0)
				assert_memory_equal(v.ip.options, copied, n_copied);
		}
		assert_true(whole->more);
		whole->more = (v.ip.frag & FRAME_MF) != 0;
		if (whole->more)
			assert_int_equal(v.payload_len % 8, 0);
		memcpy(whole->payload + whole->len, v.payload, v.payload_len);
		whole->len += v.payload_len;
		next = (uint16_t)(next + v.payload_len);
	}
}

static void fragmented(
	const struct wire_lab *lab, struct frame_ip *ip, uint16_t mtu, size_t payload)
{
	static struct whole whole;
	struct frame f;
	struct frame_view v;

	frame_udp(&f, &lab->from_a, ip, 1, 2, payload, (uint32_t)payload);
	frame_pad(&f, 60);
	frame_parse(&f, &v);
	wire_send(0, &f);
	wire_poll(1);
	reassemble(lab, ip, mtu, &whole);
	if (v.total <= mtu)
		assert_int_equal(whole.fragments, 1);
	else
		assert_true(whole.fragments > 1);
	assert_int_equal(whole.len, v.payload_len);
	assert_memory_equal(whole.payload, v.payload, v.payload_len);
	assert_int_equal(whole.more, (ip->frag & FRAME_MF) != 0);
	wire_extra(whole.fragments - 1);
	wire_expect_none();
}

static void test_sizes(void **state)
{
	static const uint16_t mtus[] = {68, 69, 75, 76, 576, 1280, 1499};
	static const struct wire_iface tags[] = {{0}, {.vlan = 9}, {.outer = 9, .vlan = 9}};

	(void)state;
	for (unsigned int i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		struct wire_iface wan = tags[i % 3];
		struct wire_lab lab = {.mtu = 9000};
		struct frame_ip ip = {.src = A_IP, .dst = B_IP, .id = 4711, .tos = 8};

		wan.mtu = mtus[i];
		wire_lab_create(&lab, "t/r", &tags[i % 2], &wan);
		for (size_t payload = 0; payload <= 9000 - 28;
			payload += payload < 200 ? 1 : 97 + i)
			fragmented(&lab, &ip, mtus[i], payload);
		fragmented(&lab, &ip, mtus[i], 9000 - 28);
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* Fragments that have to be cut again: first, middle, last. */
static void test_fragments_of_fragments(void **state)
{
	struct wire_lab lab = {0};
	static const uint16_t frags[] = {FRAME_MF, FRAME_MF | 185, 370, FRAME_MF | 4000};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.mtu = 576});
	for (unsigned int i = 0; i < 4; i++) {
		struct frame_ip ip = {.src = A_IP, .dst = B_IP, .id = 1, .frag = frags[i]};

		fragmented(&lab, &ip, 576, 1472);
		fragmented(&lab, &ip, 576, 1000);
	}
}

/* Options: all in the first fragment, those with the copied flag in every one. */
static void test_options(void **state)
{
	static const uint8_t record_route[] = {7, 7, 4, 0, 0, 0, 0, 0};
	static const uint8_t alert_and_more[] = {
		1, 1, 148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 130, 3, 5};
	static const uint8_t copied_full[40] = {0x9f, 40, 1, 2, 3};
	static const struct {
		const uint8_t *options;
		size_t len;
	} cases[] = {{record_route, sizeof(record_route)}, {alert_and_more, sizeof(alert_and_more)},
		{copied_full, sizeof(copied_full)}};
	static const uint16_t mtus[] = {68, 300, 1280};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct wire_lab lab = {0};

		wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.mtu = mtus[i]});
		for (unsigned int j = 0; j < 3; j++)
			for (size_t payload = 0; payload < 1400; payload += 111) {
				struct frame_ip ip = {.src = A_IP,
					.dst = B_IP,
					.id = 3,
					.options = cases[j].options,
					.options_len = cases[j].len};

				fragmented(&lab, &ip, mtus[i], payload);
			}
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* Without buffers nothing leaves, and the packet is counted. */
static void test_no_buffers(void **state)
{
	struct wire_lab lab = {0};
	uint64_t failed = wire_drops(DROP_FRAGMENT_FAILED);
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.mtu = 576});
	assert_true(wire_bufs_take() > 0);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 1400, 1);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(wire_drops(DROP_FRAGMENT_FAILED), failed + 1);
	wire_bufs_return();
	fragmented(&lab, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 576, 1400);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_sizes),
		WIRE_TEST(test_fragments_of_fragments),
		WIRE_TEST(test_options),
		WIRE_TEST(test_no_buffers),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
