import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { addBatchRequest, batchResult, MAX_BATCH_ROWS } from '../../src/api/contract/adding.ts';
import type { BatchResult } from '../../src/api/contract/adding.ts';
import { createBatchAdd, decideRows, ROWS_AT_ONCE } from '../../src/control/batch-add.ts';
import type { BatchAdd, BatchDeps, Looked } from '../../src/control/batch-add.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { createRandom } from '../support/seeded-random.ts';

const HTTPS = 'e'.repeat(64);
const SHARED = { username: 'olga', password: 'secret' };
const row = (n: number, more: object = {}) => ({ host: `192.0.2.${n}`, httpsFingerprint: HTTPS, ...more });
const idOf = (host: string): string => serverIdOf(Number(host.split('.').at(-1)));
const failure = (code: string): UnderstudyError => new UnderstudyError('conflict', code, `refused: ${code}`);

type Fault = 'look' | 'join' | 'defect' | 'older' | 'older-too';
const OLD = { name: 'version', ok: false, detail: 'older', code: 'server/older' } as const;
type Rig = {
  readonly add: (request: object) => Promise<BatchResult>;
  readonly batch: BatchAdd;
  /** Servers of the site by id, with their names. */
  readonly members: Map<string, string>;
  readonly joined: string[];
  /** Accounts and locks that they were joined with. */
  readonly asks: object[];
  readonly ended: string[];
  readonly entries: NewActivity[];
  readonly updated: readonly string[];
  readonly most: () => number;
};

/** Servers that call themselves `NAS 2`, `NAS 3`, … of the model `DS1522+`; `fault` says where one fails. */
function rigOf(fault: (host: string) => Fault | undefined = () => undefined, more: Partial<BatchDeps> = {}): Rig {
  const members = new Map<string, string>();
  const entries: NewActivity[] = [];
  const joined: string[] = [];
  const asks: object[] = [];
  const ended: string[] = [];
  const updated: string[] = [];
  let [now, most] = [0, 0];
  const turn = async <T>(result: () => T): Promise<T> => {
    most = Math.max(most, (now += 1));
    await new Promise((done) => setImmediate(done));
    now -= 1;
    return result();
  };
  const batch = createBatchAdd({
    isHost: () => true,
    at: ({ host, ...asked }) => ({
      look: async () =>
        await turn(() => {
          if (fault(host) === 'look')
            return { checks: [{ name: 'port', ok: false, detail: 'no answer', code: 'server/no-answer' }] };
          if (fault(host) === 'older-too')
            return { checks: [OLD, { name: 'mode', ok: false, detail: 'same', code: 'server/mode' }] };
          const name = `NAS ${host.split('.').at(-1)}`;
          const server = { id: idOf(host), name, mode: 'recording', version: '1.0.0', model: 'DS1522+' } as const;
          if (fault(host) === 'older' && !updated.includes(host)) return { checks: [OLD], server };
          return { checks: [{ name: 'clock', ok: false, detail: 'three seconds behind' }], server };
        }),
      update: async () => await turn(() => void updated.push(host)),
      // Whole or not at all, as known-servers.ts keeps it.
      join: async ({ name = `NAS ${host.split('.').at(-1)}`, lock }) =>
        await turn(() => {
          if (fault(host) === 'join') throw failure('server/peer-port');
          if (fault(host) === 'defect') throw new TypeError('oops');
          const id = idOf(host);
          members.set(id, name);
          joined.push(host);
          asks.push({ ...asked, lock });
          return { id, name };
        }),
      end: async () => await turn(() => void ended.push(host)),
    }),
    taken: () => ['Office', ...members.values()],
    activity: { record: (entry) => entries.push(entry) },
    ...more,
  });
  const add: Rig['add'] = async (request) => await batch(addBatchRequest.parse({ ...SHARED, ...request }), 'anna');
  return { add, batch, members, joined, asks, ended, entries, updated, most: () => most };
}
const words = ({ rows }: BatchResult): readonly (string | undefined)[] =>
  rows.map(({ ok, name, code }) => (ok ? name : code));

