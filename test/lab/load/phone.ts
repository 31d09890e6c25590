/**
 * The phones' side of the load: one process, many phones, each with an address of its own and all on port 5060.
 * Started in the `phone` namespace with one argument, PhoneConfig as JSON; obeys Commands on its standard input.
 */
import { phoneAddress } from "../namespaces.ts";
import { type Command, type PhoneConfig, phoneUser, tell } from "./control.ts";
import { MediaClock } from "./media.ts";
import { obey } from "./obey.ts";
import { register } from "./registration.ts";
import { openSocket } from "./sip-socket.ts";
import { UserAgent } from "./user-agent.ts";

interface Phone {
  readonly user: string;
  readonly contact: string;
  readonly agent: UserAgent;
}

async function openPhone(
  index: number,
  { phones, ringTime, mediaLead }: PhoneConfig,
  clock: MediaClock,
): Promise<Phone> {
  const user = phoneUser(index);
  const host = phoneAddress(index);
  const contact = `<sip:${user}@${host}:5060>`;
  const agent = new UserAgent(await openSocket({ host, port: 5060 }), {
    line: {
      side: "phone",
      user,
      contact,
      recordRoute: undefined,
      mediaHost: host,
      ringTime,
      mediaLead,
      clock,
    },
    answersFor: (called) => called === user,
    nextPort: mediaPorts(phones === 1 ? 5000 : 500),
  });
  return { user, contact, agent };
}

/** All phones of one make use the same ports, and go round a small range; a PBX alone has one for all calls. */
function mediaPorts(pairs: number): () => number {
  let next = 0;
  return () => 11780 + (next++ % pairs) * 2;
}

async function main(): Promise<void> {
  const config = JSON.parse(process.argv[2] ?? "") as PhoneConfig;
  const clock = new MediaClock(config.rtpInterval);
  const phones = await Promise.all(
    Array.from({ length: config.phones }, (_, index) => openPhone(index, config, clock)),
  );

  const registerAll = (registrar: string, rate: number) => {
    for (const [index, { user, contact, agent }] of phones.entries()) {
      setTimeout(
        async () => {
          const result = await register(agent.transactions, { user, contact, registrar });
          tell({ event: "registered", user, registrar, result });
        },
        (index * 1000) / rate,
      );
    }
  };
  const call = ({ call: id, from, user, registrar, steps }: Extract<Command, { command: "call" }>) => {
    const phone = phones[from];
    if (!phone) throw new Error(`No phone ${from}; there are ${phones.length}.`);
    const uri = `sip:${user}@${registrar}`;
    const target = { uri, from: `<sip:${phone.user}@${registrar}>`, to: `<${uri}>` };
    return phone.agent.call(id, { ...target, address: { host: registrar, port: 5060 } }, steps);
  };

  const agents = phones.map(({ agent }) => agent);
  obey(agents, {
    register: ({ registrar, rate }) => registerAll(registrar, rate),
    call: (command) => void call(command),
  });
}

await main();
