/*
 * What the files of a netlink socket share. Requests are worked off inside sendmsg(), so their answers are there
 * when it returns; every wait is for an answer that was lost.
 */
#ifndef SIPEXPECTD_NETLINK_H
#define SIPEXPECTD_NETLINK_H

#include <sys/socket.h>

#include "addon.h"

/* Answers read in one recvmmsg(): 16 of at most 16 KiB; the kernel makes single answers of at most 8 KiB. */
enum { ANSWERS = 16, ANSWER_BYTES = 16 << 10 };

struct netlink {
	struct nlsocket socket;		/* first: nlsocket_release() frees the whole */
	uint32_t sequence;		/* last one given */
	size_t send_limit;		/* bytes one send may carry */
	uint32_t most;			/* requests one send may carry */

	bool dumping, interrupted;	/* a dump is being read; one of its messages had NLM_F_DUMP_INTR */

	struct span events;		/* the subscriber's buffer */

	struct mmsghdr datagrams[ANSWERS];
	struct iovec slots[ANSWERS];
	struct sockaddr_nl senders[ANSWERS];
	uint8_t answers[ANSWERS][ANSWER_BYTES];
};

static inline void write_header(uint8_t *at, const struct nlmsghdr *header)
{
	memcpy(at, header, sizeof(*header));
}

/* netlink.c */
struct netlink *netlink_of(napi_env env, napi_value value);
struct netlink *netlink_idle(napi_env env, napi_value value);
int netlink_send(const struct netlink *n, uint8_t *data, size_t length);
int netlink_await(const struct netlink *n);
ssize_t netlink_receive(const struct netlink *n, uint8_t *data, size_t length, struct sockaddr_nl *sender);

#endif