test('what is only older is updated first, if that is asked for; nothing else is', async (t) => {
  const faults: Readonly<Record<string, Fault>> = { '192.0.2.3': 'older', '192.0.2.4': 'older-too' };
  const rows = [row(2), row(3), row(4)];
  const as = rigOf((host) => faults[host]);
  t.deepEqual(words(await as.add({ rows })), ['NAS 2', 'server/older', 'server/mode']);
  t.deepEqual(as.updated, []);
  const updating = rigOf((host) => faults[host]);
  t.deepEqual(words(await updating.add({ rows, updateOlder: true })), ['NAS 2', 'NAS 3', 'server/mode']);
  t.deepEqual(updating.updated, ['192.0.2.3']);
  const fails = rigOf((host) => faults[host], {
    at: () => ({
      look: async () => await Promise.resolve({ checks: [OLD] }),
      update: async () => await Promise.reject(failure('server/older')),
      join: async () => await Promise.reject(new Error('not asked')),
      end: async () => await Promise.resolve(),
    }),
  });
  t.deepEqual(words(await fails.add({ rows: [row(2)], updateOlder: true })), ['server/older']);
  const plain = rigOf(undefined, { isHost: () => false });
  await t.throwsAsync(plain.add({ rows: [row(2)], updateOlder: true }), { code: 'server/not-host' });
});

test('servers are added under names by the rule, in the order of the rows', async (t) => {
  const rig = rigOf();
  const naming = { kind: 'prefix-number', prefix: 'Hall' };
  const result = await rig.add({ rows: [row(3), row(2), row(4, { name: 'Yard' })], naming });
  t.deepEqual(words(result), ['Hall-1', 'Hall-2', 'Yard']);
  t.deepEqual([...rig.members.values()].toSorted(), ['Hall-1', 'Hall-2', 'Yard']);
  t.deepEqual(words(await rig.add({ rows: [row(5)], naming })), ['Hall-3'], 'numbers go on');
  t.like(rig.entries[0], { code: 'servers-added', severity: 'info', user: 'anna' });
  t.false(JSON.stringify([result, rig.entries]).includes('secret'));
});

test('without a rule each keeps its name, and only typed ones are changed', async (t) => {
  t.deepEqual(words(await rigOf().add({ rows: [row(2), row(3, { name: 'Yard' })] })), ['NAS 2', 'Yard']);
});

test('of a hundred rows thirty fail: the others are added, and nothing of the thirty is left', async (t) => {
  const kinds: readonly Fault[] = ['look', 'join', 'join'];
  const faultOf = (host: string): Fault | undefined => {
    const n = Number(host.split('.').at(-1));
    return n % 10 < 3 ? kinds[n % 10] : undefined;
  };
  const rig = rigOf(faultOf);
  const rows = Array.from({ length: MAX_BATCH_ROWS }, (_, index) => row(index + 100));
  const result = await rig.add({ rows, naming: { kind: 'model-number' } });
  t.is(result.rows.filter(({ ok }) => ok).length, 70);
  t.is(rig.members.size, 70);
  for (const [index, { ok, serverId, code, message }] of result.rows.entries()) {
    const bad = faultOf(`192.0.2.${index + 100}`);
    t.is(ok, bad === undefined, String(index));
    if (bad === undefined) t.true(rig.members.has(serverId ?? ''));
    else t.truthy(code !== undefined && message !== undefined);
  }
  t.is(new Set(rig.members.values()).size, 70, 'no name twice');
  t.is(rig.ended.length, MAX_BATCH_ROWS, 'nobody stays signed in anywhere');
  t.true(rig.most() <= ROWS_AT_ONCE && rig.most() > 1);
  t.like(rig.entries.at(-1), { severity: 'warning', message: '70 of 100 servers were added.' });
  batchResult.parse(result);
});

test('the same server twice is refused in the later row, which is told which one it is', async (t) => {
  const rig = rigOf();
  const again = { ...row(2), host: '198.51.100.2' };
  const result = await rig.add({ rows: [row(2), row(3), again, row(2)] });
  t.deepEqual(words(result), ['NAS 2', 'NAS 3', 'server/twice', 'server/twice']);
  t.regex(result.rows[2]?.message ?? '', /^Row 1 .*NAS 2/);
  t.deepEqual(rig.joined.toSorted(), ['192.0.2.2', '192.0.2.3']);
});

