/** `understudy failover`: the commands in processes of their own; who else is there does not matter. */
import test from 'ava';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';

test('failover settings are shown and changed without a host, with the tag of what was read', async (t) => {
  const changes: unknown[] = [];
  let now = failoverSettingsSchema.parse({});
  const { run } = await startCliBench(t, {
    failover: {
      settings: () => now,
      changeSettings: async (change, _user, check) => {
        // Somebody else, between reading and writing.
        if (change.hotSeconds === 50) now = { ...now, hotSeconds: 40 };
        check?.(now);
        changes.push(change);
        return await Promise.resolve(now);
      },
    },
  });
  t.regex((await run('failover', 'settings')).stdout, /^timeouts\.keepAlive +30$/m);
  t.is((await run('failover', 'settings', 'hotSeconds=45', 'timeouts.keepAlive=60')).code, 0);
  t.deepEqual(changes, [{ hotSeconds: 45, timeouts: { keepAlive: 60 } }]);
  const late = await run('failover', 'settings', 'hotSeconds=50');
  t.is(late.code, 1);
  t.regex(late.stderr, /Nothing was changed by this command: see what holds now, and run it again/);
  t.is(changes.length, 1);
});

test('the share for returned footage is named as a whole, and given up', async (t) => {
  const asked: unknown[] = [];
  let share: object | undefined;
  const { run, fileWith } = await startCliBench(t, {
    failover: {
      share: () => share as never,
      setShare: async (wanted) => {
        asked.push(wanted);
        const { password, ...rest } = wanted ?? {};
        share = wanted === undefined ? undefined : { ...rest, hasPassword: password !== undefined };
        await Promise.resolve();
      },
    },
  });
  const passwordFile = await fileWith('secret of the share\n');
  const parts = ['host=nas.example', 'share=42', 'username=jan', 'volumeId=v1', 'folder='];
  const named = await run('failover', 'return-share', ...parts, '--password-file', passwordFile);
  t.is(named.code, 0, named.stderr);
  t.regex(named.stdout, /^share +42$/m);
  t.false(named.stdout.includes('secret of the share'));
  t.like(asked[0], { host: 'nas.example', share: '42', username: 'jan', folder: '', password: 'secret of the share' });
  t.regex((await run('failover', 'return-share', '--none')).stdout, /^Footage is returned directly/);
  t.is(asked[1], undefined);
  const wrong = await understudy('failover', 'return-share', 'host=x', '--none');
  t.is(wrong.code, 2);
});
