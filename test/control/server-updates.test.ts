import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { SignedIn } from '../../src/api/caller.ts';
import type { ServerUpdate, UploadRequest } from '../../src/api/contract/updates.ts';
import { createServerUpdates } from '../../src/control/server-updates.ts';
import type { ServerUpdates } from '../../src/control/server-updates.ts';
import type { GatewayRequest } from '../../src/control/gateway-types.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { openRelease } from '../../src/updates/release-reader.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createIssuer } from '../support/licences.ts';
import { makeTestRelease } from '../support/releases.ts';

const ANNA: SignedIn = {
  kind: 'user',
  id: 'user-1',
  name: 'anna',
  role: 'owner',
  cameraIds: undefined,
  expiresAt: undefined,
  ended: new AbortController().signal,
};

/** A member, as it answers through the gateway. */
class Member {
  version = '0.1.0';
  releases: { version: string }[] = [];
  installing: { phase: 'unpacking' | 'restarting' } | undefined;
  trial: object | undefined;
  last: object | undefined;
  unable: string | undefined;
  reachable = true;
  received = Buffer.alloc(0);
  /** What installing does, a second after it was asked. */
  install: (member: Member, version: string) => void = (member, version) => {
    member.version = version;
  };
  asked: string[] = [];

  answer({ method, path, caller }: GatewayRequest, json: unknown): unknown {
    this.asked.push(`${caller.name} ${method} ${path}`);
    if (path === '/updates/upload') return this.take(json as UploadRequest);
    if (path === '/updates/install') this.installing = { phase: 'unpacking' };
    const { version, releases, installing, trial, last, unable } = this;
    return { version, releases, installing, trial, last, unable };
  }
  private take({ bytes, at, part }: UploadRequest): { received: number } {
    const chunk = Buffer.from(part, 'base64');
    if (at !== this.received.length) throw new UnderstudyError('conflict', 'updates/part', 'Begin anew.');
    this.received = Buffer.concat([this.received, chunk]);
    if (this.received.length === bytes) this.releases = [{ version: '0.2.0' }];
    return { received: this.received.length };
  }
}

type Rig = {
  readonly updates: ServerUpdates;
  readonly members: ReadonlyMap<string, Member>;
  readonly log: readonly string[];
  readonly bytes: Buffer;
  readonly facts: { isHost: boolean };
  /** Until all rows are at an end. */
  readonly end: () => Promise<readonly Pick<ServerUpdate, 'name' | 'phase' | 'problem'>[]>;
  readonly advance: (ms: number) => Promise<void>;
  /** Until the first row is in this phase. */
  readonly reaches: (phase: ServerUpdate['phase']) => Promise<void>;
};
async function start(t: ExecutionContext, ...names: readonly string[]): Promise<Rig> {
  const issuer = createIssuer();
  const { path } = await makeTestRelease(t, { issuer });
  const release = await openRelease(path, [issuer]);
  const members = new Map(names.map((name) => [`id-${name}`, new Member()]));
  const clock = createFakeClock();
  const log: string[] = [];
  const facts = { isHost: true };
  const memberOf = (serverId: string): Member => members.get(serverId) ?? t.fail();
  const updates = createServerUpdates({
    gateway: {
      isReachable: (serverId) => memberOf(serverId).reachable,
      json: async (serverId, { json, ...request }) => {
        await Promise.resolve();
        const member = memberOf(serverId);
        if (!member.reachable) throw new UnderstudyError('unavailable', 'server/not-connected', 'It is not connected.');
        return member.answer(request, json);
      },
    },
    memberName: (serverId) => (members.has(serverId) ? serverId.slice(3) : undefined),
    isHost: () => facts.isHost,
    kept: (version) => {
      if (version === release.release.version) return release;
      throw new UnderstudyError('not-found', 'updates/unknown', 'It is not kept.');
    },
    changed: () => undefined,
    activity: { record: ({ code, message }) => void log.push(`${code}: ${message}`) },
    clock,
  });
  t.teardown(updates.stop);
  /** Files are read in real time, and seconds pass by hand. */
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(500);
      for (const member of members.values())
        if (member.installing?.phase === 'unpacking') {
          member.installing = undefined;
          member.install(member, '0.2.0');
        }
    }
  };
  const isOpen = (): boolean =>
    updates.view().some(({ phase }) => phase !== 'done' && phase !== 'failed' && phase !== 'broken-off');
  const reaches: Rig['reaches'] = async (phase) => {
    for (let turn = 0; updates.view()[0]?.phase !== phase && turn < 20_000; turn += 1) await advance(500);
    t.is(updates.view()[0]?.phase, phase);
  };
  const end: Rig['end'] = async () => {
    for (let turn = 0; isOpen() && turn < 20_000; turn += 1) await advance(500);
    return updates
      .view()
      .map(({ name, phase, problem }) => ({ name, phase, ...(problem === undefined ? {} : { problem }) }));
  };
  return { updates, members, log, bytes: await readFile(path), facts, end, advance, reaches };
}
const codeIn = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as UnderstudyError).code;
  }
};

