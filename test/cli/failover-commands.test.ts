/** Takeover, restore, drill, restoration, log and incidents by command, against an API whose other side is made up. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';
import { recordOf, reportWith } from '../support/incident-records.ts';
import { AT, knownServerOf, restorationOf, SERVER_ID, takeoverOf } from '../support/known-server.ts';

const servers = { list: () => [knownServerOf(), knownServerOf({ id: 'calm', name: 'Calm' })] };

test('a server is taken over by name, and what is not covered is told with its reason', async (t) => {
  const asked: string[] = [];
  const { run } = await startCliBench(t, {
    servers,
    failover: {
      takeOver: (id, user) => {
        asked.push(`${id} ${user}`);
        return takeoverOf();
      },
    },
  });
  const ran = await run('takeover', 'Hall');
  t.like(ran, { code: 0, stderr: '' });
  t.regex(ran.stdout, /^Hall is taken over: 1 of 2 cameras are recorded here \(incident-1\)\.$/m);
  t.regex(ran.stdout, /^Yard is not covered: not-covered-priority$/m);
  const json = await run('takeover', SERVER_ID, '--json');
  t.like(JSON.parse(json.stdout), { takeover: { id: 'incident-1', state: 'taken-over' } });
  t.deepEqual(asked, [`${SERVER_ID} script`, `${SERVER_ID} script`]);
});

test('restore takes the server or the takeover, and gives back the one that runs', async (t) => {
  const restored: string[] = [];
  const { run } = await startCliBench(t, {
    servers,
    failover: {
      takeovers: () => [takeoverOf({ id: 'incident-2' }), takeoverOf({ id: 'incident-1', state: 'ended' })],
      restore: (id) => {
        restored.push(id);
        if (id === 'incident-1') throw new UnderstudyError('conflict', 'takeover/not-back', 'Hall is not back.');
        return takeoverOf({ id, state: 'handing-over' });
      },
    },
  });
  const byName = await run('restore', 'hall');
  t.regex(byName.stdout, /^Hall gets its cameras back/);
  const byId = await run('restore', 'incident-1');
  t.is(byId.code, 1);
  t.regex(byId.stderr, /^understudy: Hall is not back\.$/m);
  t.deepEqual(restored, ['incident-2', 'incident-1']);
  const calm = await run('restore', 'Calm');
  t.is(calm.code, 1);
  t.regex(calm.stderr, /Calm is not covered/);
});

test('a drill is waited for; a camera that was not recorded makes the exit code 1', async (t) => {
  const running = { id: 'drill-1', serverId: SERVER_ID, startedAt: AT, cameras: [] };
  const door = { cameraId: 'cam-door', standbyLevel: 'warm' as const, firstFrameAfter: 2.21 };
  const yard = { cameraId: 'cam-yard', standbyLevel: 'cold' as const, problem: 'refuses a second session' };
  let looks = 0;
  let cameras: (typeof door | typeof yard)[] = [door, yard];
  const { run } = await startCliBench(t, {
    servers,
    failover: {
      plan: () => ({
        servers: [{ serverId: SERVER_ID, name: 'Hall', cameras: [plannedOf('cam-door', 'Front Door')] }],
      }),
      startDrill: () => running,
      drills: () => [(looks += 1) % 3 === 0 ? { ...running, endedAt: AT, cameras } : running],
    },
  });
  const failed = await run('drill', 'Hall');
  t.is(failed.code, 1);
  t.regex(failed.stdout, /^Front Door +warm +2\.2 s$/m);
  t.regex(failed.stdout, /^cam-yard +cold +none +refuses a second session$/m);
  t.regex(failed.stdout, /1 of 2 cameras of Hall could be recorded/);
  t.is(looks, 3);
  cameras = [door];
  const json = await run('drill', 'Hall', '--json');
  t.is(json.code, 0);
  t.like(JSON.parse(json.stdout), { drill: { id: 'drill-1', cameras: [{ firstFrameAfter: 2.21 }] } });
});

const plannedOf = (cameraId: string, name: string) =>
  ({ cameraId, name, priority: 'medium', standbyLevel: 'warm', recording: true }) as const;

test('a drill that the server has forgotten is not waited for', async (t) => {
  const { run } = await startCliBench(t, {
    servers,
    failover: {
      startDrill: () => ({ id: 'drill-1', serverId: SERVER_ID, startedAt: AT, cameras: [] }),
      drills: () => [],
    },
  });
  const ran = await run('drill', 'Hall');
  t.is(ran.code, 1);
  t.regex(ran.stderr, /knows nothing of the drill drill-1/);
});

test('restorations are listed with their progress; one that failed makes the exit code 1', async (t) => {
  let items = [restorationOf()];
  const { run } = await startCliBench(t, { failover: { restorations: () => items } });
  const going = await run('restoration');
  t.like(going, { code: 0, stderr: '' });
  t.regex(going.stdout, /^Hall +running +3 of 8 files +3\.0 MB of 8\.0 MB +1\.0 MB\/s +5 s left +restoration-1$/m);
  items = [restorationOf({ state: 'failed', message: 'no room' })];
  t.is((await run('restoration', 'list')).code, 1);
  items = [];
  t.is((await run('restoration', 'list')).stdout, 'No footage is on its way back.\n');
});

test('a restoration is stopped only with the name of its server', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    failover: {
      stopRestoration: async (id, confirm) => {
        asked.push([id, confirm]);
        if (confirm === 'Hall') return restorationOf({ state: 'stopped' });
        const message = '5 files with 50 s of footage would be lost. Type the name Hall to delete them.';
        throw new UnderstudyError('invalid', 'restoration/not-confirmed', message);
      },
    },
  });
  const refused = await run('restoration', 'stop', 'restoration-1');
  t.is(refused.code, 1);
  t.regex(refused.stderr, /5 files with 50 s of footage would be lost/);
  const stopped = await run('restoration', 'stop', 'restoration-1', '--confirm', 'Hall');
  t.is(stopped.stdout, 'The restoration for Hall was stopped; 3 of 8 files had been returned.\n');
  t.deepEqual(asked, [
    ['restoration-1', ''],
    ['restoration-1', 'Hall'],
  ]);
});

test('the log is shown newest first, filtered by the server', async (t) => {
  const { run, api } = await startCliBench(t);
  const text = await run('log', '--severity', 'info', '--code', 'token-made', '--limit', '1');
  t.like(text, { code: 0, stderr: '' });
  t.is(text.stdout.trimEnd().split('\n').length, 1);
  const { entries } = JSON.parse((await run('log', '--json')).stdout) as { entries: { id: string }[] };
  t.deepEqual(
    entries.map(({ id }) => id),
    api.entries.map(({ id }) => id).toReversed(),
  );
  for (const [args, words] of [
    [['log', '--severity', 'fatal'], /info, warning, error/],
    [['log', '--limit', '0'], /1 to 1000/],
    [['log', '--limit', '1e3'], /1 to 1000/],
  ] as const) {
    const wrong = await run(...args);
    t.is(wrong.code, 2);
    t.regex(wrong.stderr, words);
  }
});

const AT_TEN = Date.parse('2026-11-21T10:02:11.000Z');
const REPORT = reportWith(
  recordOf(
    AT_TEN,
    [
      ['cam-door', 'covered'],
      ['cam-dock', 'never'],
    ],
    'closed',
  ),
  { serverName: 'Hall', cameraOf: (id) => (id === 'cam-dock' ? { name: 'Dock', priority: 'never' } : undefined) },
);

test('incidents are listed, and one is told in full', async (t) => {
  const incident = {
    id: 'incident-1',
    serverId: SERVER_ID,
    serverName: 'Hall',
    by: { id: 'spare', name: 'Spare' },
    cause: 'disconnected',
    sentence: [],
    cameras: 2,
    coveredCameras: 1,
  };
  const { run } = await startCliBench(t, {
    failover: {
      incidents: async () =>
        await Promise.resolve([
          { ...incident, state: 'closed', summary: 's', startedAt: AT, endedAt: AT, missingSeconds: 2.2 },
        ]),
      incidentReport: async (id) => {
        if (id === 'incident-1') return await Promise.resolve(REPORT);
        throw new UnderstudyError('not-found', 'incident/unknown', `No incident has the id ${id}.`);
      },
    },
  });
  t.regex((await run('incidents')).stdout, /Hall +closed +disconnected .*2\.2 s missing +incident-1$/m);
  const told = await run('incidents', 'incident-1');
  t.regex(
    told.stdout,
    /^Hall: Hall stopped 10:02:11: its keep-alives stopped\. Hall-NAS covered 1 of 2 cameras from 10:02:12\. Restored 11:15:11, 100 % returned\. Missing: Dock, 01:13:00, priority Never; cam-door, 1\.0 s, service down\.$/m,
  );
  t.regex(told.stdout, /cam-door\/main .*1\.0 s later +74 files returned +missing: 1\.0 s service-down/);
  t.regex(told.stdout, /Dock\/main .*not recorded here .*missing: 4380\.4 s not-covered-priority/);
  t.deepEqual(JSON.parse((await run('incidents', 'incident-1', '--json')).stdout), REPORT);
  const unknown = await run('incidents', '../setup');
  t.is(unknown.code, 1);
  t.regex(unknown.stderr, /^understudy: No incident has the id \.\.\/setup/);
});

test('every command explains itself', async (t) => {
  const commands = ['mode', 'takeover', 'restore', 'drill', 'restoration stop', 'backup', 'log', 'incidents'];
  const all = [...commands, 'servers list', 'servers add', 'servers authorize', 'servers pair', 'servers remove'];
  for (const command of all) {
    const { code, stdout } = await understudy(...command.split(' '), '--help');
    t.is(code, 0);
    t.regex(stdout, /--token-file/, command);
    t.regex(stdout, /--json/, command);
  }
});
