import test from 'ava';
import { isOlder } from '../../src/site/version.ts';
import {
  begun,
  choose,
  confirmed,
  FIRST_WITHIN_MS,
  LATER_TRIAL_MS,
  judge,
  MAX_ATTEMPTS,
  MEDIA_WITHIN_MS,
  NO_RELEASES,
  rolledBack,
  STEADY_MS,
  TRIAL_MS,
} from '../../src/updates/release-state.ts';
import type { Choice, ReleaseState } from '../../src/updates/release-state.ts';
import { forSeeds } from '../support/seeded-random.ts';

const there = { packaged: '0.1.0', isThere: () => true, now: 5 };
const tried = (version = '0.2.0', before = '0.1.0'): ReleaseState =>
  begun(NO_RELEASES, { version, before, recorded: 4, now: 1 });

test('nothing was ever installed: the package', (t) => {
  t.deepEqual(choose(NO_RELEASES, there), { version: undefined, isTrial: false, state: NO_RELEASES });
});

test('a new release is tried twice, then the package is back', (t) => {
  const first = choose(tried(), there);
  t.like(first, { version: '0.2.0', isTrial: true });
  const second = choose(first.state, there);
  t.like(second, { version: '0.2.0', isTrial: true });
  const third = choose(second.state, there);
  t.like(third, { version: undefined, isTrial: false });
  t.like(third.state.last, { from: '0.1.0', to: '0.2.0', result: 'rolled-back', told: false });
  t.is(third.state.active, undefined);
});

test('one that works stays, and is watched no more', (t) => {
  const works = confirmed(choose(tried(), there).state, 7);
  t.like(works.last, { from: '0.1.0', to: '0.2.0', at: 7, result: 'updated' });
  t.deepEqual(choose(works, there), { version: '0.2.0', isTrial: false, state: works });
  t.is(confirmed(works, 9), works);
});

test('what comes back is the release before, if there was one', (t) => {
  const works = confirmed(choose(tried(), there).state, 7);
  const next = begun(works, { version: '0.3.0', before: '0.2.0', recorded: 1, now: 8 });
  const back = rolledBack(choose(next, there).state, 9, 'It did not.');
  t.like(choose(back, there), { version: '0.2.0', isTrial: false });
  t.is(back.last?.reason, 'It did not.');
  // Without its files the package has to do.
  t.like(choose(back, { ...there, isThere: () => false }), { version: undefined });
});

test('a package that is as new, or newer, wins', (t) => {
  const works = confirmed(choose(tried(), there).state, 7);
  for (const packaged of ['0.2.0', '0.3.0'])
    t.like(choose(works, { ...there, packaged }), { version: undefined, isTrial: false });
  t.like(choose(works, { ...there, packaged: '0.2.0-rc.1' }), { version: '0.2.0' });
});

test('a release whose files are gone is not started', (t) => {
  const gone = choose(tried(), { ...there, isThere: () => false });
  t.like(gone, { version: undefined, isTrial: false });
  t.regex(gone.state.last?.reason ?? '', /files were gone/);
});

type World = {
  readonly packaged: string;
  readonly present: ReadonlySet<string>;
  /** Of releases that were not confirmed. */
  readonly starts: Map<string, number>;
  readonly works: ReadonlySet<string>;
};
function checkStart({ version, isTrial }: Choice, { packaged, present, starts, works }: World): void {
  if (version === undefined) return;
  if (!present.has(version)) throw new Error(`${version} is not there`);
  if (!isOlder(packaged, version)) throw new Error(`${version} is not newer than ${packaged}`);
  if (works.has(version)) return;
  if (!isTrial) throw new Error(`${version} was never confirmed, and nobody watches`);
  const times = (starts.get(version) ?? 0) + 1;
  starts.set(version, times);
  if (times > MAX_ATTEMPTS) throw new Error(`${version} was tried too often`);
}

test('whatever happens in whatever order, what is started is whole, never older than the package, and untried ones at most twice', (t) => {
  forSeeds(500, (random, seed) => {
    let state = NO_RELEASES;
    let packaged = '0.1.0';
    const present = new Set<string>();
    const starts = new Map<string, number>();
    const works = new Set<string>();
    for (let step = 0; step < 40; step += 1) {
      const chosen = choose(state, { packaged, isThere: (version) => present.has(version), now: step });
      ({ state } = chosen);
      const running = chosen.version ?? packaged;
      checkStart(chosen, { packaged, present, starts, works });
      switch (random.int(0, 5)) {
        case 0: {
          // Refused by control while one is tried.
          if (chosen.isTrial) break;
          const version = `0.${random.int(1, 9)}.${random.int(0, 9)}`;
          if (!isOlder(running, version)) break;
          present.add(version);
          starts.delete(version);
          works.delete(version);
          state = begun(state, { version, before: running, recorded: 1, now: step });
          break;
        }
        case 1:
          if (chosen.isTrial) works.add(running);
          state = confirmed(state, step);
          break;
        case 2:
          if (chosen.isTrial) state = rolledBack(state, step, 'no');
          break;
        case 3:
          present.delete(random.pick([...present, 'none']));
          break;
        case 4:
          packaged = random.pick([packaged, packaged, packaged, packaged, `0.${random.int(1, 9)}.0`]);
          break;
        default: // a power cut: started again
      }
    }
    t.pass(`seed ${seed}`);
  });
});

test('whether it works: as many streams as before for a while, half of them in the end', (t) => {
  const sign = { elapsedMs: 0, attempt: 1, mediaIsUp: true, steadyMs: 0, recording: 4, recorded: 4 };
  t.is(judge(sign).kind, 'wait');
  t.is(judge({ ...sign, steadyMs: STEADY_MS }).kind, 'works');
  t.is(judge({ ...sign, recording: 3 }).kind, 'wait');
  t.is(judge({ ...sign, mediaIsUp: false }).kind, 'wait');
  const late = { ...sign, elapsedMs: TRIAL_MS };
  t.is(judge({ ...late, recording: 2 }).kind, 'works');
  t.deepEqual(judge({ ...late, recording: 1 }), {
    kind: 'fails',
    reason: 'It recorded 1 streams; 4 were recorded before.',
  });
  t.is(judge({ ...late, mediaIsUp: false }).kind, 'fails');
  t.is(judge({ ...sign, recorded: 0, recording: 0, elapsedMs: FIRST_WITHIN_MS }).kind, 'wait');
  t.is(judge({ ...sign, recording: 1, elapsedMs: FIRST_WITHIN_MS }).kind, 'wait');
  const none = { ...sign, recording: 0, elapsedMs: FIRST_WITHIN_MS };
  t.is(judge({ ...none, elapsedMs: FIRST_WITHIN_MS - 1 }).kind, 'wait');
  t.is(judge(none).kind, 'fails');
  // Cameras come up again with the power.
  t.is(judge({ ...none, attempt: 2, elapsedMs: LATER_TRIAL_MS - 1 }).kind, 'wait');
  t.is(judge({ ...none, attempt: 2, elapsedMs: LATER_TRIAL_MS }).kind, 'fails');
  t.is(judge({ ...sign, mediaIsUp: false, elapsedMs: MEDIA_WITHIN_MS }).kind, 'fails');
});
