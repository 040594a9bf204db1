import test from 'ava';
import { createReplacedSide, refuseReplaced } from '../../src/control/replaced-side.ts';
import type { ReplacedSide } from '../../src/control/replaced-side.ts';
import { createRandom } from '../support/seeded-random.ts';
import { cameraOf, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

const WATCHER = serverIdOf(2);
const BY = { id: WATCHER, name: 'Hall', at: 1_700_000_000_000 };

function set(): {
  side: ReplacedSide;
  settings: MemorySettings;
  codes: string[];
  forgot: string[];
  secrets: Map<string, string>;
} {
  const peers = [peerOf(2, { watcher: true, mode: 'failover' }), peerOf(3)];
  const cameras = [cameraOf('cam-1'), cameraOf('cam-2')];
  const licences = { licences: [{ text: 'a licence', addedAt: 1 }], latest: 5 };
  const settings = memorySettings({ mode: 'recording', peers, cameras, licences });
  const codes: string[] = [];
  const forgot: string[] = [];
  const secrets = new Map([['camera:cam-1', 'secret']]);
  const side = createReplacedSide({
    settings: {
      ...settings,
      secrets: {
        get: (name) => secrets.get(name),
        set: async (changes) => {
          for (const [name, value] of changes) if (value === undefined) secrets.delete(name);
          return await Promise.resolve();
        },
      },
    },
    sayForget: async (id) => {
      forgot.push(id);
      if (id !== WATCHER) throw new Error('it is away');
      return await Promise.resolve();
    },
    forgotten: () => void forgot.push('all'),
    activity: { record: ({ code }) => void codes.push(code) },
  });
  return { side, settings, codes, secrets, forgot };
}

test('whoever protects a server may say that it was replaced; that is kept and told', async (t) => {
  const { side, settings, codes } = set();
  t.deepEqual(side.healthItems(), []);
  await side.take(WATCHER, BY);
  await side.take(WATCHER, { ...BY, at: BY.at + 5 });
  t.deepEqual(settings.server.get().replacedBy, BY);
  t.deepEqual(codes, ['replaced'], 'the second time is nothing new');
  t.regex(side.healthItems()[0]?.message ?? '', /Hall .* took the place of this server on 2023-11-14/);
  t.is(settings.cameras.get().cameras.length, 2, 'its settings stay');
});

test('nobody else may, and no server takes its own place', async (t) => {
  const { side, settings } = set();
  for (const id of [serverIdOf(3), serverIdOf(9)])
    await t.throwsAsync(async () => await side.take(id, BY), { code: 'peer/not-yours' });
  await t.throwsAsync(async () => await side.take(WATCHER, { ...BY, id: OWN_ID }), { code: 'peer/params' });
  t.is(settings.server.get().replacedBy, undefined);
});

test('what is no message is refused, whatever it is', async (t) => {
  const { side, settings } = set();
  const random = createRandom(5);
  const junk: readonly unknown[] = [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { ...BY, more: 1 },
    { ...BY, name: '-' },
    { ...BY, id: 'x' },
  ];
  const more = Array.from({ length: 200 }, () =>
    Object.fromEntries(
      ['id', 'name', 'at'].map((key) => [key, random.chance(0.3) ? random.int(0, 9) : String(random.int(0, 9))]),
    ),
  );
  for (const params of [...junk, ...more])
    await t.throwsAsync(async () => await side.take(WATCHER, params), { code: 'peer/params' });
  t.is(settings.server.get().replacedBy, undefined);
});

test('the owner sets it up anew by its name: its cameras, their passwords and its licences are gone', async (t) => {
  const { side, settings, secrets, codes, forgot } = set();
  await t.throwsAsync(async () => await side.clear('Own', 'anna'), { code: 'replace/not-replaced' });
  await side.take(WATCHER, BY);
  for (const wrong of [undefined, '', 'Hall'])
    await t.throwsAsync(async () => await side.clear(wrong, 'anna'), { code: 'replace/not-confirmed' });
  t.is(settings.cameras.get().cameras.length, 2);
  t.is(settings.licences.get().licences.length, 1, 'until then nothing is thrown away');
  const steps: string[] = [];
  settings.licences.onChange(() => void steps.push('licences'));
  settings.server.onChange(() => void steps.push('begins anew'));
  await side.clear('Own', 'anna');
  t.deepEqual(steps, ['licences', 'begins anew'], 'whenever it ends in between, it is done when it is asked for again');
  t.like(settings.licences.get(), { licences: [], latest: 5 });
  t.deepEqual([settings.cameras.get().cameras, settings.server.get().replacedBy, [...secrets]], [[], undefined, []]);
  t.deepEqual(codes, ['replaced', 'replaced-cleared']);
  t.deepEqual([settings.peers.get().peers, forgot], [[], [WATCHER, serverIdOf(3), 'all']], 'nobody knows it any more');
});

test('nobody adds it anew before its owner has set it up anew', async (t) => {
  const { side, settings } = set();
  t.notThrows(() => refuseReplaced({ settings }));
  await side.take(WATCHER, BY);
  t.throws(() => refuseReplaced({ settings }), { code: 'server/replaced', message: /understudy replaced clear/ });
  await side.clear('Own', 'anna');
  t.notThrows(() => refuseReplaced({ settings }));
});
