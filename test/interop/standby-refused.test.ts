/** A hot camera that allows no second session, between real servers: told, kept warm, and hot again when it allows it. */
import test from 'ava';
import { isWhole, PATIENCE_MS, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

const codeIn = (pair: Pair, wanted: string) => async () =>
  (await pair.logOf(pair.covering())).find(({ code }) => code === wanted);

test.serial('a hot camera that refuses a second session is kept warm with a remark, and hot again later', async (t) => {
  t.timeout(300_000);
  const pair = await startPair(t, {
    beforeProtecting: ({ cameras }) => cameras[0]?.order({ kind: 'refuse-sessions' }),
    getsReady: false,
  });
  const [camera] = pair.simulator.cameras;
  const remark = await waitFor('the remark', codeIn(pair, 'cover/fell-back-to-warm'), PATIENCE_MS);
  t.regex(remark.message, /kept warm instead of hot.*not enough bandwidth/);
  const refused = await pair.standby();
  t.like(refused, { hot: { wanted: 1, ready: 0 }, warm: { wanted: 0 }, cold: 0 });
  t.like(refused?.notReady[0], { name: 'Door', level: 'hot', actual: 'cold' });
  t.regex(refused?.notReady[0]?.reason ?? '', /not enough bandwidth|held/);

  // One session is free again: first it is held, and half a minute after the fall it is asked for hot.
  camera?.order({ kind: 'heal' });
  const isWarm = async (): Promise<boolean> => {
    const view = await pair.standby();
    return view?.notReady[0]?.actual === 'warm' && view.hot.ready === 0;
  };
  // A probe plays for a moment when it begins to be held; whatever is held for good does not.
  const isHeld = async (): Promise<boolean> => {
    if (!(await isWarm())) return false;
    const playing = camera?.sessions().filter(({ stream, end }) => stream === 'main' && end === undefined);
    return playing?.length === 1 && (await isWarm());
  };
  await waitFor('its session to be held, and not to play', isHeld, PATIENCE_MS);
  await pair.ready();
  // Each look is another one: what has just become durable may be late for a moment.
  const calm = await waitFor(
    'nothing to be said of it',
    async () => [await pair.standby()].find((view) => view?.notReady.length === 0),
    PATIENCE_MS,
  );
  t.deepEqual(calm.notReady, []);
  await waitFor('the end of the trouble to be told', codeIn(pair, 'cover/ready-again'), PATIENCE_MS);
  t.is(await codeIn(pair, 'cover/not-ready')(), undefined, 'told once, in the better words');

  // The server that records it was not disturbed.
  isWhole(t, await pair.played());
});
