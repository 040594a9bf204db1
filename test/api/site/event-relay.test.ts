import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { LiveEvent } from '../../../src/api/contract/events.ts';
import { createEventRelay, MAX_EVENTS_A_SECOND, MAX_PASSED_CHARACTERS } from '../../../src/api/site/event-relay.ts';
import type { SiteCover, SiteServers } from '../../../src/api/site/site-servers.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { waitFor } from '../../support/wait-for.ts';

const AT = '2026-11-22T12:00:00.000Z';
const encode = (event: object): string => `id: 1\nevent: x\ndata: ${JSON.stringify(event)}\n\n`;

function rig() {
  const members: Record<string, { isReachable: boolean; body?: PassThrough | undefined; opened: number }> = {
    H: { isReachable: true, opened: 0 },
    R: { isReachable: true, opened: 0 },
    F: { isReachable: true, opened: 0 },
  };
  const covers: SiteCover[] = [];
  const published: LiveEvent[] = [];
  const stale: string[] = [];
  const servers: SiteServers = {
    ownId: () => 'H',
    isHost: () => true,
    all: () =>
      Object.entries(members).map(([id, { isReachable }]) => ({
        id,
        name: id,
        isFailover: id === 'F',
        isReachable,
        awaySince: undefined,
      })),
    covers: () => covers,
    linkOf: () => ({ isReachable: false, awaySince: undefined }),
    changesAt: () => 0,
    gateway: {
      request: async (id, { signal }) => {
        const body = new PassThrough();
        signal.addEventListener('abort', () => body.destroy());
        body.on('error', () => undefined);
        const member = members[id];
        if (member === undefined) throw new Error('nobody');
        member.opened += 1;
        member.body = body;
        return await Promise.resolve({ status: 200, headers: {}, body });
      },
      socket: async () => await Promise.reject(new Error('no sockets')),
    },
  };
  const relay = createEventRelay({
    servers,
    hub: { publish: (event) => void published.push(event) },
    cameras: { stale: (id) => void stale.push(id) },
    clock: systemClock,
    log: silentLog,
  });
  const say = (id: string, event: object): void => void members[id]?.body?.write(encode(event));
  const kinds = (): readonly string[] => published.map(({ kind, serverId = 'here' }) => `${kind} ${serverId}`);
  return { relay, members, covers, published, stale, say, kinds };
}

test('only while somebody listens; what passes has the server that told, lists of one server do not', async (t) => {
  const { relay, members, published, stale, say, kinds } = rig();
  t.is(members['R']?.opened, 0);
  const leave = relay.listen();
  const leaveToo = relay.listen();
  await waitFor('both to be followed', () => kinds().includes('cameras R') && kinds().includes('cameras F'));
  t.is(members['H']?.body, undefined, 'not this server itself');
  published.splice(0);
  say('R', { kind: 'camera', cameraId: 'cam-1' });
  say('R', { kind: 'signed-out', reason: 'x' });
  say('R', { kind: 'export', exportId: 'x' });
  say('R', { kind: 'log', entry: { id: '1', at: AT, severity: 'info', code: 'x', message: 'x' } });
  say('R', { kind: 'kind-of-a-newer-release', cameraId: 'cam-1' });
  say('R', { kind: 'ledger', cameraId: 'cam-1', serverId: 'somebody else' });
  await waitFor('the last', () => published.length >= 2);
  t.deepEqual(published, [
    { kind: 'camera', cameraId: 'cam-1', serverId: 'R' },
    { kind: 'ledger', cameraId: 'cam-1', serverId: 'R' },
  ]);
  t.true(stale.includes('R'));
  leave();
  leave();
  t.false(members['R']?.body?.destroyed, 'one still listens');
  leaveToo();
  await waitFor(
    'the streams to end',
    () => members['R']?.body?.destroyed === true && members['F']?.body?.destroyed === true,
  );
});

test('an incident is told once: by who covers, and not if this server hears of it itself', async (t) => {
  const { relay, published, say, kinds } = rig();
  t.teardown(relay.listen());
  await waitFor('both to be followed', () => kinds().includes('cameras R') && kinds().includes('cameras F'));
  published.splice(0);
  const incident = (of: string) => ({
    kind: 'incident',
    incidentId: `of-${of}`,
    news: 'opened',
    protected: { id: of, name: of },
    by: { id: 'F', name: 'F' },
    missingSeconds: 0,
    files: 0,
  });
  say('R', incident('R'));
  say('F', incident('H'));
  say('F', incident('R'));
  say('R', { kind: 'volume', volumeId: 'v' });
  await waitFor('them', () => published.length >= 2);
  t.deepEqual(kinds().toSorted(), ['incident F', 'volume R']);
});

test('a member that goes and returns is followed again, and what it may have missed is asked for', async (t) => {
  t.timeout(110_000);
  const { relay, members, published, kinds } = rig();
  t.teardown(relay.listen());
  await waitFor('it to be followed', () => kinds().includes('cameras R'));
  const { R } = members;
  if (R === undefined) throw new Error('no R');
  R.isReachable = false;
  await waitFor('its stream to end', () => R.body?.destroyed === true);
  t.true(kinds().includes('cameras here'), 'that it went is news');
  published.splice(0);
  R.isReachable = true;
  await waitFor('it to be followed again', () => kinds().includes('cameras R'));
  // Broken, not away.
  R.body?.destroy(new Error('broken'));
  await waitFor('a third time', () => R.opened === 3);
  await sleep(500);
  t.is(R.opened, 3);
});

test('that somebody else records a camera is told by the host itself', async (t) => {
  const { relay, covers, published, kinds } = rig();
  t.teardown(relay.listen());
  await waitFor('both to be followed', () => kinds().length >= 2);
  published.splice(0);
  covers.push({ by: { id: 'F', name: 'F' }, cameraId: 'cam-1', isRecording: true });
  await waitFor('the news', () => published.length > 0);
  t.deepEqual(published, [{ kind: 'cameras' }]);
});

test('what was recorded is told with the next second', async (t) => {
  const { relay, published, say, kinds } = rig();
  t.teardown(relay.listen());
  await waitFor('it to be followed', () => kinds().includes('cameras R'));
  const event = { kind: 'recorded', cameraId: 'cam-1', stream: 'main', start: AT, end: AT } as const;
  say('R', event);
  const told = await waitFor('it', () => published.find(({ kind }) => kind === 'recorded'));
  t.deepEqual(told, { ...event, serverId: 'R' });
});

test('a member that says too much is read in pace, and nothing long is passed', async (t) => {
  t.timeout(110_000);
  const { relay, published, say, members, kinds } = rig();
  t.teardown(relay.listen());
  await waitFor('both to be followed', () => kinds().includes('cameras R') && kinds().includes('cameras F'));
  published.splice(0);
  say('R', { kind: 'camera', cameraId: 'x'.repeat(MAX_PASSED_CHARACTERS) });
  const began = performance.now();
  members['R']?.body?.write(encode({ kind: 'volume', volumeId: 'v' }).repeat(3 * MAX_EVENTS_A_SECOND));
  say('F', { kind: 'ledger', cameraId: 'cam-1' });
  await waitFor('what another one says', () => kinds().includes('ledger F'));
  t.false(kinds().includes('camera R'));
  await waitFor('the rest', () => published.length > 3 * MAX_EVENTS_A_SECOND);
  t.true(performance.now() - began >= 900, 'the second thousand and the third are a second apart');
});
