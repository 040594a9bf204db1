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
