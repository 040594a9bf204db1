/** The protected server forgets what it takes in: it was started again, or has no place for more. */
import test from 'ava';
import { removeSegment } from '../../src/archive/remove-segments.ts';
import type { InboxVolume } from '../../src/archive/incoming-file.ts';
import { MAX_INCOMING } from '../../src/archive/incoming-file.ts';
import { IDLE_MS } from '../../src/archive/return-inbox.ts';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { monotonicMs } from '../../src/core/units.ts';
import type { ReturnFile } from '../../src/wire/footage-protocol.ts';
import { ended, judge, outage } from '../support/outage.ts';
import { ALL, F_ID, FINE, KEY, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

test('started again in the middle of a file, it is offered the file again at once, and nobody is told of a problem', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  let appends = 0;
  const forget = (): void => {
    const { 'footage.append': append } = two.handlers();
    Object.assign(two.handlers(), {
      'footage.append': async (...asked: Parameters<typeof append>) => {
        appends += 1;
        if (appends !== 3) return await append(...asked);
        await two.restartR();
        return await two.handlers()['footage.append'](...asked);
      },
    });
  };
  forget();
  t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
  t.true(appends >= 3);
  t.deepEqual(
    two.events.filter(({ kind }) => kind === 'restoration-problem'),
    [],
  );
  await judge(t, two);
});

test('a file that is on its way keeps its place; one that nobody went on with gives it up', async (t) => {
  let late = 0;
  const clock = { now: systemClock.now, monotonic: () => monotonicMs(systemClock.monotonic() + late) };
  const two = await twoServers(t, { inbox: { clock } });
  const fileOf = (index: number): ReturnFile => ({
    ...KEY,
    id: `ret-${index}`,
    recordedBy: F_ID,
    epoch: 1,
    start: 1,
    end: 2,
    bytes: 5000,
    sha256: 'a'.repeat(64),
    fragments: 1,
    accessUnits: 1,
    clockOffsetMs: 0,
  });
  for (let index = 0; index < MAX_INCOMING; index += 1)
    t.is((await two.inbox().offer(fileOf(index))).kind, 'send', `file ${index}`);
  t.is((await two.inbox().offer(fileOf(99))).kind, 'later');
  t.deepEqual(await two.inbox().append('ret-0', 0, new Uint8Array(8)).catch(String), { offset: 0 });
  late = IDLE_MS;
  t.deepEqual(await two.inbox().append('ret-0', 7, new Uint8Array(8)), { offset: 0 });
  t.is((await two.inbox().offer(fileOf(99))).kind, 'send');
  t.is((await two.inbox().offer(fileOf(0))).kind, 'send', 'the one that something came of');
  await t.throwsAsync(two.inbox().append('ret-1', 0, new Uint8Array(8)), { code: 'footage/not-offered' });
});

test('what was refused goes home by itself once the way there is sound again', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  two.fate = ({ attachment }) =>
    attachment === undefined
      ? FINE
      : { ...FINE, attachment: attachment.map((byte, at) => (at === 700 ? byte ^ 1 : byte)) };
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'incomplete');
  two.restoration().nudge(R_ID);
  t.is(await ended(two, id), 'incomplete', 'in vain');
  two.fate = () => FINE;
  two.restoration().nudge(R_ID);
  t.is(await ended(two, id), 'done');
  t.like(two.restoration().get(id), { files: { refused: 0 }, remaining: { files: 0 } });
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  t.deepEqual(
    two.events.flatMap((event) => (event.kind === 'restoration-ended' ? [[event.state, event.isAgain]] : [])),
    [
      ['incomplete', false],
      ['incomplete', true],
      ['done', true],
    ],
  );
  await judge(t, two);
});

test('what was refused because the footage beside it is gone meanwhile is decided anew at once', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const { 'footage.insert': insert } = two.handlers();
  let refusals = 0;
  Object.assign(two.handlers(), {
    'footage.insert': async (...asked: Parameters<typeof insert>) => {
      refusals += 1;
      if (refusals > 1) return await insert(...asked);
      throw new UnderstudyError('invalid', 'footage/supersedes', 'It does not lie beside it.');
    },
  });
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'done');
  t.true(refusals > 1);
  t.deepEqual(
    two.events.flatMap((event) => (event.kind === 'restoration-ended' ? [[event.state, event.isAgain]] : [])),
    [['done', false]],
  );
  await judge(t, two);
});

test('a segment that is gone here is not sent, and does not keep the rest from ending', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  two.fate = ({ method }) => ({ ...FINE, reaches: method !== 'footage.offer' });
  const id = two.restoration().begin(orderOf());
  await waitFor('files to be planned', () => (two.restoration().get(id)?.files.total ?? 0) > 0);
  const [first] = two.f.catalogue.segments.find(KEY, ALL);
  if (first === undefined) throw new Error('nothing was recorded');
  // As retention does it.
  const volume = { id: two.f.volumeId, path: two.f.root };
  await removeSegment({ catalogue: two.f.catalogue, volume }, first.path, 'retention');
  two.fate = () => FINE;
  two.restoration().nudge(R_ID);
  t.is(await ended(two, id), 'done');
  t.like(two.restoration().get(id), { files: { refused: 0 }, remaining: { files: 0 } });
});

test('while no volume can be written to yet the file is offered again within a second, not after ten', async (t) => {
  const volumes: InboxVolume[] = [];
  const pauses: number[] = [];
  const two = await twoServers(t, { inbox: { volumesFor: () => volumes } });
  await outage(two);
  const { 'footage.offer': offer } = two.handlers();
  Object.assign(two.handlers(), {
    'footage.offer': async (...asked: Parameters<typeof offer>) => {
      const answer = await offer(...asked);
      const { kind, retryMs = 0 } = answer.result as { readonly kind: string; readonly retryMs?: number };
      if (kind === 'later') pauses.push(retryMs);
      return answer;
    },
  });
  const id = two.restoration().begin(orderOf());
  await waitFor('it to wait', () => pauses.length > 1);
  t.true(pauses.every((ms) => ms <= 1000));
  volumes.push({ id: two.r.volumeId, path: two.r.root, reserveBytes: 0 });
  two.restoration().nudge(R_ID);
  t.is(await ended(two, id), 'done');
  await judge(t, two);
});
