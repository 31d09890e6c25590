/*
 * The two ends of the gateway's benchmark in one process, so that what one end answers leaves in its order:
 *
 *	sip-load NETNS INSIDE OUTSIDE
 *
 * The phones' end is the network namespace it is started in, the provider's the one whose file is NETNS. INSIDE and
 * OUTSIDE are texts that no packet may show to the provider and to the phones, once it is translated. Commands come
 * by standard input, and each is answered with one line:
 *
 *	load FILE			what to send from now on, in turn; answers with the number of packets
 *	run RATE SECONDS [...]		sends RATE packets a second, then waits for the last of them; answers with JSON
 *
 * FILE is a row of packets, each: source and destination address (4 bytes each, network order), destination port (2,
 * network order), sender (2, host order, 0 the phones, 1 the provider), length of the payload (4, host order), payload.
 * All have source port 5060. A packet has arrived when the network namespace of its receiver has it, by the kernel's own
 * stamp: when the receiving thread is given the time to read it says nothing of the gateway. The 16 digits behind "X-Stamp: " become the time of sending in hexadecimal nanoseconds; the
 * 8 behind each "turn-" the number of times all packets have been sent, so that every turn has calls of its own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SIP_PORT 5060
#define BATCH 64
/* Packets stamped and sent at one go: the last of them waits for the sending of all. */
#define AT_ONCE 16
#define STAMP "X-Stamp: "
#define STAMP_DIGITS 16
#define TURN "turn-"
#define TURN_DIGITS 8
/* Marks of a turn that one packet may hold. */
#define TURNS 8
#define HEAD 16
/* Microseconds told apart; what takes longer counts as this. */
#define LONGEST 1000000
/* Nanoseconds within which a packet counts as prompt; what takes longer stood in a queue that was filling up. */
#define PROMPT 50000000
/* Nanoseconds of a run whose packets are counted together, and how many of them a run may have. */
#define BIN 100000000
#define BINS 36000
/* Nanoseconds for which a receiver lets packets gather: to be woken for each would cost more than to read it. */
#define GATHER 1000000
/* Nanoseconds that whoever gave a command is given to come to rest, as it shares the processors. */
#define REST 100000000
/* Nanoseconds without a packet after which what is missing is lost, and most of them that are waited for. */
#define QUIET 300000000
#define PATIENCE 2000000000

struct packet {
	struct sockaddr_in to;
	struct in_addr from;
	struct iovec payload;
	char *stamp;
	char *turn[TURNS];
	int sender;
};

/* What one end has received of a run; written by its own thread alone. */
struct end {
	int fd;
	const char *forbidden;
	atomic_uint_fast64_t received;
	uint64_t leaked, longest;
	uint32_t took[LONGEST + 1];
	uint32_t received_of[BINS], prompt_of[BINS];
};

static struct end ends[2];
static uint32_t sent_of[BINS];
/* When the run began: what was sent before belongs to none. */
static atomic_uint_fast64_t began;
static struct packet *packets;
static size_t count, next;
static uint32_t turn;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t nanoseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* By the clock that the kernel stamps packets with. */
static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return nanoseconds(t);
}

static void doze(long nanoseconds)
{
	const struct timespec nap = { 0, nanoseconds };

	nanosleep(&nap, NULL);
}

static int open_socket(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(SIP_PORT) };
	const int size = 64 << 20, on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		fail("SO_RCVBUFFORCE");
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		fail("SO_TIMESTAMPNS");
	return fd;
}

static void find_marks(struct packet *p)
{
	char *at = p->payload.iov_base, *end = at + p->payload.iov_len;
	int i;

	p->stamp = memmem(at, end - at, STAMP, strlen(STAMP));
	if (p->stamp)
		p->stamp += strlen(STAMP);
	for (i = 0; i < TURNS; i++) {
		at = memmem(at, end - at, TURN, strlen(TURN));
		if (!at)
			break;
		at += strlen(TURN);
		p->turn[i] = at;
	}
}

