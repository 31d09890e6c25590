/*
 * What the files of a queue share: its batch in memory, and how its messages are written.
 */
#ifndef SIPEXPECTD_QUEUE_H
#define SIPEXPECTD_QUEUE_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include "addon.h"

/* Kept in step with src/kernel/native.ts, which says what each means. */
enum { BATCH = 64, SLOT_MIN = 512 };
enum {
	ROW_ID,
	ROW_OFFSET,
	ROW_LENGTH,
	ROW_ORIGINAL_LENGTH,
	ROW_IN_INTERFACE,
	ROW_OUT_INTERFACE,
	ROW_HOOK,
	ROW_MARK,
	ROW_PROTOCOL,
	ROW_VERDICT,
	ROW_REPLACEMENT_OFFSET,
	ROW_REPLACEMENT_LENGTH,
	ROW_FIELDS = 16,
};
enum {
	COUNTER_PACKETS,
	COUNTER_BATCHES,
	COUNTER_VERDICT_ERRORS,
	COUNTER_RECEIVE_OVERRUNS,
	COUNTER_TRUNCATED,
	COUNTER_MALFORMED,
	COUNTER_BAD_ROWS,
	COUNTERS = 8,
};
enum { VERDICT_HOLD = 0xffff };

/* A netlink attribute's length is 16 bits and counts its own header. */
enum { PAYLOAD_MAX = 0xffff - NLA_HDRLEN };

#define ATTRIBUTE_SPACE(bytes) (NLA_HDRLEN + NLA_ALIGN(bytes))

enum { MESSAGE_HEAD = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)) };

/* A verdict message up to its payload's bytes: verdict, and the payload attribute's header. */
enum { VERDICT_HEAD = MESSAGE_HEAD + ATTRIBUTE_SPACE(sizeof(struct nfqnl_msg_verdict_hdr)) + NLA_HDRLEN };

struct queue {
	struct nlsocket socket;		/* first: nlsocket_release() frees the whole */
	uint16_t number;
	uint32_t last_id;		/* newest packet id seen */
	size_t send_limit;		/* bytes one sendmsg() may carry */
	uint32_t drops;			/* sk_drops as last read */

	/* Nanoseconds: a pause to let packets gather, the mean time between two packets, and when some were read. */
	uint64_t pause, gap, read_at;
	uint32_t last_batch;		/* packets read then */

	struct span slab, output;
	size_t slot;			/* bytes of one slot */
	uint32_t *rows;
	uint64_t *counters;

	struct mmsghdr datagrams[BATCH];
	struct iovec slots[BATCH];
	struct sockaddr_nl senders[BATCH];

	uint8_t heads[BATCH * VERDICT_HEAD];
	struct iovec parts[BATCH * 3];	/* heads, payload, padding */
};

static inline uint8_t *put_attribute(uint8_t *at, uint16_t type, const void *data, size_t length)
{
	const struct nlattr attribute = { .nla_len = NLA_HDRLEN + length, .nla_type = type };

	memcpy(at, &attribute, sizeof(attribute));
	memset(at + NLA_HDRLEN, 0, NLA_ALIGN(length));
	memcpy(at + NLA_HDRLEN, data, length);
	return at + ATTRIBUTE_SPACE(length);
}

/* Writes the headers of a message of `length` bytes to the queue. */
static inline void put_message(const struct queue *q, uint8_t *start, uint8_t type, uint16_t flags, size_t length)
{
	const struct nlmsghdr header = {
		.nlmsg_len = length,
		.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	const struct nfgenmsg family = {
		.nfgen_family = AF_UNSPEC,
		.version = NFNETLINK_V0,
		.res_id = htons(q->number),
	};

	memcpy(start, &header, sizeof(header));
	memcpy(start + NLMSG_HDRLEN, &family, sizeof(family));
}

/* queue_bind.c */
int queue_bind(struct queue *q, uint32_t queue_length);

/* queue_pace.c */
void queue_set_pace(struct queue *q, uint32_t pause);
void queue_note_pace(struct queue *q, uint32_t packets);
void queue_pause_for_more(const struct queue *q);

/* queue_packet.c */
bool queue_read(struct queue *q, unsigned int i, uint32_t *row);

/* queue_verdict.c */
bool queue_send(struct queue *q, struct iovec *parts, size_t count);
bool queue_send_verdict(struct queue *q, uint32_t id, uint32_t verdict, const struct span *replacement);
void queue_send_rows(struct queue *q, uint32_t count);

#endif
