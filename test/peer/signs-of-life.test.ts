/** What the watcher relies on: how soon an end is seen, and that footage never delays a sign of life. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { BEAT_MS } from '../../src/wire/peer-protocol.ts';
import { pairOfBoxes, recordOf, startBox, twoIdentities } from '../support/peer-rig.ts';
import type { Box, Identity } from '../support/peer-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const CHILD = resolve(import.meta.dirname, '../support/peer-child.ts');
async function childPeer(
  t: ExecutionContext,
  own: Identity,
  known: Identity,
): Promise<{ port: number; child: ChildProcess }> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify({ own, known })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), child };
}
async function watchedChild(t: ExecutionContext): Promise<{ box: Box; child: ChildProcess; id: string }> {
  const [one, two] = await twoIdentities();
  const { port, child } = await childPeer(t, two, one);
  const box = await startBox(t, one, { records: [recordOf(two, port)] });
  await box.next('beat');
  return { box, child, id: two.id };
}

test('a killed server is seen to be gone within 200 ms, also in the middle of a transfer', async (t) => {
  const delays: number[] = [];
  for (const transfers of [false, false, true]) {
    const { box, child, id } = await watchedChild(t);
    const attachment = new Uint8Array(1024 * 1024);
    const ask = async () => await box.network.request(id, 'take', {}, { attachment });
    if (transfers) await ask();
    const running = transfers ? Promise.allSettled(Array.from({ length: 8 }, ask)) : undefined;
    // From its end on: how soon a busy kernel ends a process is not ours.
    const ended = once(child, 'exit').then(() => performance.now());
    child.kill('SIGKILL');
    const down = await box.next('down');
    delays.push(Math.round(down.at - (await ended)));
    t.is(down.cause, 'closed');
    await running;
  }
  t.log(`down after ${delays.join(', ')} ms`);
  t.true((delays.toSorted((a, b) => a - b)[1] ?? Infinity) < 200);
});

test('a stopped server falls silent without an end, and beats go on when it continues', async (t) => {
  const { box, child } = await watchedChild(t);
  child.kill('SIGSTOP');
  await waitFor('it to stand', async () => /\) T /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')));
  // What it said before lies at the socket, and is read in the next turns of the event loop.
  for (let count = 0; count < 5; count += 1) await turn();
  const from = box.events.length;
  await box.network
    .request((await box.next('up')).peerId, 'take', {}, { timeoutMs: 600 as never })
    .catch(() => undefined);
  t.true(box.events.slice(from).filter(({ kind }) => kind === 'beat').length <= 1);
  child.kill('SIGCONT');
  await box.next('beat', box.events.length);
  t.deepEqual(box.kinds(), ['up', 'hello']);
});

test('50 MB and more over the bulk connection do not delay beats to suspicion', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  let taken = 0;
  second.network.handle('take', async (_peer, _params, attachment) => {
    taken += attachment?.length ?? 0;
    return { result: 1 };
  });
  const attachment = new Uint8Array(1024 * 1024);
  const ask = async () => await first.network.request(second.identity.id, 'take', {}, { attachment });
  /** The longest time without a beat beside a transfer, less what this process was not running at all. */
  const attempt = async (): Promise<number> => {
    await second.next('beat', second.events.length);
    const from = second.events.length;
    const before = taken;
    const at = performance.now();
    const beats = () => second.events.slice(from).flatMap((event) => (event.kind === 'beat' ? [event.at - at] : []));
    const stalls = monitorEventLoopDelay({ resolution: 10 });
    stalls.enable();
    while (taken - before < 50 * attachment.length || beats().length < 10)
      await Promise.all(Array.from({ length: 5 }, ask));
    stalls.disable();
    const gaps = beats().map((when, index, all) => when - (all[index - 1] ?? 0));
    const [ms, stalled] = [performance.now() - at, stalls.max / 1e6];
    t.log(
      `${(taken - before) / attachment.length} MB in ${Math.round(ms)} ms, stalled up to ${Math.round(stalled)} ms`,
    );
    t.log(`beats ${gaps.map((gap) => Math.round(gap)).join(', ')} ms apart`);
    return Math.max(...gaps) - stalled;
  };
  // On a machine with nothing else to do once is enough; one that starves both ends gets two more tries.
  let longest = await attempt();
  for (let tries = 1; tries < 3 && longest >= 4 * BEAT_MS; tries += 1) longest = await attempt();
  t.true(longest < 4 * BEAT_MS);
});
