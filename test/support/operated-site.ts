/**
 * A site of real servers on loopback for what a host does with its members while somebody is killed: a host, a recording server with
 * cameras that are off, two failover servers.
 *
 * Belongs here: these servers, their ends and what each says of the site. Does not: the operations (operations.ts), cameras that record.
 */
import { readFileSync } from 'node:fs';
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import type { Server } from '../../src/api/contract/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { DEMO_USER, killBox, placeOf, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { createIssuer } from './licences.ts';
import type { TestIssuer } from './licences.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** An upper bound on a slow machine; a joining that was cut off is forgotten after a minute. */
export const PATIENCE_MS = 150_000;
export const ACCOUNT = { username: DEMO_USER, password: 'a long enough one' } as const;
const LOOK_EVERY_MS = 20;
/** Settings to be changed, not cameras: off, so that nobody covers them. */
const NO_CAMERA = 'rtsp://127.0.0.1:9/main';
export const CAMERAS = 4;

type Teardown = { readonly teardown: (undo: () => unknown) => void };
export type Mode = 'host' | 'recording' | 'failover';
export type Operated = {
  readonly id: string;
  readonly dataDir: string;
  readonly peerPort: number;
  readonly call: (method: string, path: string, body?: object) => Promise<unknown>;
  /** `all`: as a power cut; started again when it resolves, and signed in to. */
  readonly kill: (which: Victims) => Promise<void>;
  readonly start: () => Promise<void>;
};
/** What is killed of a server: its control, which its supervisor starts again, or everything. */
export type Victims = 'control' | 'all';
export type OperatedSite = {
  readonly H: Operated;
  readonly R: Operated;
  readonly F: Operated;
  readonly G: Operated;
  readonly cameraIds: readonly string[];
  readonly issuer: TestIssuer;
  /** One more, of no site. */
  readonly another: (name: string) => Promise<Operated>;
};

export async function startOperatedSite(t: Teardown): Promise<OperatedSite> {
  const dir = await tempDir(t, 'operated');
  const another = async (name: string, mode: Mode = 'recording'): Promise<Operated> =>
    await startOperated(t, join(dir, name), name, mode);
  const [H, R, F, G] = await Promise.all([
    another('Head', 'host'),
    another('Shop'),
    another('Spare', 'failover'),
    another('Second', 'failover'),
  ]);
  const issuer = createIssuer();
  await appendFile(join(H.dataDir, 'keys', 'licence-issuers.pem'), issuer.pem);
  const cameraIds: string[] = [];
  for (let index = 0; index < CAMERAS; index += 1) {
    const camera = { name: `Door ${index + 1}`, main: { url: NO_CAMERA }, enabled: false };
    cameraIds.push(((await R.call('POST', '/cameras', camera)) as { id: string }).id);
  }
  for (const member of [R, F, G]) await add(H, member);
  for (const spare of [F, G])
    await until(
      'the failover servers to protect',
      async () => (await recordAt(spare, R))?.watch?.backupAt !== undefined && (await recordAt(H, spare))?.connected,
    );
  return { H, R, F, G, cameraIds, issuer, another };
}

async function startOperated(t: Teardown, dataDir: string, name: string, mode: Mode): Promise<Operated> {
  const [peerPort, httpPort] = [await freePort(), await freePort()];
  const { password } = ACCOUNT;
  const options = { dataDir, httpPort, peerPort, password, clock: systemClock, name, logTo: 'ignore' } as const;
  let box: Box = await startBox(options);
  const end = async (): Promise<void> => {
    const { exitCode, signalCode } = box.supervisor;
    if (exitCode === null && signalCode === null) await box.stop();
  };
  t.teardown(end);
  if (mode !== 'recording') await box.api.call('PUT', '/server/mode', { mode });
  const { id } = (await box.api.call('GET', '/server')) as Server;
  const start = async (): Promise<void> => {
    box = await startBox(options);
  };
  return {
    id,
    dataDir,
    peerPort,
    call: async (method, path, body) => await box.api.call(method, path, body, PATIENCE_MS),
    kill: async (which) => (which === 'all' ? await killBox(box) : await killControl(box, dataDir)),
    start: async () => {
      if (box.supervisor.signalCode !== null || box.supervisor.exitCode !== null) await start();
      await until(`${name} to be signed in to`, async () => await box.api.call('POST', '/sessions', ACCOUNT));
    },
  };
}