test('a wrong password in the first of two rows of one server does not keep the second out', (t) => {
  const found = {
    kind: 'found',
    server: { id: serverIdOf(2), name: 'Hall', mode: 'recording', version: '1' },
  } as const;
  const refused: Looked = { kind: 'refused', code: 'server/credentials', message: 'wrong' };
  const { rows } = addBatchRequest.parse({ rows: [row(2), row(2)] });
  const decided = decideRows([refused, found], { rows, naming: undefined }, []);
  t.like(decided, [{ kind: 'refused' }, { kind: 'join', name: undefined }]);
});

test('a bad or taken name, or no account, costs its own row only, before anybody is changed', async (t) => {
  const rig = rigOf();
  const rows = [row(2, { name: 'a/b' }), row(3, { name: 'Office' }), row(4, { name: 'x'.repeat(33) }), row(5)];
  t.deepEqual(words(await rig.add({ rows })), ['server/name', 'server/name-taken', 'server/name', 'NAS 5']);
  t.deepEqual(rig.joined, ['192.0.2.5']);
  const mixed = [row(6), row(7, SHARED)];
  const batch = addBatchRequest.parse({ rows: mixed });
  t.deepEqual(words(await rig.batch(batch, 'anna')), ['server/no-account', 'NAS 7']);
});

test('a row has its own account; the lock goes with every row', async (t) => {
  const rig = rigOf();
  await rig.add({ rows: [row(2), row(3, { username: 'otto', password: 'other' })], lock: true });
  t.like(rig.asks, [
    { username: 'olga', password: 'secret', lock: true },
    { username: 'otto', password: 'other', lock: true },
  ]);
});

test('a defect in one row ends that row', async (t) => {
  const rig = rigOf(() => 'defect');
  t.deepEqual(words(await rig.add({ rows: [row(2)], naming: { kind: 'model' } })), ['server/failed']);
  t.is(rig.members.size, 0);
});

test('only a host names and locks', async (t) => {
  const rig = rigOf(undefined, { isHost: () => false });
  t.deepEqual(words(await rig.add({ rows: [row(2)] })), ['NAS 2']);
  for (const more of [{ naming: { kind: 'model' } }, { lock: true }, { rows: [row(2, { name: 'x' })] }])
    await t.throwsAsync(rig.add({ rows: [row(2)], ...more }), { message: /Only a host/ });
});

test('two batches at once would give out one name twice: the second is told to wait', async (t) => {
  const rig = rigOf();
  const first = rig.add({ rows: [row(2)] });
  await t.throwsAsync(rig.add({ rows: [row(3)] }), { message: /try again/ });
  await first;
  t.deepEqual(words(await rig.add({ rows: [row(3)] })), ['NAS 3']);
});

test('whatever fails wherever: each row is either a member under its name, or gone and told why', async (t) => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = createRandom(seed);
    const faults = new Map<string, Fault | undefined>();
    const rows = Array.from({ length: random.int(1, 40) }, () => {
      const one = row(random.int(2, 30), random.chance(0.2) ? { name: random.pick(['A', 'B', 'Office', '-x']) } : {});
      faults.set(one.host, random.pick([undefined, undefined, 'look', 'join'] as const));
      return one;
    });
    const rig = rigOf((host) => faults.get(host));
    const { rows: results } = await rig.add({
      rows,
      naming: { kind: random.pick(['model', 'model-number', 'custom']) },
    });
    const good = results.filter(({ ok }) => ok);
    t.deepEqual(
      new Map(good.map(({ serverId = '', name = '' }) => [serverId, name])),
      new Map([...rig.members].toSorted((a, b) => order(good, a[0]) - order(good, b[0]))),
      `seed ${seed}`,
    );
    t.is(new Set(['Office', ...rig.members.values()]).size, rig.members.size + 1, `seed ${seed}`);
    t.true(results.every(({ ok, code, message }) => ok || (code !== undefined && message !== undefined)));
  }
});
const order = (rows: BatchResult['rows'], id: string): number => rows.findIndex(({ serverId }) => serverId === id);
