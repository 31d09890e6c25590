/*
 * Gives the addon's parsers messages that the kernel would never send: good ones with a few bytes changed,
 * cut anywhere. Each lies in memory of exactly its size, so that AddressSanitizer sees a read of one byte too
 * many.
 * native/sanitize.sh builds and runs it: parser-fuzz ROUNDS.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../native/queue_packet.c"
#include "../../native/queue_verdict.c"
#include "../../native/netlink_dump.c"
#include "../../native/netlink_request.c"

enum { LONGEST = 512 };

/* The headers of a message, then attributes of any type. */
static size_t make_message(uint8_t *message, uint16_t type, uint32_t sequence)
{
	uint8_t *end = message + MESSAGE_HEAD;
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_seq = sequence, .nlmsg_flags = rand() };
	uint8_t data[64];
	int i, count = rand() % 8;

	memset(message, 0, MESSAGE_HEAD);
	for (i = 0; i < (int)sizeof(data); i++)
		data[i] = rand();
	for (i = 0; i < count; i++)
		end = put_attribute(end, rand() % (NFQA_MAX + 3), data, rand() % sizeof(data));
	header.nlmsg_len = end - message;
	memcpy(message, &header, sizeof(header));
	return end - message;
}

/* Some messages behind each other, spoilt and cut; the caller frees them. */
static uint8_t *make_datagram(const uint16_t *types, int count, size_t *length)
{
	uint8_t bytes[4 * LONGEST], *datagram;
	size_t used = 0, most;
	int messages = 1 + rand() % 2, spoilt = rand() % 4;

	while (messages-- > 0 && used + LONGEST * 2 <= sizeof(bytes))
		used += make_message(bytes + used, types[rand() % count], 1 + rand() % 3);
	while (spoilt-- > 0)
		bytes[rand() % used] = rand() % 3 ? rand() % 32 : rand();
	most = rand() % 2 ? used : rand() % (used + 1);
	datagram = malloc(most ? most : 1);
	memcpy(datagram, bytes, most);
	*length = most;
	return datagram;
}

static void try_queue(struct queue *q, uint64_t *counters)
{
	static const uint16_t types[] = { NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, NLMSG_ERROR };
	uint32_t row[ROW_FIELDS] = { 0 };
	size_t length;
	uint8_t *datagram = make_datagram(types, 2, &length);

	q->slab = (struct span){ datagram, length };
	q->counters = counters;
	q->slots[0] = (struct iovec){ datagram, length };
	q->datagrams[0].msg_len = length;
	q->datagrams[0].msg_hdr.msg_flags = rand() % 4 ? 0 : MSG_TRUNC;
	if (queue_read(q, 0, row)) {
		if (row[ROW_LENGTH] > length || row[ROW_OFFSET] > length - row[ROW_LENGTH])
			exit((fprintf(stderr, "a row leaves the slab\n"), 1));
		row[ROW_REPLACEMENT_LENGTH] = rand() % 64;
		(void)replacement_fits(q, row);
	}
	free(datagram);
}

static void try_netlink(struct netlink *n)
{
	static const uint16_t types[] = { NLMSG_ERROR, NLMSG_DONE, 0x100, NLMSG_NOOP };
	int32_t errnos[2] = { UNANSWERED, UNANSWERED };
	struct exchange x = { .errnos = errnos, .first = 1, .count = 2 };
	size_t length;
	uint8_t *datagram = make_datagram(types, 4, &length);

	x.replies.length = rand() % 256;
	x.replies.data = malloc(x.replies.length ? x.replies.length : 1);
	take_datagram(&x, datagram, length);
	if (x.used > x.replies.length || (x.done && errnos[1] == UNANSWERED))
		exit((fprintf(stderr, "an answer leaves its place\n"), 1));
	n->sequence = 1;
	if (pack_dump(n, datagram, length).kept > length)
		exit((fprintf(stderr, "a dump grows\n"), 1));
	free(x.replies.data);
	free(datagram);
}

int main(int count, char **arguments)
{
	long rounds = count > 1 ? atol(arguments[1]) : 100000, i;
	struct queue *q = calloc(1, sizeof(*q));
	struct netlink *n = calloc(1, sizeof(*n));
	uint64_t counters[COUNTERS] = { 0 };

	/* Verdicts for what is accepted unseen go nowhere. */
	q->socket.fd = -1;
	for (i = 0; i < rounds; i++) {
		try_queue(q, counters);
		try_netlink(n);
	}
	printf("parser-fuzz: %ld rounds, %lu packets, %lu truncated, %lu malformed\n", rounds,
	       (unsigned long)counters[COUNTER_PACKETS], (unsigned long)counters[COUNTER_TRUNCATED],
	       (unsigned long)counters[COUNTER_MALFORMED]);
	free(q);
	free(n);
	return 0;
}