/* Reads the packets of a file, which is mapped so that marks can be written into it. */
static void load(const char *path)
{
	static char *mapped;
	static size_t size;
	size_t room = 0;
	struct stat status;
	char *at, *end;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &status) < 0)
		fail(path);
	if (mapped)
		munmap(mapped, size);
	size = status.st_size;
	mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED)
		fail(path);
	close(fd);
	count = 0;
	next = 0;
	for (at = mapped, end = at + size; end - at >= HEAD;) {
		struct packet *p;
		uint32_t length;
		uint16_t sender;

		if (count >= room) {
			room = room ? 2 * room : 1024;
			packets = realloc(packets, room * sizeof(*packets));
			if (!packets)
				fail("realloc");
		}
		p = &packets[count++];
		memset(p, 0, sizeof(*p));
		p->to.sin_family = AF_INET;
		memcpy(&p->from, at, 4);
		memcpy(&p->to.sin_addr, at + 4, 4);
		memcpy(&p->to.sin_port, at + 8, 2);
		memcpy(&sender, at + 10, 2);
		memcpy(&length, at + 12, 4);
		at += HEAD;
		if (length > end - at || sender > 1)
			exit((fprintf(stderr, "%s: packet %zu is not whole\n", path, count), 1));
		p->sender = sender;
		p->payload = (struct iovec){ at, length };
		find_marks(p);
		at += length;
	}
	if (!count)
		exit((fprintf(stderr, "%s: there is no packet in it\n", path), 1));
	printf("%zu\n", count);
}

static void write_digits(char *at, int digits, uint64_t value)
{
	for (; digits-- > 0; value >>= 4)
		at[digits] = "0123456789abcdef"[value & 15];
}

/* Sends as many of the next packets as one end sends in a row, `most` of them at most; returns how many. */
static int send_some(int most)
{
	static union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control[BATCH];
	struct mmsghdr batch[BATCH];
	int sender = packets[next].sender, i, j, sent;

	for (i = 0; i < most && next + i < count && packets[next + i].sender == sender; i++) {
		struct packet *p = &packets[next + i];
		struct in_pktinfo from = { .ipi_spec_dst = p->from };

		if (p->stamp)
			write_digits(p->stamp, STAMP_DIGITS, now());
		for (j = 0; j < TURNS && p->turn[j]; j++)
			write_digits(p->turn[j], TURN_DIGITS, turn);
		control[i].header = (struct cmsghdr){ CMSG_LEN(sizeof(from)), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(&control[i].header), &from, sizeof(from));
		batch[i].msg_hdr = (struct msghdr){ &p->to, sizeof(p->to), &p->payload, 1,
						    &control[i], sizeof(control[i]), 0 };
	}
	sent = sendmmsg(ends[sender].fd, batch, i, 0);
	if (sent < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EPERM)
		fail("sendmmsg");
	/* What the kernel did not take counts as sent, and so as lost. */
	if (sent < 1)
		sent = 1;
	next += sent;
	if (next == count) {
		next = 0;
		turn++;
	}
	return sent;
}

/* Sends at a rate for a while; returns how many packets. */
static uint64_t send_for(double rate, double seconds)
{
	uint64_t sent = 0, start = now(), end = start + (uint64_t)(seconds * 1e9), at;

	while ((at = now()) < end) {
		uint64_t due = (uint64_t)((at - start) * rate / 1e9), bin = (at - began) / BIN;
		int some;

		if (due <= sent) {
			doze(50000);
			continue;
		}
		some = send_some(due - sent > AT_ONCE ? AT_ONCE : (int)(due - sent));
		sent += some;
		sent_of[bin < BINS ? bin : BINS - 1] += some;
	}
	return sent;
}

static void take_in(struct end *end, char *text, size_t length, uint64_t at)
{
	char *mark = memmem(text, length, STAMP, strlen(STAMP));
	uint64_t sent = mark ? strtoull(mark + strlen(STAMP), NULL, 16) : 0, took, bin;

	if (sent < began || sent > at)
		return;
	took = at - sent;
	bin = (sent - began) / BIN;
	if (bin >= BINS)
		bin = BINS - 1;
	end->took[took / 1000 > LONGEST ? LONGEST : took / 1000]++;
	if (took > end->longest)
		end->longest = took;
	end->received_of[bin]++;
	if (took <= PROMPT)
		end->prompt_of[bin]++;
	if (memmem(text, length, end->forbidden, strlen(end->forbidden)))
		end->leaked++;
	atomic_fetch_add(&end->received, 1);
}

static uint64_t arrived_at(struct msghdr *message)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct timespec t;

	if (!control || control->cmsg_type != SO_TIMESTAMPNS)
		exit((fprintf(stderr, "sip-load: a packet has no stamp of the kernel\n"), 1));
	memcpy(&t, CMSG_DATA(control), sizeof(t));
	return nanoseconds(t);
}

