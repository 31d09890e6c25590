/*
 * One datagram of the kernel read into the numbers of its row. Nothing in it is trusted.
 */
#include "queue.h"

/* The attributes of a packet message that we use; NULL where absent. */
struct attributes {
	const uint8_t *data[NFQA_MAX + 1];
	uint16_t length[NFQA_MAX + 1];
};

/*
 * Collects the attributes of `length` bytes. Returns false if they do not fill it exactly; those before the
 * fault are found all the same.
 */
static bool read_attributes(const uint8_t *at, size_t length, struct attributes *found)
{
	memset(found, 0, sizeof(*found));
	while (length >= NLA_HDRLEN) {
		uint16_t size = read_u16(at);
		uint16_t type = read_u16(at + 2) & NLA_TYPE_MASK;
		size_t step = NLA_ALIGN((size_t)size);

		if (size < NLA_HDRLEN || size > length)
			return false;
		if (type <= NFQA_MAX) {
			found->data[type] = at + NLA_HDRLEN;
			found->length[type] = size - NLA_HDRLEN;
		}
		if (step > length)
			step = length;
		at += step;
		length -= step;
	}
	return length == 0;
}

static uint32_t attribute_be32(const struct attributes *found, int type, uint32_t absent)
{
	return found->length[type] >= 4 ? ntohl(read_u32(found->data[type])) : absent;
}

/* Accepts a packet that JavaScript will not see. */
static void accept_unseen(struct queue *q, uint32_t id)
{
	if (!queue_send_verdict(q, id, NF_ACCEPT, NULL))
		q->counters[COUNTER_VERDICT_ERRORS]++;
}

/*
 * Reads the datagram in slot `i` into `row`. Returns false if it is not a packet for JavaScript. The kernel
 * puts one message into each datagram.
 */
bool queue_read(struct queue *q, unsigned int i, uint32_t *row)
{
	const uint8_t *start = q->slots[i].iov_base;
	size_t length = q->datagrams[i].msg_len;
	bool truncated = q->datagrams[i].msg_hdr.msg_flags & MSG_TRUNC;
	struct nfqnl_msg_packet_hdr packet;
	struct attributes found;
	struct nlmsghdr header;
	bool whole;

	/* Only the kernel's port id is 0; another privileged process could send here too. */
	if (q->senders[i].nl_pid != 0 || length < NLMSG_HDRLEN)
		goto malformed;
	header = read_header(start);
	if (header.nlmsg_type == NLMSG_ERROR && length >= NLMSG_HDRLEN + sizeof(int)) {
		/* Not 0: a verdict for a packet that is gone, say because its interface went down. */
		if (read_u32(start + NLMSG_HDRLEN) != 0)
			q->counters[COUNTER_VERDICT_ERRORS]++;
		return false;
	}
	if (header.nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) || length < MESSAGE_HEAD)
		goto malformed;

	whole = header.nlmsg_len == length && !truncated;
	if (!read_attributes(start + MESSAGE_HEAD, length - MESSAGE_HEAD, &found))
		whole = false;
	if (found.length[NFQA_PACKET_HDR] < sizeof(packet))
		goto malformed;
	memcpy(&packet, found.data[NFQA_PACKET_HDR], sizeof(packet));
	q->counters[COUNTER_PACKETS]++;
	q->last_id = ntohl(packet.packet_id);
	if (!whole) {
		q->counters[truncated ? COUNTER_TRUNCATED : COUNTER_MALFORMED]++;
		accept_unseen(q, q->last_id);
		return false;
	}

	row[ROW_ID] = q->last_id;
	row[ROW_OFFSET] = found.data[NFQA_PAYLOAD] ? found.data[NFQA_PAYLOAD] - q->slab.data : 0;
	row[ROW_LENGTH] = found.length[NFQA_PAYLOAD];
	row[ROW_ORIGINAL_LENGTH] = attribute_be32(&found, NFQA_CAP_LEN, found.length[NFQA_PAYLOAD]);
	row[ROW_IN_INTERFACE] = attribute_be32(&found, NFQA_IFINDEX_INDEV, 0);
	row[ROW_OUT_INTERFACE] = attribute_be32(&found, NFQA_IFINDEX_OUTDEV, 0);
	row[ROW_HOOK] = packet.hook;
	row[ROW_MARK] = attribute_be32(&found, NFQA_MARK, 0);
	row[ROW_PROTOCOL] = ntohs(packet.hw_protocol);
	row[ROW_VERDICT] = NF_ACCEPT;
	row[ROW_REPLACEMENT_OFFSET] = 0;
	row[ROW_REPLACEMENT_LENGTH] = 0;
	return true;
malformed:
	q->counters[COUNTER_MALFORMED]++;
	return false;
}
