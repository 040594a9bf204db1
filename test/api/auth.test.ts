/** What sessions and tokens write beside the answers. */
import test from 'ava';
import { hashOfSecret, startAuth, TOKEN_PREFIX } from '../../src/api/auth.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { openKeys } from '../../src/settings/keys.ts';
import { openSettings } from '../../src/settings/settings.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the note of a use is written to its end before it stops, and none is begun after', async (t) => {
  const log = createLog('error', () => undefined, Date.now);
  const dataDir = await tempDir(t, 'auth');
  const { secretsKey } = await openKeys({ dataDir, clock: systemClock, hosts: [] });
  const place = { dataDir, clock: systemClock, log, name: 'Test', mode: 'recording', secretsKey } as const;
  const { users, sessions } = await openSettings(place);
  const secret = `${TOKEN_PREFIX}of-a-script`;
  const token = { id: 'token', name: 'x', role: 'viewer', secretHash: hashOfSecret(secret), createdAt: 1 } as const;
  await users.update((file) => ({ ...file, tokens: [token] }));

  const disk = Promise.withResolvers<void>();
  let begun = 0;
  const update: typeof users.update = async (change) => {
    begun += 1;
    await disk.promise;
    return await users.update(change);
  };
  const auth = startAuth({ settings: { users: { ...users, update }, sessions }, clock: systemClock, log });
  const use = async () => await auth.authenticate({ cookie: undefined, authorization: `Bearer ${secret}` });

  t.is((await use()).kind, 'token');
  const stopped = auth.stop().then(() => users.get().tokens[0]?.lastUsedAt);
  await use();
  disk.resolve();
  t.truthy(await stopped, 'written by the time it has stopped');
  t.is(begun, 1);
});
