import test from 'ava';
import { judge, outage } from '../support/outage.ts';
import { createRandom } from '../support/seeded-random.ts';
import { ALL, KEY, orderOf, twoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

test('cut 200 times at random, nothing is sent twice but one fragment a cut, and nothing is deleted without a receipt', async (t) => {
  t.timeout(110_000);
  const tally = { cuts: 0, restarts: 0, resent: 0, allowed: 0 };
  for (let seed = 1; tally.cuts < 200; seed += 1) {
    const random = createRandom(seed);
    const two = await twoServers(t);
    await outage(two);
    const sources = two.f.catalogue.segments.find(KEY, ALL).length;
    let generation = 0;
    let isDown = false;
    let restart: (() => Promise<void>) | undefined;
    const sent = new Map<string, number>();
    const total = new Map<string, number>();
    let longest = 0;
    two.fate = ({ method, params, attachment }) => {
      if (isDown && method === 'footage.append') return { reaches: false, answers: () => false };
      isDown = false;
      const own = generation;
      const cut = random.chance(0.12);
      const { id = '', file } = params as { id?: string; file?: { id: string; bytes: number } };
      if (file !== undefined) total.set(file.id, file.bytes);
      if (attachment !== undefined) {
        sent.set(id, (sent.get(id) ?? 0) + attachment.length);
        longest = Math.max(longest, 2 * attachment.length);
      }
      if (cut) {
        tally.cuts += 1;
        if (random.chance(0.3)) restart = random.pick([two.restartR, two.restartF]);
      }
      const reaches = !cut || random.chance(0.5);
      return {
        reaches,
        answers: () => {
          if (!cut) return generation === own;
          generation += 1;
          isDown = true;
          return false;
        },
      };
    };
    const begun = two.restoration().begin(orderOf());
    const cutsBefore = tally.cuts;
    await waitFor(
      'the end',
      async () => {
        const pending = restart;
        restart = undefined;
        if (pending !== undefined) {
          tally.restarts += 1;
          await pending();
        }
        // Whoever is not received is still there.
        const progress = two.restoration().get(begun);
        if ((progress?.files.received ?? 0) === 0)
          t.true(two.f.catalogue.segments.find(KEY, ALL).length >= sources - 1);
        return progress?.finishedAt !== undefined;
      },
      60_000,
    );
    await judge(t, two);
    const excess = [...sent].reduce((sum, [id, bytes]) => sum + bytes - (total.get(id) ?? 0), 0);
    tally.resent += excess;
    tally.allowed += (tally.cuts - cutsBefore) * longest;
    t.true(excess <= (tally.cuts - cutsBefore) * longest, `seed ${seed}: ${excess} bytes sent again`);
  }
  t.log(tally);
});
