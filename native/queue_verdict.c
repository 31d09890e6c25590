/*
 * Verdicts: those of a batch gathered into one send, and single ones.
 */
#include <linux/if_ether.h>

#include "queue.h"

/* What is being gathered for one sendmsg(). */
struct gathering {
	uint32_t first;			/* first row in it */
	size_t heads, parts, bytes;
};

/*
 * Writes a verdict message at `at`, all but the bytes of its payload. Returns where it ends; the payload, if
 * there is one, and its padding follow.
 */
static uint8_t *put_verdict(const struct queue *q, uint8_t *at, uint32_t id, uint32_t verdict, size_t payload)
{
	const struct nfqnl_msg_verdict_hdr decision = { .verdict = htonl(verdict), .id = htonl(id) };
	uint8_t *end = put_attribute(at + MESSAGE_HEAD, NFQA_VERDICT_HDR, &decision, sizeof(decision));

	if (payload) {
		const struct nlattr attribute = { .nla_len = NLA_HDRLEN + payload, .nla_type = NFQA_PAYLOAD };

		memcpy(end, &attribute, sizeof(attribute));
		end += NLA_HDRLEN;
	}
	put_message(q, at, NFQNL_MSG_VERDICT, 0, end - at + payload);
	return end;
}

/* The kernel works off the whole send inside sendmsg(); its errors, if any, come back as NLMSG_ERROR. */
bool queue_send(struct queue *q, struct iovec *parts, size_t count)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct msghdr message = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = parts,
		.msg_iovlen = count,
	};
	ssize_t sent;

	do
		sent = sendmsg(q->socket.fd, &message, 0);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

bool queue_send_verdict(struct queue *q, uint32_t id, uint32_t verdict, const struct span *replacement)
{
	uint8_t head[VERDICT_HEAD];
	const size_t payload = replacement ? replacement->length : 0;
	struct iovec parts[] = {
		{ head, put_verdict(q, head, id, verdict, payload) - head },
		{ replacement ? replacement->data : NULL, payload },
	};

	return queue_send(q, parts, 2);
}

/*
 * True if the kernel will take the row's replacement. One that is shorter than the packet's own network
 * header it would answer by dropping the packet (nfqnl_mangle, nfnetlink_queue.c).
 */
static bool replacement_fits(const struct queue *q, const uint32_t *row)
{
	uint32_t offset = row[ROW_REPLACEMENT_OFFSET], length = row[ROW_REPLACEMENT_LENGTH];
	size_t network_header = 40;

	/* JavaScript may have written to any field of the row. */
	if (row[ROW_OFFSET] >= q->slab.length)
		return false;
	if (row[ROW_PROTOCOL] == ETH_P_IP && row[ROW_LENGTH])
		network_header = (q->slab.data[row[ROW_OFFSET]] & 15) * 4u;
	return length >= network_header && length <= PAYLOAD_MAX && offset <= q->output.length &&
	       length <= q->output.length - offset;
}

/* Sends what has been gathered. Should that fail, the packets of rows [first, end) go as they came. */
static void flush(struct queue *q, struct gathering *g, uint32_t end)
{
	uint32_t i;

	if (g->parts && !queue_send(q, q->parts, g->parts)) {
		for (i = g->first; i < end; i++) {
			const uint32_t *row = q->rows + i * ROW_FIELDS;

			if (row[ROW_VERDICT] == VERDICT_HOLD)
				continue;
			q->counters[COUNTER_VERDICT_ERRORS]++;
			(void)queue_send_verdict(q, row[ROW_ID], row[ROW_VERDICT], NULL);
		}
	}
	memset(g, 0, sizeof(*g));
	g->first = end;
}

static void gather(struct gathering *g, struct iovec *parts, const void *data, size_t length)
{
	struct iovec *last = g->parts ? &parts[g->parts - 1] : NULL;

	g->bytes += length;
	/* Plain verdicts stand behind each other and make one part. */
	if (last && (uint8_t *)last->iov_base + last->iov_len == data)
		last->iov_len += length;
	else
		parts[g->parts++] = (struct iovec){ (void *)data, length };
}

/* Sends the verdicts of rows [0, count): one send, or several if one could not carry them. */
void queue_send_rows(struct queue *q, uint32_t count)
{
	static const uint8_t padding[NLA_ALIGNTO];
	struct gathering g = { 0 };
	uint32_t i;

	for (i = 0; i < count; i++) {
		uint32_t *row = q->rows + i * ROW_FIELDS;
		uint32_t payload = row[ROW_REPLACEMENT_LENGTH];
		uint8_t *head, *end;

		if (row[ROW_VERDICT] == VERDICT_HOLD)
			continue;
		if ((row[ROW_VERDICT] != NF_ACCEPT && row[ROW_VERDICT] != NF_DROP) ||
		    (payload && !replacement_fits(q, row))) {
			q->counters[COUNTER_BAD_ROWS]++;
			row[ROW_VERDICT] = NF_ACCEPT;
			payload = 0;
		}
		if (g.bytes + VERDICT_HEAD + NLA_ALIGN(payload) > q->send_limit)
			flush(q, &g, i);
		head = q->heads + g.heads;
		end = put_verdict(q, head, row[ROW_ID], row[ROW_VERDICT], payload);
		g.heads += end - head;
		gather(&g, q->parts, head, end - head);
		if (payload) {
			gather(&g, q->parts, q->output.data + row[ROW_REPLACEMENT_OFFSET], payload);
			if (NLA_ALIGN(payload) != payload)
				gather(&g, q->parts, padding, NLA_ALIGN(payload) - payload);
		}
	}
	flush(q, &g, count);
}
