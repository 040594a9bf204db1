import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createOnlineReleases } from '../../src/control/online-releases.ts';
import type { OnlineReleases } from '../../src/control/online-releases.ts';
import { openReleaseStore } from '../../src/control/release-store.ts';
import type { ReleaseStore } from '../../src/control/release-store.ts';
import { silentLog } from '../../src/core/log.ts';
import { MAX_PART_BYTES } from '../../src/site/release-limits.ts';
import { releaseListText } from '../../src/updates/release-list.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { codeOf } from '../support/is-refused.ts';
import { createIssuer } from '../support/licences.ts';
import { startReleaseServer } from '../support/release-server.ts';
import type { ReleaseServer } from '../support/release-server.ts';
import { makeTestRelease } from '../support/releases.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const issuer = createIssuer();
const DAY_MS = 86_400_000;
type Rig = {
  readonly online: OnlineReleases;
  readonly server: ReleaseServer;
  readonly store: ReleaseStore;
  readonly clock: FakeClock;
  readonly log: readonly string[];
  source: string | undefined;
};

async function start(t: ExecutionContext): Promise<Rig> {
  const server = await startReleaseServer(t);
  const clock = createFakeClock();
  const log: string[] = [];
  const trusted = async () => await Promise.resolve([issuer]);
  const store = await openReleaseStore({
    dataDir: await tempDir(t),
    version: '0.1.0',
    trusted,
    clock,
    log: silentLog,
  });
  const rig: { source: string | undefined } = { source: `${server.url}/releases.json` };
  const online = createOnlineReleases({
    version: '0.1.0',
    source: () => rig.source,
    isKept: (version) => store.list().some(({ release }) => release.version === version),
    take: async (part, user) => ({ received: (await store.take(part, user)).received }),
    drop: store.drop,
    changed: () => undefined,
    activity: { record: ({ code, message, user = '' }) => void log.push(`${code} ${user}: ${message}`) },
    clock,
  });
  t.teardown(online.stop);
  return Object.assign(rig, { online, server, store, clock, log });
}

/** A release with a file that no compression makes smaller: of more than one part. */
async function publish(t: ExecutionContext, { server }: Rig, ...versions: readonly string[]): Promise<void> {
  const listed = [];
  for (const version of versions) {
    const large = Uint8Array.from({ length: MAX_PART_BYTES + 1000 }, () => Math.trunc(Math.random() * 256));
    const files = { 'package.json': JSON.stringify({ version }), 'dist/supervisor.js': '//', 'dist/large': large };
    const made = await makeTestRelease(t, { version, issuer, files });
    const bytes = await readFile(made.path);
    server.answers.set(`/${version}.release`, bytes);
    listed.push({ version, file: `${version}.release`, bytes: bytes.length, builtAt: made.release.builtAt });
  }
  server.answers.set('/releases.json', releaseListText(listed));
}
const ended = async ({ online }: Rig): Promise<void> =>
  void (await waitFor('the fetch to end', () => online.view()?.fetching === undefined, 20_000));

test('what is there is seen, one of it is chosen, fetched and kept', async (t) => {
  const rig = await start(t);
  const { online, store, log } = rig;
  await publish(t, rig, '0.1.0', '0.2.0', '0.3.0', '0.0.9');
  t.deepEqual(online.view(), { source: rig.source ?? '', releases: [] });
  t.is(await codeOf((async () => await Promise.resolve(online.fetch('0.2.0', 'anna')))()), 'updates/unknown');
  await online.look();
  t.is(online.view()?.lookedAt, '2026-01-01T00:00:00.000Z');
  t.deepEqual(
    online.view()?.releases.map(({ version, beside, kept }) => [version, beside, kept]),
    [
      ['0.3.0', 'newer', false],
      ['0.2.0', 'newer', false],
      ['0.1.0', 'same', false],
      ['0.0.9', 'older', false],
    ],
  );
  online.fetch('0.2.0', 'anna');
  t.like(online.view()?.fetching, { version: '0.2.0', received: 0 });
  t.is(await codeOf((async () => await Promise.resolve(online.fetch('0.3.0', 'anna')))()), 'updates/busy');
  await ended(rig);
  t.is(online.view()?.problem, undefined);
  t.deepEqual(
    store.list().map(({ release }) => release.version),
    ['0.2.0'],
  );
  t.true(online.view()?.releases.find(({ version }) => version === '0.2.0')?.kept);
  t.deepEqual(log, []);
});

test('what is no release of somebody trusted, or not what the list says, is not kept; it is told and booked', async (t) => {
  const rig = await start(t);
  const { online, server, store, log } = rig;
  await publish(t, rig, '0.2.0', '0.3.0');
  await online.look();
  const stranger = await readFile((await makeTestRelease(t, { version: '0.2.0' })).path);
  const { length } = server.answers.get('/0.2.0.release') as Buffer;
  server.answers.set('/0.2.0.release', Buffer.concat([stranger, Buffer.alloc(length - stranger.length)]));
  online.fetch('0.2.0', 'anna');
  await ended(rig);
  t.regex(online.view()?.problem ?? '', /which this server does not trust/);
  server.answers.delete('/0.3.0.release');
  online.fetch('0.3.0', 'anna');
  t.is(online.view()?.problem, undefined, 'that was of the one before');
  await ended(rig);
  t.regex(online.view()?.problem ?? '', /the answer is 404/);
  t.deepEqual(store.list(), []);
  t.is(store.incoming(), undefined);
  t.is(log.length, 2);
  for (const line of log) t.regex(line, /^release-not-fetched anna: Release 0\.[23]\.0 was not fetched: /);
  await online.look();
  t.is(online.view()?.problem, undefined);
});