static void *receive(void *argument)
{
	struct end *end = argument;
	static _Thread_local char text[BATCH][2048];
	static _Thread_local union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct timespec))];
	} control[BATCH];
	struct mmsghdr batch[BATCH];
	struct iovec part[BATCH];
	int i, got;

	for (;;) {
		for (i = 0; i < BATCH; i++) {
			part[i] = (struct iovec){ text[i], sizeof(text[i]) - 1 };
			batch[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i], .msg_iovlen = 1,
							    .msg_control = &control[i],
							    .msg_controllen = sizeof(control[i]) };
		}
		got = recvmmsg(end->fd, batch, BATCH, MSG_WAITFORONE, NULL);
		if (got < 0 && errno != EINTR && errno != ECONNREFUSED)
			fail("recvmmsg");
		for (i = 0; i < got; i++) {
			text[i][batch[i].msg_len] = 0;
			take_in(end, text[i], batch[i].msg_len, arrived_at(&batch[i].msg_hdr));
		}
		if (got < BATCH)
			doze(GATHER);
	}
	return NULL;
}

static uint64_t received(void)
{
	return atomic_load(&ends[0].received) + atomic_load(&ends[1].received);
}

static void await_last(uint64_t sent)
{
	uint64_t start = now(), heard = start, seen = received();

	while (received() < sent && now() - heard < QUIET && now() - start < PATIENCE) {
		doze(1000000);
		if (received() != seen)
			heard = now();
		seen = received();
	}
}

static uint64_t percentile(uint64_t total, double share)
{
	uint64_t seen = 0, us;

	for (us = 0; us < LONGEST; us++) {
		seen += ends[0].took[us] + ends[1].took[us];
		if (seen > total * share)
			break;
	}
	return us;
}

static void report(uint64_t sent, uint64_t within)
{
	uint64_t total = received(), bins = BINS, i;
	uint64_t longest = ends[0].longest > ends[1].longest ? ends[0].longest : ends[1].longest;

	printf("{\"sent\":%lu,\"received\":%lu,\"leaked\":%lu,\"within\":%lu", sent, total,
	       ends[0].leaked + ends[1].leaked, within);
	printf(",\"p50\":%lu,\"p99\":%lu,\"p999\":%lu,\"longest\":%lu,\"bins\":[", percentile(total, 0.5),
	       percentile(total, 0.99), percentile(total, 0.999), longest / 1000);
	while (bins && !sent_of[bins - 1])
		bins--;
	for (i = 0; i < bins; i++)
		printf("%s[%u,%u,%u]", i ? "," : "", sent_of[i], ends[0].received_of[i] + ends[1].received_of[i],
		       ends[0].prompt_of[i] + ends[1].prompt_of[i]);
	puts("]}");
}

/* Sends at each rate for its while, one after the other without a break, and reports on all of it. */
static void run(char *steps)
{
	uint64_t sent = 0, within;
	double rate, seconds;
	int i, used;

	/* The threads that count sleep now: whatever is still on its way was sent before, and is not counted. */
	atomic_store(&began, UINT64_MAX);
	for (i = 0; i < 2; i++) {
		atomic_store(&ends[i].received, 0);
		ends[i].leaked = ends[i].longest = 0;
		memset(ends[i].took, 0, sizeof(ends[i].took));
		memset(ends[i].received_of, 0, sizeof(ends[i].received_of));
		memset(ends[i].prompt_of, 0, sizeof(ends[i].prompt_of));
	}
	memset(sent_of, 0, sizeof(sent_of));
	doze(REST);
	atomic_store(&began, now());
	while (sscanf(steps, "%lf %lf%n", &rate, &seconds, &used) == 2) {
		sent += send_for(rate, seconds);
		steps += used;
	}
	within = received();
	await_last(sent);
	report(sent, within);
}

int main(int argc, char **argv)
{
	static char line[4096];
	pthread_t thread;
	int i, fd;

	if (argc != 4)
		exit((fprintf(stderr, "usage: sip-load NETNS INSIDE OUTSIDE\n"), 2));
	ends[0].fd = open_socket();
	ends[0].forbidden = argv[3];
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		fail(argv[1]);
	ends[1].fd = open_socket();
	ends[1].forbidden = argv[2];
	for (i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, receive, &ends[i]))
			fail("pthread_create");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "load ", 5))
			load(line + 5);
		else if (!strncmp(line, "run ", 4))
			run(line + 4);
		else
			exit((fprintf(stderr, "sip-load: not a command: %s\n", line), 2));
		fflush(stdout);
	}
	return 0;
}