test('one after another: sent as it is, as the person who asked, installed, back', async (t) => {
  const rig = await start(t, 'Hall', 'Spare');
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Hall', 'id-Spare', 'id-Hall'] }, ANNA);
  t.deepEqual(
    rig.updates
      .view()
      .map(({ phase }) => phase)
      .at(1),
    'waiting',
  );
  t.deepEqual(await rig.end(), [
    { name: 'Hall', phase: 'done' },
    { name: 'Spare', phase: 'done' },
  ]);
  for (const member of rig.members.values()) {
    t.deepEqual(member.received, rig.bytes);
    t.true(member.asked.every((one) => one.startsWith('anna ')));
    t.is(member.asked.filter((one) => one.endsWith('POST /updates/install')).length, 1);
  }
  t.deepEqual(rig.log, ['update-began: Release 0.2.0 goes to Hall, Spare, one after another.']);
});

test('who has it is not sent it, and who runs it is left alone', async (t) => {
  const rig = await start(t, 'Hall', 'Spare');
  const [hall, spare] = [...rig.members.values()];
  if (hall !== undefined) hall.version = '0.2.0';
  if (spare !== undefined) spare.releases = [{ version: '0.2.0' }];
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Hall', 'id-Spare'] }, ANNA);
  await rig.end();
  t.deepEqual(hall?.asked, ['anna GET /updates']);
  t.false(spare?.asked.some((one) => one.includes('upload')));
  t.is(spare?.version, '0.2.0');
});

test('the first that fails ends it, in the words of that server', async (t) => {
  const rig = await start(t, 'Hall', 'Cellar', 'Spare');
  const hall = rig.members.get('id-Hall');
  if (hall !== undefined)
    hall.install = (member) => {
      member.last = { to: '0.2.0', at: 'now', result: 'rolled-back', reason: 'It recorded nothing.' };
    };
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Hall', 'id-Cellar', 'id-Spare'] }, ANNA);
  t.deepEqual(await rig.end(), [
    { name: 'Hall', phase: 'failed', problem: 'It recorded nothing.' },
    { name: 'Cellar', phase: 'broken-off' },
    { name: 'Spare', phase: 'broken-off' },
  ]);
  t.deepEqual(rig.members.get('id-Cellar')?.asked, []);
  t.is(rig.log.at(-1), 'update-failed: Hall was not updated: It recorded nothing.');
  // The next batch begins anew, over what was said of the last one.
  if (hall !== undefined) hall.install = (member) => void (member.version = '0.2.0');
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Hall'] }, ANNA);
  t.deepEqual(await rig.end(), [{ name: 'Hall', phase: 'done' }]);
});

test('it is away while it restarts, is tried, and only then done', async (t) => {
  const rig = await start(t, 'Hall');
  const hall = rig.members.get('id-Hall');
  if (hall !== undefined) hall.install = (member) => void (member.reachable = false);
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Hall'] }, ANNA);
  await rig.reaches('restarting');
  if (hall !== undefined) {
    hall.version = '0.2.0';
    hall.trial = { before: '0.1.0' };
    hall.reachable = true;
  }
  await rig.advance(3000);
  t.is(rig.updates.view()[0]?.phase, 'restarting');
  if (hall !== undefined) hall.trial = undefined;
  t.deepEqual(await rig.end(), [{ name: 'Hall', phase: 'done' }]);
});

