/** An outage that was covered, and the judgement of what came of it. */
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { verifyPaths } from '../../src/archive/verify.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import { CAMERA, unitsShown } from './covered-camera.ts';
import { ALL, KEY } from './two-servers.ts';
import type { TwoServers } from './two-servers.ts';
import { waitFor } from './wait-for.ts';

export const EXPECTED = { cameraId: CAMERA, stream: 'main', codec: 'h264' } as const;

/** R dies in the middle of a group, F covers, R comes back before F stops. */
export async function outage(
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

export async function ended(two: TwoServers, id: string, timeoutMs = 110_000): Promise<string> {
  return await waitFor(
    'the restoration to end',
    () => {
      const found = two.restoration().get(id);
      return found?.finishedAt === undefined ? undefined : found.state;
    },
    timeoutMs,
  ).catch((error: unknown) => {
    throw new Error(JSON.stringify(two.restoration().get(id)), { cause: error });
  });
}

export async function makeOld(root: string): Promise<void> {
  for (const name of await readdir(root, { recursive: true }))
    if (name.endsWith('.mp4')) await utimes(join(root, name), 1, 1);
}

/** The merged timeline of R has each access unit once, in order; its files are sound. */
export async function judge(t: ExecutionContext, two: TwoServers, last = 1099): Promise<void> {
  const shown = two.r.catalogue.segments.find(KEY, ALL);
  const report = checkRecording(await unitsShown(shown, two.r.root), EXPECTED);
  t.like(report, { first: 0, last, missing: [], doubled: [], reordered: [], altered: [] });
  const { findings } = await verifyPaths([two.r.root], { publicKey: undefined, onFile: () => undefined });
  t.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
}
