/** What others are told of covered streams: the machine here, the protected server, other failover servers. */
import test from 'ava';
import { cameraOf, createRig, fragmentOf, R1, stateOf, written } from './cover-rig.ts';

test('while its disk does not answer a covered stream fails for others, and goes on as it was when it does', (t) => {
  const waiting = new Set<string>();
  const rig = createRig({ waitsFor: ({ cameraId }) => (waiting.has(cameraId) ? 'vol-1' : undefined) });
  rig.settings.set(R1, { cameras: [cameraOf('w'), cameraOf('h')], secrets: {} });
  const streams = ['w', 'h'].map((cameraId) => ({ cameraId, stream: 'main' as const }));
  rig.cover.cover({ serverId: R1, streams, epoch: 2, lostFrom: rig.clock.now() });
  for (const id of ['w', 'h']) rig.cover.onMediaEvent(stateOf(id, { kind: 'recording' }));
  rig.cover.onMediaEvent(written(fragmentOf('w', rig.clock.now()), fragmentOf('h', rig.clock.now())));
  const states = () => rig.cover.progress(() => 'covering')[0]?.streams.map(({ state, cause }) => [state, cause]);
  const well = [
    ['recording', undefined],
    ['recording', undefined],
  ];
  t.deepEqual(states(), well);
  waiting.add('w');
  t.deepEqual(states(), [
    ['failed', 'volume-error'],
    ['recording', undefined],
  ]);
  waiting.clear();
  t.deepEqual(states(), well);
});

test('a covered stream whose volume is full fails for others, and so does one that does not grow, whatever media calls it', async (t) => {
  const full = new Set<string>();
  const rig = createRig({ lostFor: ({ cameraId }) => (full.has(cameraId) ? 'volume-full' : undefined) });
  rig.settings.set(R1, { cameras: [cameraOf('w'), cameraOf('h')], secrets: {} });
  const streams = ['w', 'h'].map((cameraId) => ({ cameraId, stream: 'main' as const }));
  rig.cover.cover({ serverId: R1, streams, epoch: 2, lostFrom: rig.clock.now() });
  for (const id of ['w', 'h']) rig.cover.onMediaEvent(stateOf(id, { kind: 'recording' }));
  const write = (id: string): void => rig.cover.onMediaEvent(written(fragmentOf(id, rig.clock.now())));
  const states = () => rig.cover.progress(() => 'covering')[0]?.streams.map(({ state, cause }) => [state, cause]);
  ['w', 'h'].forEach(write);
  full.add('w');
  t.deepEqual(states(), [
    ['failed', 'volume-full'],
    ['recording', undefined],
  ]);
  full.clear();
  for (let second = 0; second < 12; second += 1) {
    await rig.clock.advance(1000);
    write('w');
  }
  t.deepEqual(states(), [
    ['recording', undefined],
    ['failed', 'volume-error'],
  ]);
});

const MAIN = { cameraId: 'c', stream: 'main' } as const;
const REFUSED = { kind: 'failed', cause: 'camera-refused', message: 'no session left', retryAt: 1 } as const;
function covered(options: Parameters<typeof createRig>[0] = {}) {
  const rig = createRig(options);
  rig.settings.set(R1, { cameras: [cameraOf('c')], secrets: {} });
  const cover = () => rig.cover.cover({ serverId: R1, streams: [MAIN], epoch: 2, lostFrom: rig.clock.now() });
  const told = () =>
    rig.cover
      .progress(() => 'covering')[0]
      ?.streams.map(({ state, cause }) => [state, cause])
      .flat();
  const say = (state: Parameters<typeof stateOf>[1]) => rig.cover.onMediaEvent(stateOf('c', state));
  return { ...rig, cover: rig.cover, begin: cover, told, say };
}

test('that a camera could not be kept ready is no failure of its cover, which is only beginning', async (t) => {
  const { cover, clock, begin, told, say } = covered();
  cover.standby(R1, [{ cameraId: 'c', level: 'warm' }]);
  say(REFUSED);
  await clock.advance(1000);
  begin();
  t.deepEqual(told(), ['waiting', undefined]);
  await clock.advance(500);
  say({ kind: 'connecting' });
  t.deepEqual(told(), ['waiting', undefined]);
  say(REFUSED);
  t.deepEqual(told(), ['failed', 'camera-refused']);
});

test('how long a stream does not grow counts from when it began to record', async (t) => {
  const asked: number[] = [];
  const lostFor = (_stream: { readonly cameraId: string }, from: number): undefined => void asked.push(from);
  const { clock, begin, told, say } = covered({ lostFor });
  begin();
  say({ kind: 'connecting' });
  await clock.advance(13_000);
  say({ kind: 'recording' });
  t.deepEqual(told(), ['recording', undefined]);
  t.is(asked.at(-1), clock.monotonic(), 'what it lost before says nothing of now');
  await clock.advance(3000);
  say({ kind: 'recording' });
  t.deepEqual(told(), ['recording', undefined]);
  await clock.advance(1000);
  t.deepEqual(told(), ['failed', 'volume-error'], 'said again, it does not begin again; no volume takes anything');
});

test('a camera that is silent for some seconds is its own trouble, not that of a disk', async (t) => {
  const { cover, clock, begin, told, say } = covered();
  begin();
  say({ kind: 'recording' });
  cover.onMediaEvent(written(fragmentOf('c', clock.now())));
  await clock.advance(6000);
  t.deepEqual(told(), ['recording', undefined]);
});
