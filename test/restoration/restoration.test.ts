import test from 'ava';
import type { ExecutionContext } from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import { CAMERA, unitsShown } from '../support/covered-camera.ts';
import { ALL, KEY, orderOf, twoServers } from '../support/two-servers.ts';
import type { TwoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

const EXPECTED = { cameraId: CAMERA, stream: 'main', codec: 'h264' } as const;

/** R dies in the middle of a group, F covers, R comes back before F stops. */
async function outage(
  two: TwoServers,
  more: { readonly clockMs?: number; readonly repeat?: number } = {},
): Promise<void> {
  await two.r.record({
    sessions: [
      [0, 260],
      [790, 1100],
    ],
    ...(more.repeat === undefined ? {} : { repeat: more.repeat }),
  });
  await two.f.record({ sessions: [[225, 860]], ...more });
  await two.r.reconcile();
  await two.f.reconcile();
}

async function ended(two: TwoServers, id: string, timeoutMs = 60_000): Promise<string> {
  return await waitFor(
    'the restoration to end',
    () => {
      const found = two.restoration().get(id);
      return found?.finishedAt === undefined ? undefined : found.state;
    },
    timeoutMs,
  );
}

/** The merged timeline of R has each access unit once, in order; its files are sound. */
async function judge(t: ExecutionContext, two: TwoServers, last = 1099): Promise<void> {
  const shown = two.r.catalogue.segments.find(KEY, ALL);
  const report = checkRecording(await unitsShown(shown, two.r.root), EXPECTED);
  t.like(report, { first: 0, last, missing: [], doubled: [], reordered: [], altered: [] });
  const { findings } = await verifyPaths([two.r.root], { publicKey: undefined, onFile: () => undefined });
  t.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
}

test('footage of a cover goes back, each access unit stands once, and the source is empty', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'done');
  await judge(t, two);
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
});
