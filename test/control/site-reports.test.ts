import test from 'ava';
import { startSiteReports } from '../../src/control/site-reports.ts';
import type { SiteReports } from '../../src/control/site-reports.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { MAX_CAMERAS } from '../../src/site/camera.ts';
import { memberReportSchema, MAX_UNREACHABLE } from '../../src/site/member-report.ts';
import { MAX_PEERS } from '../../src/site/peer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';

const camera = (id: string) => ({ id, name: id, priority: 'high', standbyLevel: 'hot', recording: true }) as const;
type Rig = {
  readonly reports: SiteReports;
  readonly clock: FakeClock;
  readonly asked: string[];
  members: string[];
  connected: string[];
  revision: string;
  answer: ((known: string | undefined) => unknown) | undefined;
  /** So many looks. */
  readonly pass: (seconds: number) => Promise<void>;
};
function rigOf(members: readonly string[]): Rig {
  const clock = createFakeClock();
  const asked: string[] = [];
  const rig = {
    members: [...members],
    connected: [...members],
    revision: 'r1',
    answer: undefined as Rig['answer'],
  };
  const reports = startSiteReports({
    clock,
    log: silentLog,
    members: () => rig.members,
    isConnected: (id) => rig.connected.includes(id),
    request: async (serverId, method, params) => {
      const { known } = params as { known?: string };
      asked.push(`${serverId} ${method}${known === undefined ? '' : ` ${known}`}`);
      if (rig.answer !== undefined) return await Promise.resolve(rig.answer(known));
      const cameras = known === rig.revision ? {} : { cameras: [camera(`${serverId}-${rig.revision}`)] };
      return await Promise.resolve({ revision: rig.revision, ...cameras, newer: 'than this release' });
    },
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1000);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  };
  return Object.assign(rig, { reports, clock, asked, pass });
}
const says = (settingsRevision: string) => ({ settingsRevision, covering: [] });

test('a member is asked at once when its settings changed, then less and less, at least once a minute', async (t) => {
  const rig = rigOf(['a']);
  await rig.pass(2);
  t.deepEqual(rig.asked, ['a site.report']);
  t.deepEqual(
    rig.reports.of('a').cameras?.map(({ id }) => id),
    ['a-r1'],
  );
  rig.reports.heard('a', says('r1'));
  await rig.pass(600);
  t.true(rig.asked.length >= 11 && rig.asked.length <= 15, `${rig.asked.length} times in ten minutes`);
  const { length } = rig.asked;
  rig.revision = 'r2';
  const before = rig.reports.version();
  rig.reports.heard('a', says('r2'));
  await rig.pass(2);
  t.deepEqual(rig.asked.slice(length), ['a site.report r1']);
  t.deepEqual(
    rig.reports.of('a').cameras?.map(({ id }) => id),
    ['a-r2'],
  );
  t.true(rig.reports.version() > before);
  await rig.pass(6);
  t.deepEqual(rig.asked.slice(length + 1), ['a site.report r2']);
  t.is(rig.reports.of('a').cameras?.length, 1, 'those of the same revision are not told again');
});

test('one that does not answer is asked again later, however often it is heard; others do not wait for it', async (t) => {
  const rig = rigOf(['a', 'b']);
  rig.answer = () => {
    throw new UnderstudyError('unavailable', 'peer/timeout', 'late');
  };
  for (let second = 0; second < 20; second += 1) {
    rig.reports.heard('a', says('r9'));
    await rig.pass(1);
  }
  t.is(rig.asked.filter((one) => one.startsWith('a')).length, 2);
  t.is(rig.reports.of('a').report, undefined);
  t.not(rig.reports.of('a').lastContactAt, undefined);
});

test('two hundred that connect at once are asked a few at a time', async (t) => {
  const rig = rigOf(Array.from({ length: 200 }, (_, index) => `s${index}`));
  let open = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  rig.answer = async () => {
    open += 1;
    most = Math.max(most, open);
    await new Promise<void>((done) => waiting.push(done));
    open -= 1;
    return { revision: 'r1', cameras: [] };
  };
  for (let second = 0; second < 60 && rig.asked.length < 200; second += 1) {
    await rig.pass(1);
    for (const done of waiting.splice(0)) done();
  }
  t.is(rig.asked.length, 200);
  t.true(most <= 8, `${most}`);
});

test('who is no member any more is forgotten, and who is away is not asked', async (t) => {
  const rig = rigOf(['a', 'b']);
  rig.connected = ['a'];
  await rig.pass(2);
  t.deepEqual(rig.asked, ['a site.report']);
  rig.members = ['b'];
  await rig.pass(1);
  t.is(rig.reports.of('a').cameras, undefined);
});

test('a report beyond its bounds counts as none', async (t) => {
  const rig = rigOf(['a']);
  const whole = {
    revision: 'r',
    failover: { shortagePolicy: 'by-name', oneServerAtATime: false, unreachable: [], protects: [] },
  };
  t.true(memberReportSchema.safeParse(whole).success);
  const many = <T>(length: number, one: T): T[] => Array.from({ length }, () => one);
  const odd: unknown[] = [
    undefined,
    'x',
    { revision: 7 },
    { revision: 'x'.repeat(129) },
    { revision: 'r', cameras: many(MAX_CAMERAS + 1, camera('c')) },
    { revision: 'r', cameras: [{ ...camera('c'), id: 'x'.repeat(65) }] },
    { ...whole, failover: { ...whole.failover, unreachable: many(MAX_UNREACHABLE + 1, 'c') } },
    { ...whole, failover: { ...whole.failover, protects: many(MAX_PEERS + 1, { serverId: 's', state: 'alive' }) } },
  ];
  for (const answer of odd) {
    rig.answer = () => answer;
    await rig.pass(16);
    t.is(rig.reports.of('a').report, undefined);
  }
  t.true(rig.asked.length >= odd.length);
});
