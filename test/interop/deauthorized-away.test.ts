/** A failover server that was deauthorized while it was away, real servers: it learns that when it comes back, and covers nothing. */
import test from 'ava';
import { systemClock as clock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

/** Longer than who was never heard is waited for before it is covered. */
const SUSPICION_MS = 6000;
const serversOf = async ({ api }: Box): Promise<readonly { readonly id: string }[]> =>
  ((await api.call('GET', '/servers')) as { readonly items: readonly { readonly id: string }[] }).items;

test.serial(
  'deauthorized while it was away: told at its return, it forgets that server and does not cover it',
  async (t) => {
    t.timeout(300_000);
    const pair = await startPair(t, { getsReady: false });
    const { id } = (await pair.covering().api.call('GET', '/server')) as { readonly id: string };
    await pair.recordsAgain();
    await pair.stopCovering();
    await pair.protectedBox().api.call('DELETE', `/servers/${id}`);
    await pair.startCovering();
    const told = await waitFor(
      'the failover server to say so',
      async () => (await pair.logOf(pair.covering())).find(({ code }) => code === 'server-removed'),
      PATIENCE_MS,
    );
    t.is(told.message, `${PROTECTED} deauthorized this server.`);
    await clock.sleep(durationMs(SUSPICION_MS));
    const codes = (await pair.logOf(pair.covering())).map(({ code }) => code);
    t.false(codes.includes('failover/covering'), codes.join(' '));
    t.false(codes.includes('failover/suspected'), codes.join(' '));
    t.deepEqual(await serversOf(pair.covering()), []);
  },
);