test('somebody who sends a release meanwhile is not thrown out', async (t) => {
  const rig = await start(t);
  const { online, store } = rig;
  await publish(t, rig, '0.2.0');
  await online.look();
  await store.take({ bytes: 10, at: 0, part: Buffer.alloc(5) }, 'bert');
  online.fetch('0.2.0', 'anna');
  await ended(rig);
  t.regex(online.view()?.problem ?? '', /^bert is adding a release here/);
  t.deepEqual(store.incoming(), { bytes: 10, received: 5 });
});

test('it is ended by whoever asks, and begun again', async (t) => {
  const rig = await start(t);
  const { online, server, store, log } = rig;
  await publish(t, rig, '0.2.0');
  await online.look();
  const whole = server.answers.get('/0.2.0.release') as Buffer;
  server.answers.set('/0.2.0.release', (_request, response) => response.write(whole.subarray(0, MAX_PART_BYTES + 5)));
  online.fetch('0.2.0', 'anna');
  await waitFor('the first part', () => online.view()?.fetching?.received === MAX_PART_BYTES, 20_000);
  online.breakOff('bert');
  online.breakOff('bert');
  await ended(rig);
  t.deepEqual(log, ['release-not-fetched bert: Fetching release 0.2.0 was ended.']);
  t.is(store.incoming(), undefined, 'what had come is gone');
  t.is(online.view()?.problem, undefined);
  server.answers.set('/0.2.0.release', whole);
  online.fetch('0.2.0', 'anna');
  await ended(rig);
  t.is(store.list().length, 1);
});

test('without a place nothing is asked; another place has another list', async (t) => {
  const rig = await start(t);
  const { online, server, clock } = rig;
  await publish(t, rig, '0.2.0');
  await online.look();
  const { source } = rig;
  rig.source = `${server.url}/other.json`;
  t.deepEqual(online.view(), { source: rig.source, releases: [] });
  t.is(await codeOf((async () => await Promise.resolve(online.fetch('0.2.0', 'anna')))()), 'updates/unknown');
  t.is(await codeOf(online.look()), 'updates/source');
  t.regex(online.view()?.problem ?? '', /other\.json could not be fetched: the answer is 404/);
  rig.source = source;
  t.is(online.view()?.problem, undefined);
  rig.source = undefined;
  t.is(online.view(), undefined);
  t.is(await codeOf(online.look()), 'updates/no-source');
  const before = server.asked.length;
  await clock.advance(2 * DAY_MS);
  t.is(server.asked.length, before);
});

test('an address with a key behind its ? is told to nobody who reads the log', async (t) => {
  const rig = await start(t);
  const { online, server, log } = rig;
  rig.source = `${server.url}/releases.json?key=secret`;
  t.is(await codeOf(online.look()), 'updates/source');
  server.answers.set('/releases.json?key=secret', '<html>');
  t.is(await codeOf(online.look()), 'updates/source');
  t.regex(online.view()?.problem ?? '', /releases\.json is no list of releases/);
  const release = { version: '0.2.0', file: 'x.release?key=secret', bytes: 9, builtAt: '2026-11-24T00:00:00.000Z' };
  server.answers.set('/releases.json?key=secret', releaseListText([release]));
  await online.look();
  online.fetch('0.2.0', 'anna');
  await ended(rig);
  t.regex(log[0] ?? '', /x\.release could not be fetched: the answer is 404/);
  const unknown = t.throws(() => online.fetch('0.9.0', 'anna'));
  for (const text of [...log, online.view()?.problem ?? '', unknown.message]) t.false(text.includes('secret'), text);
});

test('the list of a place that was left meanwhile is not taken for that of the next one', async (t) => {
  const rig = await start(t);
  const { online, server } = rig;
  await publish(t, rig, '0.2.0');
  const list = server.answers.get('/releases.json') as string;
  const { promise: asked, resolve: answer } = Promise.withResolvers<() => void>();
  server.answers.set('/slow.json', (_request, response) => answer(() => response.end(list)));
  const next = rig.source;
  rig.source = `${server.url}/slow.json`;
  const slow = online.look();
  const finish = await asked;
  rig.source = next;
  await online.look();
  finish();
  await slow;
  t.is(online.view()?.releases.length, 1);
});

test('it looks by itself once a day, and tells once of what is newer', async (t) => {
  const rig = await start(t);
  const { server, clock, log } = rig;
  await publish(t, rig, '0.1.0');
  const looked = async (times: number): Promise<void> =>
    void (await waitFor('the list to be read', () => server.asked.length === times));
  await clock.advance(60_000);
  await looked(1);
  await waitFor('it to be read', () => rig.online.view()?.lookedAt !== undefined);
  t.deepEqual(log, []);
  await publish(t, rig, '0.1.0', '0.2.0');
  // To the moment of the look: what waits for the network waits by this clock.
  await clock.advance(DAY_MS - 120_000);
  for (const times of [2, 3]) {
    await clock.advance(times === 2 ? 60_000 : DAY_MS);
    await looked(times);
    await waitFor('it to be told', () => log.length === 1);
  }
  t.deepEqual(log, ['release-found : Release 0.2.0 can be fetched: it is offered under Updates.']);
  server.answers.delete('/releases.json');
  await clock.advance(DAY_MS);
  await looked(4);
  await waitFor('the problem', () => rig.online.view()?.problem !== undefined);
  t.is(log.length, 1);
});
