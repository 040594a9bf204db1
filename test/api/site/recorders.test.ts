import test from 'ava';
import { createRecorders, recorderOf } from '../../../src/api/site/recorders.ts';
import type { RecorderFacts } from '../../../src/api/site/recorders.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { waitFor } from '../../support/wait-for.ts';

const server = (id: string, isReachable = true) => ({ id, isReachable });
const cover = (id: string, isRecording = true): RecorderFacts['covers'][number] => ({
  by: { id, name: id },
  cameraId: 'cam-1',
  isRecording,
});
const who = (more: Partial<RecorderFacts>): string | undefined =>
  recorderOf({ ownerId: 'R', servers: [server('H'), server('R'), server('F')], covers: [], ...more });

test('who covers it by its own word, else the owner, else whoever tries to', (t) => {
  const dead = [server('H'), server('R', false), server('F')];
  t.is(who({}), 'R');
  t.is(who({ covers: [cover('F')] }), 'F');
  t.is(who({ covers: [cover('F', false)] }), 'R', 'it only tries, and the owner is there');
  t.is(who({ covers: [cover('F', false)], servers: dead }), 'F');
  t.is(who({ covers: [cover('G', false), cover('F')], servers: [...dead, server('G')] }), 'F');
  t.is(who({ servers: dead }), undefined);
  t.is(who({ covers: [cover('F')], servers: [server('H'), server('R'), server('F', false)] }), 'R');
  t.is(who({ ownerId: undefined, covers: [cover('F')] }), 'F');
});

test('followed, another recorder is told once; nobody is no news; nothing is looked at when nobody follows', async (t) => {
  let recorder: string | undefined = 'R';
  let looks = 0;
  const look = () => {
    looks += 1;
    return () => recorder;
  };
  const recorders = createRecorders({ look, clock: systemClock });
  const told: string[] = [];
  recorders.follow('cam-1', 'R', () => void told.push('first'));
  const cancel = recorders.follow('cam-1', 'R', () => void told.push('second'));
  cancel();
  await waitFor('a look', () => looks > 0);
  recorder = undefined;
  const before = looks;
  await waitFor('another look', () => looks > before + 1);
  t.deepEqual(told, []);
  recorder = 'F';
  await waitFor('the news', () => told.length > 0);
  const after = looks;
  await systemClock.sleep(500 as never);
  t.deepEqual([told, looks], [['first'], after]);
});

test('somebody is waited for, for a moment', async (t) => {
  const now: { recorder?: string } = {};
  const recorders = createRecorders({ look: () => () => now.recorder, clock: systemClock });
  const { signal } = new AbortController();
  t.is(await recorders.wait('cam-1', 100, signal), undefined);
  const waiting = recorders.wait('cam-1', 10_000, signal);
  now.recorder = 'F';
  t.is(await waiting, 'F');
  t.is(await recorders.wait('cam-1', 10_000, AbortSignal.abort()), 'F');
});
