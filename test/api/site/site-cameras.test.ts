import test from 'ava';
import type { Camera } from '../../../src/api/contract/cameras.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { fakeSite } from '../../support/fake-site.ts';
import type { FakeMember } from '../../support/fake-site.ts';
import { cameraOf } from '../../support/memory-settings.ts';

const camera = (id: string): Camera => ({ ...cameraOf(id), state: 'recording', streams: [], footageBytes: 0 });
const listOf =
  (...ids: string[]) =>
  () => ({ body: { items: ids.map(camera) } });
const member = (...ids: string[]): FakeMember => ({ isReachable: true, answers: { '/cameras': listOf(...ids) } });

test('asked for the first time each server is asked; soon after, what is known is the answer', async (t) => {
  const { cameras, asked } = fakeSite({ H: member('cam-h'), R: member('cam-1', 'cam-2') }, createFakeClock());
  t.deepEqual(cameras.known(), []);
  t.deepEqual(
    (await cameras.list()).map(({ id }) => id),
    ['cam-h', 'cam-1', 'cam-2'],
  );
  await cameras.list();
  t.is(asked.filter((line) => line.startsWith('R ')).length, 1);
  t.is(asked.filter((line) => line.startsWith('H ')).length, 2, 'this server costs nothing');
  t.is(cameras.ownerOf('cam-2'), 'R');
  t.is(cameras.ownerOf('cam-none'), undefined);
});

test('a server that said that something changed is asked at once', async (t) => {
  const { cameras, members, asked } = fakeSite({ H: member(), R: member('cam-1') }, createFakeClock());
  await cameras.list();
  Object.assign(members['R']?.answers ?? {}, { '/cameras': listOf('cam-1', 'cam-2') });
  cameras.stale('R');
  t.deepEqual(
    (await cameras.list()).map(({ id }) => id),
    ['cam-1', 'cam-2'],
  );
  t.is(asked.filter((line) => line.startsWith('R ')).length, 2);
});

test('what somebody changed through the host is asked for at once', async (t) => {
  const { cameras, members } = fakeSite({ H: member(), R: member('cam-1') }, createFakeClock());
  await cameras.list();
  Object.assign(members['R']?.answers ?? {}, { '/cameras': listOf('cam-1', 'cam-new') });
  Object.assign(members['R'] ?? {}, { changes: 1 });
  t.deepEqual(
    (await cameras.list()).map(({ id }) => id),
    ['cam-1', 'cam-new'],
  );
});

test('one that hangs is left out, and as of then where it was known; the others are there', async (t) => {
  t.timeout(30_000);
  const { cameras, members } = fakeSite({ H: member('cam-h'), R: member('cam-1'), S: member('cam-2') });
  Object.assign(members['S']?.answers ?? {}, { '/cameras': 'hang' });
  t.deepEqual(
    (await cameras.list()).map(({ id }) => id),
    ['cam-h', 'cam-1'],
  );
  Object.assign(members['R'] ?? {}, { isReachable: false, awaySince: 5 });
  const [, known] = await cameras.list();
  t.like(known, { id: 'cam-1', serverConnected: false });
  t.truthy(known?.asOf);
});

test('of 200 servers a few are asked at once, each now and then, and the list is known meanwhile', async (t) => {
  const clock = createFakeClock();
  const servers = Array.from({ length: 199 }, (_, index) => [`S${index}`, member(`cam-${index}`)] as const);
  const { cameras, members, asked } = fakeSite({ H: member('cam-h'), ...Object.fromEntries(servers) }, clock);
  let open = 0;
  let most = 0;
  for (const one of Object.values(members)) {
    const answer = one.answers['/cameras'];
    one.answers['/cameras'] = (query) => {
      open += 1;
      most = Math.max(most, open);
      queueMicrotask(() => (open -= 1));
      if (typeof answer !== 'function') throw new Error('an answer');
      return answer(query);
    };
  }
  while ((await cameras.list()).length < 200) await clock.advance(10);
  t.true(most <= 16, `${most} at once`);
  const before = asked.length;
  const times: number[] = [];
  for (let look = 0; look < 10; look += 1) {
    const began = performance.now();
    t.is((await cameras.list()).length, 200);
    times.push(performance.now() - began);
    await clock.advance(100);
  }
  t.log(`${Math.min(...times).toFixed(1)} ms at best, ${Math.max(...times).toFixed(1)} ms at most`);
  t.true(asked.length - before <= 10 + 40, 'this server each time, the others 20 a second');
  t.true(Math.min(...times) < 200);
});

test('a camera stays with its owner when a server listed before it says that it has it', async (t) => {
  const { cameras, members } = fakeSite({ H: member(), S: member('cam-s'), R: member('cam-1') }, createFakeClock());
  await cameras.list();
  Object.assign(members['S']?.answers ?? {}, { '/cameras': listOf('cam-s', 'cam-1') });
  cameras.stale('S');
  const list = await cameras.list();
  t.deepEqual(list.map(({ id, server }) => `${id} ${server.id}`).toSorted(), ['cam-1 R', 'cam-s S']);
});