async function killControl({ status }: Box, dataDir: string): Promise<void> {
  const pid = status()?.control?.pid;
  const before = placeOf(dataDir)?.pid;
  if (pid === undefined) throw new Error('control does not run');
  process.kill(pid, 'SIGKILL');
  await waitFor('control to run again', () => (placeOf(dataDir)?.pid ?? before) !== before, PATIENCE_MS);
}

async function add(host: Operated, member: Operated): Promise<void> {
  const { port: httpPort = 0, fingerprint: httpsFingerprint } = placeOf(member.dataDir) ?? {};
  await host.call('POST', '/servers', { host: '127.0.0.1', httpPort, httpsFingerprint, ...ACCOUNT });
}

/** Until it is so; what throws is not so yet. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  let last: unknown;
  const looked = async (): Promise<T | undefined | false> => {
    const value = await look().catch((error: unknown) => void (last = error));
    if (value === undefined || value === false) await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    return value ?? undefined;
  };
  return await waitFor(what, looked, PATIENCE_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}; last: ${String(last)}`, { cause: error });
  });
}

export const serverOf = async (one: Operated): Promise<Server> => (await one.call('GET', '/server')) as Server;
export const recordAt = async (at: Operated, { id }: Operated): Promise<KnownServer | undefined> =>
  ((await at.call('GET', '/servers')) as { items: readonly KnownServer[] }).items.find((one) => one.id === id);
const isKnown = (at: Operated, { id }: Operated): boolean => peersKeptAt(at).some((one) => one.id === id);
/** `paired`: it knows it and hears it; `known`: it has a record of it, and no more. */
export async function standingAt(at: Operated, other: Operated): Promise<'paired' | 'known' | 'strangers'> {
  if (!isKnown(at, other)) return 'strangers';
  return (await recordAt(at, other))?.connected === true ? 'paired' : 'known';
}
export const hostAt = async (one: Operated): Promise<SiteHostView> =>
  (await one.call('GET', '/site/host')) as SiteHostView;

type Kept = Readonly<Record<string, unknown>>;
/** A settings file as it lies on the disk. */
export const keptAt = ({ dataDir }: Operated, file: string): Kept =>
  (JSON.parse(readFileSync(join(dataDir, 'settings', `${file}.json`), 'utf8')) as { data: Kept }).data;
export type KeptPeer = { readonly id: string; readonly joining?: unknown; readonly provisional?: unknown };
export const peersKeptAt = (one: Operated): readonly KeptPeer[] => keptAt(one, 'peers')['peers'] as readonly KeptPeer[];

/** What a kill has left half-done on this server; nothing, if all is well. */
export async function leftOvers(one: Operated): Promise<readonly string[]> {
  const { name, health } = await serverOf(one);
  const broken = health.items.filter(({ code }) => code === 'settings-recovered').map(({ message }) => message);
  const unfinished = peersKeptAt(one).filter(({ joining, provisional }) => (joining ?? provisional) !== undefined);
  const files = (await readdir(join(one.dataDir, 'settings'))).filter((file) => file.endsWith('.json'));
  for (const file of files) keptAt(one, file.replace(/\.json$/, ''));
  const { isHost } = await hostAt(one);
  const { pending } = (keptAt(one, 'server')['hostRole'] ?? {}) as { readonly pending?: string };
  const hasSiteAccounts = keptAt(one, 'users')['own'] !== undefined;
  return [
    ...broken,
    ...unfinished.map(({ id }) => `a server that is not added yet, ${id}`),
    ...(pending === undefined ? [] : [`a role of the host that is not settled: ${pending}`]),
    ...(hasSiteAccounts && !isHost ? ['accounts of the site at a server that is not its host'] : []),
  ].map((what) => `${name}: ${what}`);
}
