/** A segment file held against what was reported of it. */
import type { ExecutionContext } from 'ava';
import { follows } from '../../src/media/mp4/parse-fragment.ts';
import type { FragmentInfo } from '../../src/media/mp4/parse-fragment.ts';
import { readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import type { FragmentReport, SegmentReport } from '../../src/wire/media-protocol.ts';
import { sourceOf } from './bytes-source.ts';

export type FileCheck = {
  readonly path: string;
  readonly mine: readonly FragmentReport[];
  readonly opened: readonly SegmentReport[];
  readonly what: string;
};
export async function checkFile(
  t: ExecutionContext,
  bytes: Uint8Array,
  { path, mine, opened, what }: FileCheck,
): Promise<void> {
  const source = sourceOf(bytes);
  const init = await readInit(source);
  let chain = init.chainStart;
  const found: FragmentInfo[] = [];
  for await (const step of scanFragments(source, { from: init.length, resync: false })) {
    if (step.kind !== 'fragment') return t.fail(`${what} ${path}: ${step.kind}`);
    t.true(
      step.fragment.intact && follows(step.fragment, chain),
      `${what} ${path}: fragment ${found.length} is linked`,
    );
    ({ chain } = step.fragment);
    const before = found.at(-1);
    if (before !== undefined) {
      t.true(step.fragment.sequence > before.sequence, `${what} ${path}: in order`);
      const whole = step.fragment.sequence === before.sequence + 1;
      t.true(whole || !step.fragment.continuous, `${what} ${path}: ${step.fragment.sequence} after ${before.sequence}`);
      t.true(step.fragment.video.decodeTime > before.video.decodeTime, `${what} ${path}: decoding times`);
    }
    found.push(step.fragment);
  }
  t.deepEqual(
    mine.map(({ offset, length, sequence, continuous }) => [offset, length, sequence, continuous]),
    found.map(({ offset, length, sequence, continuous }) => [offset, length, sequence, continuous]),
    `${what} ${path}`,
  );
  t.is(opened.find(({ segment }) => segment === path)?.initLength, init.length);
}