test('one that never comes back, is not connected, or cannot be updated is told as such', async (t) => {
  const gone = await start(t, 'Hall');
  const hall = gone.members.get('id-Hall');
  if (hall !== undefined) hall.install = (member) => void (member.reachable = false);
  gone.updates.begin({ version: '0.2.0', serverIds: ['id-Hall'] }, ANNA);
  t.deepEqual(await gone.end(), [
    { name: 'Hall', phase: 'failed', problem: 'Hall did not come back with release 0.2.0 within 10 minutes.' },
  ]);
  const away = await start(t, 'Hall');
  (away.members.get('id-Hall') ?? new Member()).reachable = false;
  away.updates.begin({ version: '0.2.0', serverIds: ['id-Hall'] }, ANNA);
  t.deepEqual(await away.end(), [{ name: 'Hall', phase: 'failed', problem: 'It is not connected.' }]);
  const unable = await start(t, 'Hall');
  (unable.members.get('id-Hall') ?? new Member()).unable = 'Started by hand.';
  unable.updates.begin({ version: '0.2.0', serverIds: ['id-Hall'] }, ANNA);
  t.deepEqual(await unable.end(), [{ name: 'Hall', phase: 'failed', problem: 'Started by hand.' }]);
  const old = await start(t, 'Hall');
  const silent = old.members.get('id-Hall') ?? new Member();
  silent.answer = () => {
    throw new UnderstudyError('not-found', 'http/not-found', 'Nothing is there.');
  };
  old.updates.begin({ version: '0.2.0', serverIds: ['id-Hall'] }, ANNA);
  t.regex((await old.end())[0]?.problem ?? '', /cannot be updated from here: install this one there by its package/);
});

test('a failover server that covers is waited for, in its words, and can be broken off meanwhile', async (t) => {
  const rig = await start(t, 'Spare');
  const spare = rig.members.get('id-Spare') ?? new Member();
  const answer = spare.answer.bind(spare);
  let covers = true;
  // It waits from the beginning, and again once it was asked.
  const waits = async (): Promise<void> => {
    for (let turn = 0; rig.updates.view()[0]?.problem === undefined && turn < 20_000; turn += 1) await rig.advance(500);
  };
  spare.answer = (request, json) => {
    if (covers && request.path === '/updates/install')
      throw new UnderstudyError('conflict', 'failover/covering', 'It covers Hall.');
    return answer(request, json);
  };
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Spare'] }, ANNA);
  await waits();
  t.like(rig.updates.view()[0], { phase: 'waiting', problem: 'It covers Hall.' });
  covers = false;
  t.deepEqual(await rig.end(), [{ name: 'Spare', phase: 'done' }]);
  covers = true;
  spare.version = '0.1.0';
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Spare'] }, ANNA);
  await waits();
  rig.updates.breakOff('anna');
  t.deepEqual(await rig.end(), [{ name: 'Spare', phase: 'broken-off', problem: 'It covers Hall.' }]);
  t.is(spare.version, '0.1.0');
});

test('stopped: who waits gets none, who is under way goes on', async (t) => {
  const rig = await start(t, 'Hall', 'Spare');
  rig.updates.begin({ version: '0.2.0', serverIds: ['id-Hall', 'id-Spare'] }, ANNA);
  rig.updates.breakOff('bert');
  rig.updates.breakOff('bert');
  t.deepEqual(await rig.end(), [
    { name: 'Hall', phase: 'done' },
    { name: 'Spare', phase: 'broken-off' },
  ]);
  t.is(rig.log.filter((line) => line.startsWith('update-stopped')).length, 1);
});

test('refused: no host, no such server, no such release, one batch at a time', async (t) => {
  const rig = await start(t, 'Hall');
  const begin = (version: string, ...serverIds: string[]) =>
    codeIn(() => rig.updates.begin({ version, serverIds }, ANNA));
  t.is(begin('0.2.0', 'id-Hall', 'id-Nobody'), 'server/unknown');
  t.is(begin('0.9.0', 'id-Hall'), 'updates/unknown');
  t.is(begin('0.2.0', 'id-Hall'), undefined);
  t.is(begin('0.2.0', 'id-Hall'), 'updates/busy');
  await rig.end();
  rig.facts.isHost = false;
  t.is(begin('0.2.0', 'id-Hall'), 'updates/no-host');
});
