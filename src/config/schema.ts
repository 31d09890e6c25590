import { z } from "zod";

const interfaceName = z
  .string()
  .regex(/^[^\s/:]{1,15}$/, "is not an interface name (1 to 15 characters, as `ip link` shows it)");
const ipv4 = z.ipv4("is not an IPv4 address");
const ipv4Network = z.cidrv4("is not an IPv4 network such as 192.168.0.0/16");
const network = z.union(
  [ipv4Network, z.cidrv6()],
  "is not a network such as 192.168.0.0/16 or 2001:db8::/32",
);
/** unix(7): sun_path has 108 bytes, its end included. What is longer, libuv cuts without a word. */
const socketPath = z
  .string()
  .min(1)
  .refine((path) => Buffer.byteLength(path) < 108, "is too long for a Unix socket (107 bytes at most)");
const seconds = z.int().min(1).max(604_800);

const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, "is not a port range such as 10000-65535")
  .transform((text) => {
    const [first = 0, last = 0] = text.split("-").map(Number);
    return { first, last };
  })
  .refine(({ first, last }) => first >= 1024 && last <= 65_535 && first < last, {
    error: "must run upward within 1024-65535",
  });

/**
 * The configuration file, as TOML, with every default. Flags of the command line win over it.
 *
 * Times are in seconds, as an admin thinks of them.
 */
export const schema = z.strictObject({
  /** Interfaces of the phones' side. */
  inside: z.array(interfaceName).default([]),
  /** Interface of the providers' side. */
  outside: interfaceName.optional(),
  /** NFQUEUE number, the one the rules name. */
  queue: z.int().min(0).max(65_535).default(5060),
  /** Unix socket of the control API. */
  socket: socketPath.default("/run/sipexpectd/control.sock"),
  /** Folder of the store. */
  store: z.string().min(1).default("/var/lib/sipexpectd"),
  /** External address to use where the outside interface has several; its first one otherwise. */
  address: ipv4.optional(),
  /**
   * The same for IPv6, where `networks` has some of it. Otherwise the first routable one, of those that are not
   * deprecated if there are any; it stays until it is gone or deprecated itself.
   */
  address_ipv6: z.ipv6("is not an IPv6 address").optional(),
  /** Address to write into messages where another 1:1 NAT stands between this gateway and the internet. */
  advertise: ipv4.optional(),
  /** Inside networks that are translated. IPv4 that is not in one is routed, not NATed, and left alone. IPv6 is served
   * wherever the kernel routes it to the inside, and translated only where it is in one (NAT66, NPTv6). */
  networks: z
    .array(network)
    .default(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]),
  /**
   * Outside networks that may call any endpoint that has a binding: proxies of a provider that phones never send to.
   * Everybody else may call only those who have sent them SIP.
   */
  peers: z.array(network).default([]),
  /** What is done to the SIP of which hosts; the first rule that matches decides, and translates by default. */
  modes: z
    .array(
      z.strictObject({
        /** The phones' network; all of them otherwise. */
        inside: network.optional(),
        /** The providers' network; all of them otherwise. */
        outside: network.optional(),
        mode: z.enum(["translate", "pinhole", "off"]),
      }),
    )
    .default([]),
  ports: z
    .strictObject({
      /** External ports of SIP endpoints. RTP never uses one, as everything arriving there is queued. */
      signalling: portRange.default({ first: 5060, last: 9999 }),
      /** External ports of media, where the phone's own is taken. */
      media: portRange.default({ first: 10_000, last: 65_535 }),
    })
    .prefault({}),
  table: z
    .strictObject({
      max_bindings: z.int().min(1).max(1_000_000).default(65_536),
      max_streams: z.int().min(1).max(1_000_000).default(65_536),
      /** The most streams of one inside address. */
      max_streams_per_endpoint: z.int().min(1).max(1_000_000).default(4096),
      /** The most entries of the kernel's expectation table to use; all but a sixteenth (at least 8) otherwise. */
      kernel_slots: z.int().min(8).max(1_000_000).optional(),
      /** What nf_conntrack_expect_max is raised to at start where that is allowed; it is never lowered. */
      expect_max: z.int().min(16).max(1_000_000).default(4096),
    })
    .prefault({}),
  media: z
    .strictObject({
      /** Whose packets may open a media flow: hosts the SDP names and the signalling peer, anybody, or the peer. */
      source: z.enum(["signalled", "any", "peer"]).default("signalled"),
      /** Inside networks whose hosts may be named as media hosts by another inside host (a PBX's media server). */
      hosts: z.array(network).default([]),
      /** Connection mark of media flows, inherited from their master; 0 sets none. */
      mark: z.int().min(0).max(0xffff_ffff).default(0),
    })
    .prefault({}),
  timers: z
    .strictObject({
      /** A binding outlives its last packet by this when it is not registered. */
      binding: seconds.default(600),
      /** A call without a final response. */
      early: seconds.default(180),
      /** An answered call on hold, without any SIP. */
      answered: seconds.default(7200),
      /** An answered call that is not on hold, without any SIP and any media. */
      media_idle: seconds.default(3600),
      /** Between the end of a call and the reuse of its ports. */
      linger: seconds.default(5),
      /** An expectation in the kernel when nobody renews it: the daemon does while the call lasts. */
      expectation: seconds.default(180),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(["trace", "debug", "info", "warn", "error"]).default("info") })
    .prefault({}),
});

/** Config is the whole configuration with its defaults filled in. */
export type Config = z.output<typeof schema>;

/** What may stand in a configuration file or come from flags. */
export type ConfigInput = z.input<typeof schema>;
