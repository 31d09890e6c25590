/**
 * The providers' side of the load: one process, one server (registrar, callee, caller) for each provider, its media
 * on another address than its signalling. Started in the `prov` namespace with one argument, ProviderConfig as JSON;
 * obeys Commands on its standard input.
 */
import { type Command, type ProviderConfig, type ServerConfig, tell } from "./control.ts";
import { MediaClock } from "./media.ts";
import { obey } from "./obey.ts";
import { Registrar } from "./registration.ts";
import { parseUri } from "./sip-message.ts";
import { openSocket } from "./sip-socket.ts";
import { UserAgent } from "./user-agent.ts";

interface Server {
  readonly host: string;
  readonly agent: UserAgent;
  readonly registrar: Registrar;
}

async function openServer(
  { signalling, media, core }: ServerConfig,
  { ringTime, mediaLead }: ProviderConfig,
  clock: MediaClock,
): Promise<Server> {
  const registrar = new Registrar(signalling);
  const agent = new UserAgent(await openSocket({ host: signalling, port: 5060 }), {
    line: {
      side: "provider",
      user: signalling,
      contact: `<sip:calls@${core ?? signalling}:5060>`,
      recordRoute: core && `<sip:${signalling};lr>`,
      mediaHost: media,
      ringTime,
      mediaLead,
      clock,
    },
    answersFor: () => true,
    nextPort: mediaPorts(),
    onOther: (request, transaction) => {
      if (request.method !== "REGISTER") return false;
      registrar.receive(request, transaction);
      return true;
    },
  });
  return { host: signalling, agent, registrar };
}

function mediaPorts(): () => number {
  let next = 0;
  return () => 20000 + (next++ % 20000) * 2;
}

async function main(): Promise<void> {
  const config = JSON.parse(process.argv[2] ?? "") as ProviderConfig;
  const clock = new MediaClock(config.rtpInterval);
  const servers = await Promise.all(config.servers.map((server) => openServer(server, config, clock)));

  const call = async ({ call: id, from, user, steps }: Extract<Command, { command: "call" }>) => {
    const server = servers[from];
    if (!server) throw new Error(`No provider ${from}; there are ${servers.length}.`);
    // RFC 3261 §16.6: the Contact, exactly as it was registered, is the Request-URI and says where to send.
    const contact = server.registrar.contactOf(user);
    if (!contact) {
      tell({ event: "unknown", call: id });
      return;
    }
    const target = {
      uri: contact,
      from: `<sip:+493012345@${server.host}>`,
      to: `<sip:${user}@${server.host}>`,
    };
    const { host, port } = parseUri(contact);
    await server.agent.call(id, { ...target, address: { host, port } }, steps);
  };

  const agents = servers.map(({ agent }) => agent);
  obey(agents, {
    register() {
      throw new Error("A provider registers nowhere.");
    },
    call: (command) => void call(command),
  });
}

await main();
